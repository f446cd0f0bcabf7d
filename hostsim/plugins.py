"""Which plug-ins there are, and why one is left out.

Plug-ins are found through the entry points of the group ``opter``. One that
does not fit is left out with a sentence; the others run on. Each is tried in
a plug-in manager of its own first, since pluggy can leave half of a plug-in
behind when it refuses it.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from types import MappingProxyType
from typing import Any, Self, cast

import pluggy

from hostsim import hookspecs, texts
from hostsim.answers import HostAnswers
from hostsim.errors import host_error
from hostsim.texts import Text

log = logging.getLogger(__name__)

#: Under this name the host itself stands in the plug-in manager.
HOST = "hostsim"

#: Only the host answers these: two answers to a batch would be one too many.
HOSTS_OWN = frozenset(
    {
        "opter_take_payments",
        "opter_take_left_out",
        "opter_take_gone",
        "opter_payments_to_confirm",
        "opter_known_invoices",
        "opter_open_window",
        "opter_state_get",
        "opter_state_put",
        "opter_secret_get",
        "opter_secret_put",
        "opter_lock",
    }
)


@dataclass(frozen=True, slots=True)
class Found:
    """A plug-in that was found; ``reason`` says why it was left out."""

    name: str
    distribution: str | None
    version: str | None
    reason: Text | None = None
    hooks: tuple[str, ...] = ()
    import_types: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        """How to name it so that it can be found: with its distribution."""
        return f"{self.name} ({self.distribution})" if self.distribution else self.name


class _Misfit(Exception):
    def __init__(self, reason: Text) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class _Trial:
    """What was learned about a plug-in before it is let in."""

    found: Found
    hooks: tuple[str, ...] = ()
    types: Sequence[hookspecs.ImportType] = field(default=())


class Plugins:
    """The plug-ins of a host, and the way to call the one that an import needs."""

    def __init__(self, manager_extra: Iterable[tuple[str, object]] = ()) -> None:
        """Take these plug-ins, given by name, and no others."""
        self.manager = _new_manager()
        self.answers = HostAnswers()
        self.manager.register(self.answers, name=HOST)
        self.loaded: tuple[Found, ...] = ()
        self.left_out: tuple[Found, ...] = ()
        self._types: dict[str, hookspecs.ImportType] = {}
        self._owners: dict[str, Found] = {}
        self._objects: dict[str, object] = {}
        for name, plugin in manager_extra:
            self._take_in(Found(name, None, None), functools.partial(_itself, plugin))

    @classmethod
    def load(cls, manager_extra: Iterable[tuple[str, object]] = ()) -> Self:
        """Find the plug-ins that are installed, in the order of their names."""
        plugins = cls(manager_extra)
        points = metadata.entry_points(group=hookspecs.PROJECT)
        for point in sorted(points, key=lambda point: (point.name, point.value)):
            distribution = point.dist
            plugins._take_in(
                Found(
                    point.name,
                    distribution.name if distribution else None,
                    distribution.version if distribution else None,
                ),
                point.load,
            )
        return plugins

    @property
    def import_types(self) -> Mapping[str, hookspecs.ImportType]:
        """The import types that can be chosen, by their code."""
        return MappingProxyType(self._types)

    def owner(self, import_type: str) -> Found:
        """Name the plug-in that registered an import type."""
        if import_type not in self._owners:
            known = ", ".join(sorted(self._owners)) or "–"
            raise host_error("IMPORT_TYPE_UNKNOWN", name=import_type, known=known)
        return self._owners[import_type]

    def call_owner(self, import_type: str, hook: str, /, **arguments: object) -> Any:
        """Call a hook in the plug-in of an import type alone.

        :return: its one answer; ``None`` where it does not answer the hook.
        """
        return self._call_one(self._objects[self.owner(import_type).name], hook, arguments)

    def listeners(self, *hooks: str) -> Iterator[tuple[str, Callable[..., Any]]]:
        """Give each plug-in that answers one of these hooks, and how to call a hook in it alone."""
        for found in self.loaded:
            if not set(hooks) & set(found.hooks):
                continue
            plugin = self._objects[found.name]

            yield found.name, functools.partial(self._call, plugin)

    def _call(self, plugin: object, hook: str, /, **arguments: object) -> Any:
        return self._call_one(plugin, hook, arguments)

    def _call_one(self, plugin: object, hook: str, arguments: Mapping[str, object]) -> Any:
        others = [other for other in self.manager.get_plugins() if other is not plugin]
        answers = self.manager.subset_hook_caller(hook, others)(**arguments)
        return answers[0] if answers else None

    # --- Finding out whether a plug-in fits ---

    def _take_in(self, found: Found, load: Callable[[], object]) -> None:
        try:
            plugin = _loaded(load)
            trial = self._tried(found, plugin)
            self._register(trial, plugin)
        except _Misfit as misfit:
            log.warning("plug-in %s is left out: %s", found.called, misfit.reason.en)
            self.left_out += (_with(found, reason=misfit.reason),)

    def _tried(self, found: Found, plugin: object) -> _Trial:
        if isinstance(plugin, type):
            raise _Misfit(texts.is_a_class())
        _refuse_unhashable(plugin)
        scratch = _new_manager()
        for hook, implementation in _marked(scratch, plugin):
            _refuse_unfit(scratch, hook, implementation)
        try:
            scratch.register(plugin, name=found.name)
            scratch.check_pending()
        except (pluggy.PluginValidationError, ValueError) as error:
            raise _Misfit(texts.not_registered(_first_line(error))) from error
        callers = scratch.get_hookcallers(plugin) or []
        hooks = tuple(sorted(caller.name for caller in callers))
        if not hooks:
            raise _Misfit(texts.no_hook(_other_projects(plugin)))
        types = _import_types(scratch) if "opter_import_types" in hooks else ()
        return _Trial(found, hooks, types)

    def _register(self, trial: _Trial, plugin: object) -> None:
        codes = [import_type.code for import_type in trial.types]
        for code in codes:
            if code in self._owners:
                other = self._owners[code].called
                raise _Misfit(texts.import_type_taken(code, trial.found.called, other))
        found = _with(
            trial.found,
            name=self._free_name(trial.found),
            hooks=trial.hooks,
            import_types=tuple(codes),
        )
        try:
            self.manager.register(plugin, name=found.name)
        except (pluggy.PluginValidationError, ValueError) as error:
            # Only a plug-in that this call put there may be taken out again.
            if self.manager.get_plugin(found.name) is plugin and plugin not in self._all():
                self.manager.unregister(plugin)
            raise _Misfit(texts.not_registered(_first_line(error))) from error
        self.loaded += (found,)
        self._objects[found.name] = plugin
        for import_type in trial.types:
            self._types[import_type.code] = import_type
            self._owners[import_type.code] = found

    def _all(self) -> list[object]:
        return list(self._objects.values())

    def _free_name(self, found: Found) -> str:
        if not self.manager.has_plugin(found.name):
            return found.name
        return f"{found.distribution or 'extra'}:{found.name}"


def _new_manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def _with(found: Found, **values: Any) -> Found:
    return Found(**{slot: getattr(found, slot) for slot in Found.__slots__} | values)


def _itself(plugin: object) -> object:
    return plugin


def _loaded(load: Callable[[], object]) -> object:
    try:
        return load()
    except (Exception, SystemExit) as error:
        raise _Misfit(texts.not_importable(type(error).__name__)) from error


def _refuse_unhashable(plugin: object) -> None:
    # pluggy puts plug-ins into sets, so that one such object breaks calls to all others.
    try:
        hash(plugin)
    except TypeError as error:
        raise _Misfit(texts.is_unhashable()) from error


def _marked(manager: pluggy.PluginManager, plugin: object) -> Iterator[tuple[str, Any]]:
    """Give the functions of a plug-in that are marked as hooks of our project."""
    for name in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, name)
        if options is None:
            continue
        optional = options.get("optionalhook", False)
        hook = options.get("specname") or name
        if optional and not hasattr(hookspecs, hook):
            continue
        yield hook, getattr(plugin, name)


def _refuse_unfit(manager: pluggy.PluginManager, hook: str, implementation: Any) -> None:
    caller = getattr(manager.hook, hook, None)
    if caller is None:
        hooks = [name for name in vars(manager.hook) if name.startswith(hookspecs.PROJECT)]
        similar = difflib.get_close_matches(hook, hooks, n=1)
        raise _Misfit(texts.unknown_hook(hook, similar[0] if similar else None))
    if hook in HOSTS_OWN:
        raise _Misfit(texts.hosts_own_hook(hook))
    asked = {
        parameter.name
        for parameter in inspect.signature(implementation).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind in {parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD}
    }
    unknown = asked - set(caller.spec.argnames)
    if unknown:
        raise _Misfit(texts.unknown_argument(hook, unknown))


def _other_projects(plugin: object) -> set[str]:
    """Name the projects whose pluggy markers the plug-in's functions carry."""
    projects = set()
    for name in dir(plugin):
        marks = getattr(getattr(plugin, name, None), "__dict__", {})
        if isinstance(marks, Mapping):
            projects |= {
                mark.removesuffix("_impl")
                for mark, value in marks.items()
                if mark.endswith("_impl") and isinstance(value, Mapping)
            }
    return projects - {hookspecs.PROJECT}


def _import_types(manager: pluggy.PluginManager) -> Sequence[hookspecs.ImportType]:
    try:
        answers = manager.hook.opter_import_types()
        types = [import_type for answer in answers for import_type in answer]
        fine = all(_is_import_type(import_type) for import_type in types)
    except Exception as error:
        raise _Misfit(texts.import_types_wrong(type(error).__name__)) from error
    if not fine or len({import_type.code for import_type in types}) != len(types):
        raise _Misfit(texts.import_types_wrong("code, formats, label"))
    return cast("Sequence[hookspecs.ImportType]", types)


def _is_import_type(value: Any) -> bool:
    words = [value.code, value.label.sv, value.label.en, *value.formats]
    return bool(value.code and value.formats) and all(isinstance(word, str) for word in words)


def _first_line(error: BaseException) -> str:
    # pluggy's messages go on with addresses of functions.
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__

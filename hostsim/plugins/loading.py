"""Loads the plug-ins, and rejects with a reason those that do not fit.

Plug-ins are found through the entry points of the group ``opter``. One that does not
fit is rejected; the others are used. Each is first registered in a plug-in manager of
its own, since pluggy can leave a plug-in partially registered when it refuses it. A
module that never returns, or that ends the whole process, cannot be handled: such a
plug-in is switched off by name, and is then not imported at all.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import inspect
import logging
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType, ModuleType
from typing import Any, Final, Self

import pluggy

from hostsim.errors import host_error
from hostsim.messages import plugins as plugins_messages
from hostsim.messages.text import Template
from hostsim.plugins import discovery
from hostsim.plugins.discovery import Installed, Off
from hostsim.plugins.host_hooks import ANSWERED, HostHooks
from opter_contract import PROJECT, export_hooks
from opter_contract import hooks as import_hooks
from opter_contract.export_values import SUBJECTS, ExportType
from opter_contract.programs import signals
from opter_contract.values import ImportType, Text
from opter_contract.version import CONTRACT_VERSION, Mismatch, mismatch, required_version

log = logging.getLogger(__name__)

#: The name of the host itself in the plug-in manager.
HOST = "hostsim"

#: Only the host answers these: two answers to a batch would be one too many. Others may
#: show progress, too.
HOSTS_OWN = ANSWERED - {"opter_progress"}


@dataclass(frozen=True, slots=True)
class FoundPlugin:
    """A plug-in that was found; ``reason`` says why it is not in use.

    ``state`` is ``active``, ``left-out``, ``off`` (a person switched it off), ``not-allowed``
    (``HOSTSIM_PLUGINS_ONLY`` allows others alone) or ``elsewhere`` (its entry point is in a
    group that only looks like ours).
    ``contract`` is the version that it needs, where it says one that can be read.
    """

    name: str
    distribution: str | None
    version: str | None
    reason: Text | None = None
    hooks: tuple[str, ...] = ()
    import_types: tuple[str, ...] = ()
    export_types: tuple[tuple[str, str], ...] = ()  # code and subject
    state: str = "active"
    contract: str | None = None

    @classmethod
    def of(cls, point: Installed, reason: Text | None = None, state: str = "active") -> Self:
        """Return what is known of an entry point without loading it."""
        return cls(point.name, point.distribution, point.version, reason, state=state)

    @property
    def is_off(self) -> bool:
        """Whether a person decided so, and not how it is made."""
        return self.state in {"off", "not-allowed"}

    @property
    def full_name(self) -> str:
        return discovery.with_distribution(self.name, self.distribution)


_WRONG_CONTRACT: Final[Mapping[Mismatch, Template]] = {
    Mismatch.UNREADABLE: plugins_messages.CONTRACT_UNREADABLE,
    Mismatch.PLUGIN_TOO_OLD: plugins_messages.CONTRACT_TOO_OLD,
    Mismatch.PLUGIN_TOO_NEW: plugins_messages.CONTRACT_TOO_NEW,
}


class _Rejected(Exception):
    def __init__(self, reason: Text) -> None:
        super().__init__(reason)
        self.reason = reason


_NONE = Off()


class Plugins:
    """The plug-ins of a host; calls the one that an import needs."""

    def __init__(self, manager_extra: Iterable[tuple[str, object]] = ()) -> None:
        self.manager = _new_manager()
        self.host_hooks = HostHooks()
        self.manager.register(self.host_hooks, name=HOST)
        self.loaded: tuple[FoundPlugin, ...] = ()
        self.excluded: tuple[FoundPlugin, ...] = ()
        self._types: dict[str, ImportType] = {}
        self._export_types: dict[tuple[str, str], ExportType] = {}
        # By code, and by the subject of an export type; "" for an import type.
        self._owners: dict[tuple[str, str], FoundPlugin] = {}
        self._objects: dict[str, object] = {}
        for name, plugin in manager_extra:
            self._add(FoundPlugin(name, None, None), lambda plugin=plugin: plugin)  # type: ignore[misc]

    @classmethod
    def load(cls, manager_extra: Iterable[tuple[str, object]] = (), *, off: Off = _NONE) -> Self:
        """Find the plug-ins that are installed, in the order of their names.

        :param off: which are switched off; nothing of them is imported.
        """
        plugins = cls(manager_extra)
        for point in discovery.installed():
            reason = off.why(point)
            if reason is not None:
                state = "not-allowed" if off.forbids(point) else "off"
                plugins.excluded += (FoundPlugin.of(point, reason, state),)
                continue
            plugins._add(FoundPlugin.of(point), point.load)
        return plugins

    @property
    def import_types(self) -> Mapping[str, ImportType]:
        """The import types that can be chosen, by their code."""
        return MappingProxyType(self._types)

    @property
    def export_types(self) -> Mapping[tuple[str, str], ExportType]:
        """The export types that can be chosen, by their code and subject."""
        return MappingProxyType(self._export_types)

    def owner(self, code: str, subject: str = "") -> FoundPlugin:
        """Return the plug-in that registered an import type, or an export type of a subject."""
        found = self._owners.get((code, subject))
        if found is not None:
            return found
        off = ", ".join(found.name for found in self.excluded if found.is_off)
        if off:
            raise host_error(
                "EXPORT_TYPE_OFF" if subject else "IMPORT_TYPE_OFF", name=code, off=off
            )
        known = (
            ", ".join(sorted(type_code for type_code, owned in self._owners if owned == subject))
            or "–"
        )
        if subject:
            raise host_error("EXPORT_TYPE_UNKNOWN", name=code, subject=subject, known=known)
        raise host_error("IMPORT_TYPE_UNKNOWN", name=code, known=known)

    def call_owner(self, code: str, hook: str, subject: str = "", /, **arguments: object) -> Any:
        """Call a hook in the plug-in of an import type, or of an export type, alone.

        :return: its one answer; ``None`` if it does not answer the hook.
        """
        return self._call(self._objects[self.owner(code, subject).name], hook, **arguments)

    def listeners(self, *hooks: str) -> Iterator[tuple[str, Callable[..., Any]]]:
        """Return the name of each plug-in with one of these hooks, and how to call a hook in it."""
        for plugin in self.loaded:
            if set(hooks) & set(plugin.hooks):
                yield plugin.name, functools.partial(self._call, self._objects[plugin.name])

    def _call(self, plugin: object, hook: str, /, **arguments: object) -> Any:
        others = [other for other in self.manager.get_plugins() if other is not plugin]
        answers = self.manager.subset_hook_caller(hook, others)(**arguments)
        return answers[0] if answers else None

    # --- Whether a plug-in fits ---

    def _add(self, found: FoundPlugin, load: Callable[[], object]) -> None:
        try:
            if self.manager.has_plugin(found.name):
                raise _Rejected(
                    plugins_messages.NAME_TAKEN(
                        name=found.name,
                        plugin=found.full_name,
                        other=self._full_name(found.name),
                    )
                )
            with _rejecting(plugins_messages.NOT_IMPORTABLE), _silence_output(found):
                plugin = load()
            needed = required_version(plugin)
            if mismatch(needed) is not Mismatch.UNREADABLE:
                found = replace(found, contract=str(needed))
            self._register(*self._examine(found, plugin), plugin)
        except _Rejected as rejected:
            log.warning("plug-in %s is rejected: %s", found.full_name, rejected.reason.en)
            self.excluded += (replace(found, reason=rejected.reason, state="left-out"),)

    def _examine(
        self, found: FoundPlugin, plugin: object
    ) -> tuple[FoundPlugin, Sequence[ImportType], Sequence[ExportType]]:
        with _rejecting(plugins_messages.NOT_EXAMINED):
            self._refuse_indistinct(found, plugin)
            scratch = _new_manager()
            hooks = _hooks(scratch, found, plugin)
        if not hooks:
            raise _Rejected(_why_no_hook(plugin))
        with _rejecting(plugins_messages.NOT_EXAMINED):
            _refuse_unmarked(scratch, plugin)
        imports = _import_types(scratch, found) if "opter_import_types" in hooks else ()
        exports = _export_types(scratch, found) if "opter_export_types" in hooks else ()
        found = replace(
            found,
            hooks=hooks,
            import_types=tuple(import_type.code for import_type in imports),
            export_types=tuple((export_type.code, export_type.subject) for export_type in exports),
        )
        return found, imports, exports

    def _refuse_indistinct(self, found: FoundPlugin, plugin: object) -> None:
        """Reject what pluggy would mistake for another plug-in, or cannot put into a set."""
        if isinstance(plugin, type):
            raise _Rejected(plugins_messages.IS_A_CLASS)
        needed = required_version(plugin)
        if (wrong := mismatch(needed)) is not None:
            values = {"needed": needed, "kind": type(needed).__name__, "host": CONTRACT_VERSION}
            raise _Rejected(_WRONG_CONTRACT[wrong](**values))
        try:
            hash(plugin)
        except TypeError as error:
            # pluggy puts plug-ins into sets, so that one such object breaks calls to all others.
            raise _Rejected(plugins_messages.IS_UNHASHABLE) from error
        for name, other in self.manager.list_name_plugin():
            if plugin is other or plugin == other or other == plugin:
                raise _Rejected(
                    plugins_messages.EQUALS_ANOTHER(
                        plugin=found.full_name, other=self._full_name(name)
                    )
                )

    def _full_name(self, name: str) -> str:
        return next((found.full_name for found in self.loaded if found.name == name), name)

    def _register(
        self,
        found: FoundPlugin,
        imports: Sequence[ImportType],
        exports: Sequence[ExportType],
        plugin: object,
    ) -> None:
        owned = [(code, "") for code in found.import_types] + [*found.export_types]
        for code, subject in owned:
            if (other := self._owners.get((code, subject))) is not None:
                taken = (
                    plugins_messages.EXPORT_TYPE_TAKEN
                    if subject
                    else plugins_messages.IMPORT_TYPE_TAKEN
                )
                raise _Rejected(taken(code=code, plugin=found.full_name, other=other.full_name))
        try:
            with _rejecting(plugins_messages.NOT_REGISTERED):
                self.manager.register(plugin, name=found.name)
        except BaseException:
            # The name was free and the object new, so this one was partially registered.
            if self.manager.get_plugin(found.name) is plugin:
                self.manager.unregister(plugin)
            raise
        self.loaded += (found,)
        self._objects[found.name] = plugin
        self._types.update({import_type.code: import_type for import_type in imports})
        self._export_types.update(
            {(export_type.code, export_type.subject): export_type for export_type in exports}
        )
        self._owners.update(dict.fromkeys(owned, found))


def _new_manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(import_hooks)
    manager.add_hookspecs(export_hooks)
    return manager


def _specification_of(hook: str) -> object:
    return getattr(import_hooks, hook, None) or getattr(export_hooks, hook, None)


@contextlib.contextmanager
def _rejecting(reason: Template) -> Iterator[None]:
    """Reject a plug-in whatever it raises; only a real Ctrl-C ends the program."""
    try:
        yield
    except _Rejected:
        raise
    except pluggy.PluginValidationError as error:
        raise _Rejected(reason(error=_first_line(error))) from error
    except BaseException as error:
        if signals.is_told(error):
            raise
        # The type alone: the message could hold anything.
        raise _Rejected(reason(error=type(error).__name__)) from error


@contextlib.contextmanager
def _silence_output(found: FoundPlugin) -> Iterator[None]:
    """Keep what a plug-in prints, and its warnings, out of the output of a command."""
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(sys.stderr):
        yield
    for warning in caught:
        log.info("plug-in %s warns while it loads: %s", found.full_name, warning.category.__name__)


def _hooks(manager: pluggy.PluginManager, found: FoundPlugin, plugin: object) -> tuple[str, ...]:
    """Register a plug-in in a manager of its own; return the hooks that it implements."""
    for hook, implementation in _marked_hooks(manager, plugin):
        _refuse_unfit(manager, hook, implementation)
    with _rejecting(plugins_messages.NOT_REGISTERED):
        manager.register(plugin, name=found.name)
        manager.check_pending()
    callers = manager.get_hookcallers(plugin) or []
    return tuple(sorted(caller.name for caller in callers if caller.has_spec()))


def _marked_hooks(manager: pluggy.PluginManager, plugin: object) -> Iterator[tuple[str, Any]]:
    """Return the functions of a plug-in that are marked as hooks of our project."""
    for name in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, name)
        if options is None:
            continue
        optional = options.get("optionalhook", False)
        hook = options.get("specname") or name
        if optional and _specification_of(hook) is None:
            continue
        yield hook, getattr(plugin, name)


def _refuse_unfit(manager: pluggy.PluginManager, hook: str, implementation: Any) -> None:
    caller = getattr(manager.hook, hook, None)
    if caller is None:
        hooks = [name for name in vars(manager.hook) if name.startswith(PROJECT)]
        for similar in difflib.get_close_matches(hook, hooks, n=1):
            raise _Rejected(plugins_messages.MISSPELLED_HOOK(hook=hook, similar=similar))
        raise _Rejected(plugins_messages.UNKNOWN_HOOK(hook=hook))
    if hook in HOSTS_OWN:
        raise _Rejected(plugins_messages.HOSTS_OWN_HOOK(hook=hook))
    required = {
        parameter.name
        for parameter in inspect.signature(implementation).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind in {parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD}
    }
    unknown = required - set(caller.spec.argnames)
    if unknown:
        raise _Rejected(
            plugins_messages.UNKNOWN_ARGUMENT(hook=hook, arguments=_join_names(unknown))
        )


def _why_no_hook(plugin: object) -> Text:
    projects = {project for name in dir(plugin) for project in _projects(plugin, name)}
    named = any(_specification_of(name) for name in dir(plugin) if name.startswith("opter_"))
    if projects or named or isinstance(plugin, ModuleType):
        foreign = _join_names(projects - {PROJECT})
        if foreign:
            return plugins_messages.NO_HOOK_OF_OURS(projects=foreign)
        return plugins_messages.NO_HOOK
    return plugins_messages.NO_PLUGIN(kind=type(plugin).__name__)


def _join_names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _refuse_unmarked(manager: pluggy.PluginManager, plugin: object) -> None:
    """Reject a hook that pluggy silently ignores: unmarked, or marked for another project."""
    for name in dir(plugin):
        if not name.startswith(f"{PROJECT}_") or not callable(getattr(plugin, name)):
            continue
        projects = _projects(plugin, name)
        is_hook = inspect.isfunction(_specification_of(name))
        if (is_hook or projects) and manager.parse_hookimpl_opts(plugin, name) is None:
            sentence = (
                plugins_messages.HOOK_OF_OTHERS if projects else plugins_messages.UNMARKED_HOOK
            )
            raise _Rejected(sentence(hook=name, projects=_join_names(projects)))


def _projects(plugin: object, name: str) -> set[str]:
    """Return the projects whose pluggy markers a function of the plug-in carries."""
    marks = getattr(getattr(plugin, name, None), "__dict__", {})
    if not isinstance(marks, Mapping):
        return set()
    return {
        mark.removesuffix("_impl")
        for mark, value in marks.items()
        if isinstance(mark, str) and mark.endswith("_impl") and isinstance(value, Mapping)
    }


def _import_types(manager: pluggy.PluginManager, found: FoundPlugin) -> Sequence[ImportType]:
    reason = plugins_messages.IMPORT_TYPES_INVALID
    with _rejecting(reason), _silence_output(found):
        # Copies, so that they cannot change.
        types = [
            ImportType(value.code, _as_tuple(value.formats), Text(value.label.sv, value.label.en))
            for value in _listed(manager.hook.opter_import_types(), reason)
        ]
        valid = all(one.formats and _are_words(one.code, *one.formats, *one.label) for one in types)
        if not valid or len({one.code for one in types}) != len(types):
            raise _Rejected(reason(error="code, formats, label"))
    return types


def _listed(answers: Sequence[Any], reason: Template) -> Iterable[Any]:
    """Return the types that the only plug-in lists; pluggy drops an answer of ``None``."""
    answer: Any = answers[0] if answers else None
    if isinstance(answer, str | bytes) or not hasattr(answer, "__len__"):
        raise _Rejected(reason(error=type(answer).__name__))
    types: Iterable[Any] = answer
    return types


def _as_tuple(formats: Iterable[str]) -> tuple[str, ...]:
    return () if isinstance(formats, str) else tuple(formats)


def _export_types(manager: pluggy.PluginManager, found: FoundPlugin) -> Sequence[ExportType]:
    reason = plugins_messages.EXPORT_TYPES_INVALID
    with _rejecting(reason), _silence_output(found):
        types = [
            ExportType(value.code, value.subject, Text(value.label.sv, value.label.en))
            for value in _listed(manager.hook.opter_export_types(), reason)
        ]
        valid = all(one.subject in SUBJECTS and _are_words(one.code, *one.label) for one in types)
        if not valid or len({(one.code, one.subject) for one in types}) != len(types):
            raise _Rejected(reason(error="code, subject, label"))
    return types


def _are_words(*words: object) -> bool:
    return all(isinstance(word, str) and word.strip() and word.isprintable() for word in words)


def _first_line(error: BaseException) -> str:
    # pluggy's messages go on with addresses of functions.
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__

"""Which plug-ins are installed, and which of them are switched off.

Nothing of a plug-in is imported here: a name can be switched off although its
module fails, ends the program or never returns.
"""

from __future__ import annotations

import difflib
import logging
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata

from hostsim.errors import host_error
from hostsim.messages import plugins as plugins_messages
from hostsim.storage.store import Store
from opter_contract import PROJECT
from opter_contract.values import Text

log = logging.getLogger(__name__)

#: Switches plug-ins off, by name with commas between or ``all``, whatever the database says.
VARIABLE = "HOSTSIM_PLUGINS_OFF"

#: Allows plug-ins by their distributions, with commas between; without it all that are installed.
ONLY = "HOSTSIM_PLUGINS_ONLY"

#: The module of the plug-in that comes with the host; ``HOSTSIM_SMTP`` governs it.
_MAIL = "hostsim.plugins.mail"

#: Every plug-in, also one that is installed later.
ALL = "all"

#: From this similarity on, the name of a group is taken for a misspelled one of ours.
_MIN_SIMILARITY = 0.85


@dataclass(frozen=True, slots=True)
class Installed:
    """An entry point, not loaded; the distribution is ``None`` if it is unknown."""

    name: str
    group: str
    value: str
    distribution: str | None
    version: str | None
    load: Callable[[], object]

    @property
    def names(self) -> frozenset[str]:
        """Its names: its own, and ``distribution:name`` for where two share a name."""
        return frozenset({self.name, f"{self.distribution}:{self.name}"})

    @property
    def full_name(self) -> str:
        return with_distribution(self.name, self.distribution)


def with_distribution(name: str, distribution: str | None) -> str:
    return f"{name} ({distribution})" if distribution else name


def installed() -> Sequence[Installed]:
    """Find the plug-ins that are installed, in the order of their names."""
    points: Iterable[metadata.EntryPoint]
    try:
        points = metadata.entry_points(group=PROJECT)
    except Exception as error:  # noqa: BLE001 whatever one package wrote into its own file
        log.warning("the list of a package cannot be read: %s", type(error).__name__)
        points = [point for point in _entry_points_by_package() if point.group == PROJECT]
    return _as_installed([*points, *_bundled()])


def _bundled() -> Iterator[metadata.EntryPoint]:
    """Return the plug-ins that come with the host, where the environment asks for them."""
    if os.environ.get("HOSTSIM_SMTP", "").strip():
        yield metadata.EntryPoint("mail", _MAIL, PROJECT)


def elsewhere() -> Sequence[Installed]:
    """Find entry points in groups whose names look like ours but are not.

    No host loads them or reports them: this is the only sign of the misspelling.
    """
    return _as_installed(
        point for point in _entry_points_by_package() if _resembles_ours(point.group)
    )


def _entry_points_by_package() -> Iterator[metadata.EntryPoint]:
    """Return the entry points of every package whose own list can be read."""
    names = set()
    for name, _, points in _distributions():
        if name not in names:
            # The first on the path is the one that Python imports.
            names.add(name)
            yield from points


def _distributions() -> Iterator[tuple[str, str, Sequence[metadata.EntryPoint]]]:
    """Return the normalized name, the folder and the entry points of every readable package."""
    for distribution in metadata.distributions():
        try:
            name = _normalized(distribution.name)
            points = list(distribution.entry_points)
            yield name, str(distribution.locate_file("")), points
        except Exception as error:  # noqa: BLE001 whatever one package wrote into its own file
            log.debug("a package was skipped: %s", type(error).__name__)


def _as_installed(points: Iterable[metadata.EntryPoint]) -> Sequence[Installed]:
    plugins = [
        Installed(p.name, p.group, p.value, *_name_and_version(p.dist), p.load) for p in points
    ]
    return sorted(
        plugins, key=lambda plugin: (plugin.name, plugin.distribution or "", plugin.value)
    )


def _name_and_version(distribution: metadata.Distribution | None) -> tuple[str | None, str | None]:
    if distribution is None:
        return None, None
    try:
        return distribution.name, distribution.version
    except Exception:  # noqa: BLE001 a package without a readable description still has a plug-in
        return None, None


def _resembles_ours(group: str) -> bool:
    letters = re.sub(r"[^a-z]", "", group.lower())
    if group == PROJECT or not letters.startswith(PROJECT[0]):
        return False
    meant = [PROJECT + ending for ending in ("", "erp", "hook", "hooks", "plugin", "plugins")]
    return bool(difflib.get_close_matches(letters, meant, n=1, cutoff=_MIN_SIMILARITY))


# --- Switched off -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Off:
    """The names that are switched off, by where that is stored, and what is allowed at all.

    ``only`` are the normalized names of distributions; ``None`` allows every one.
    """

    stored: frozenset[str] = frozenset()
    environment: frozenset[str] = frozenset()
    only: frozenset[str] | None = None

    def forbids(self, point: Installed) -> bool:
        """Return whether a plug-in's distribution is not among those that are allowed."""
        bundled = point.distribution is None and point.value == _MAIL
        return not (
            self.only is None or bundled or _normalized(point.distribution or "") in self.only
        )

    def why(self, point: Installed) -> Text | None:
        """Return why a plug-in is not loaded, and how to switch it on; ``None`` if it is on."""
        if self.forbids(point):
            return plugins_messages.NOT_ALLOWED(variable=ONLY, name=point.distribution or "–")
        names = point.names | {ALL}
        if names & self.environment:
            return plugins_messages.SWITCHED_OFF_BY(variable=VARIABLE)
        off = names & self.stored
        return plugins_messages.SWITCHED_OFF(name=point.name) if off else None


def off(store: Store | None) -> Off:
    """Return what is switched off, in the database and in the environment.

    :param store: the host's database, where there is one.
    :raises HostError: ``PLUGIN_UNKNOWN`` for a name in the environment that no plug-in has:
        a misspelled one would leave its plug-in on; ``DISTRIBUTION_UNKNOWN`` for one of
        :data:`ONLY`, which would leave it off, and ``DISTRIBUTION_TWICE`` if one hides another.
    """
    names = _split_names(os.environ.get(VARIABLE, ""))
    if names:
        _refuse_unknown(names, installed(), VARIABLE)
    allowed = os.environ.get(ONLY)
    # A value that names nothing is refused, an empty one, too: it would allow everything.
    names_only = () if allowed is None else _split_names(allowed) or {f'"{allowed}"'}
    only = frozenset(map(_normalized, names_only))
    _refuse_hidden(only)
    distributions = {point.distribution for point in installed() if only and point.distribution}
    spelled = {_normalized(name): name for name in distributions}
    for name in sorted(only - spelled.keys()):
        raise host_error(
            "DISTRIBUTION_UNKNOWN",
            name=name,
            place=ONLY,
            known=", ".join(sorted(spelled.values())) or "–",
        )
    return Off(store.plugins_off() if store else frozenset(), names, only or None)


def _refuse_hidden(names: Collection[str]) -> None:
    """Refuse a distribution that hides another of its name, with plug-ins of its own.

    The same one may be found twice, for example installed and in its source tree.
    """
    folders_of: dict[str, dict[frozenset[tuple[str, str]], str]] = {}
    for name, folder, points in _distributions() if names else ():
        plugins = frozenset((point.name, point.value) for point in points if point.group == PROJECT)
        folders_of.setdefault(name, {}).setdefault(plugins, folder)
    for name in sorted(names & folders_of.keys()):
        if len(folders := folders_of[name].values()) > 1:
            raise host_error(
                "DISTRIBUTION_TWICE", name=name, place=ONLY, folders=", ".join(folders)
            )


def _split_names(names: str) -> frozenset[str]:
    return frozenset(filter(None, map(str.strip, names.split(","))))


def _normalized(distribution: str) -> str:
    """Return the name of a distribution as all its spellings have it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def switch_off(store: Store, names: Collection[str]) -> None:
    """Switch plug-ins off until they are switched on; :data:`ALL` is every one.

    :raises HostError: ``PLUGIN_UNKNOWN``.
    """
    _refuse_unknown(names, installed(), "hostsim plugins off")
    with store.change():
        store.set_plugins_off(store.plugins_off() | set(names))


def switch_on(store: Store, names: Collection[str]) -> None:
    """Switch plug-ins on again; the others stay as they are, also where all were off.

    :raises HostError: ``PLUGIN_UNKNOWN``.
    """
    points = installed()
    with store.change():
        before = store.plugins_off()
        _refuse_unknown(set(names) - before, points, "hostsim plugins on")
        if ALL in names:
            store.set_plugins_off(frozenset())
            return
        if ALL in before:
            every = {f"{point.distribution}:{point.name}" for point in points}
            before = before - {ALL} | every
        meant = [point.names for point in points if point.names & set(names)]
        store.set_plugins_off(before.difference(names, *meant))


def _refuse_unknown(names: Collection[str], points: Sequence[Installed], place: str) -> None:
    known = {ALL}.union(*(point.names for point in points))
    for name in sorted(set(names) - known):
        listed = ", ".join(sorted({point.name for point in points})) or "–"
        raise host_error("PLUGIN_UNKNOWN", name=name, place=place, known=listed)

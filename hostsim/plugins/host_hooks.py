"""The host's own answers to the hooks, for every run that is going on."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hostsim.plugins.export_session import ExportSession
from hostsim.plugins.session import ImportSession, Session, broken
from opter_contract import PROJECT, export_hooks, hookimpl, hooks
from opter_contract.values import Run

#: The hooks that the host answers.
ANSWERED = frozenset(
    name
    for session in (ImportSession, ExportSession)
    for name in dir(session)
    if name.startswith(f"{PROJECT}_")
)


class HostHooks:
    """Answers each hook by the method of its name that the session of the run has."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        for hook in ANSWERED:
            setattr(self, hook, self._answer_to(hook))

    @contextmanager
    def active(self, session: Session) -> Iterator[None]:
        self._sessions[session.run.id] = session
        try:
            yield
        finally:
            del self._sessions[session.run.id]

    def _answer_to(self, hook: str) -> Callable[..., Any]:
        specification = getattr(hooks, hook, None) or getattr(export_hooks, hook)

        @hookimpl
        @functools.wraps(specification)  # pluggy hands over the arguments that it has
        def answer(run: Run, *arguments: object) -> Any:
            session = self._sessions.get(getattr(run, "id", ""))
            if session is None:
                raise broken("a hook was called for a run that is not going on")
            with session.remembering_failure():
                if not hasattr(session, hook):
                    of_imports = hasattr(ImportSession, hook)
                    hooks_of, run_of = ("import", "export") if of_imports else ("export", "import")
                    raise broken(f"a hook of {hooks_of}s was called for an {run_of}")
                return getattr(session, hook)(*arguments)

        return answer

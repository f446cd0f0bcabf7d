"""What a question of a probe is: how to ask Fortnox, and what is found out by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from opter_contract.values import Text
from opter_fortnox_plugin.diagnostics.probe.client import ProbeClient
from opter_fortnox_plugin.diagnostics.probe.results import Answer, Results, Undecided, answered
from opter_fortnox_plugin.fortnox.protocol import Response

Ask = Callable[[ProbeClient], Results]
Read = Callable[[Response, ProbeClient], Answer]


class Question(NamedTuple):
    """A question, which may have several results.

    :param ask: finds out; raises :class:`Undecided` for the results that are still missing.
    :param titles: what each result is about, by its name.
    """

    ask: Ask
    titles: Mapping[str, Text]


class Questions(list[Question]):
    """Questions in the order in which they are asked."""

    def ask(self, **titles: Text) -> Callable[[Ask], Ask]:
        """Add a question, which the decorated function asks."""

        def add(ask: Ask) -> Ask:
            self.append(Question(ask, titles))
            return ask

        return add

    def request(
        self,
        name: str,
        title: Text,
        query: Mapping[str, str],
        *,
        path: str = "invoicepayments",
        refused: Answer = "refused",
    ) -> Callable[[Read], Read]:
        """Add a question that one request decides.

        The decorated function returns the response where Fortnox accepts the request.

        :param refused: the response where it does not.
        """

        def add(read: Read) -> Read:
            def ask(client: ProbeClient) -> Results:
                response = client.get(path, **query)
                yield answered(name, response, lambda: read(response, client), refused)

            self.append(Question(ask, {name: title}))
            return read

        return add


def undecidable(reason: Text, **titles: Text) -> Question:
    """Make a question that reading cannot decide."""

    def ask(_client: ProbeClient) -> Results:
        raise Undecided(reason)

    return Question(ask, titles)

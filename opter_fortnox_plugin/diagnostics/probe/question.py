"""The questions of a probe: how to ask Fortnox, and the results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from opter_contract.values import Text
from opter_fortnox_plugin.diagnostics.probe.client import ProbeClient
from opter_fortnox_plugin.diagnostics.probe.results import Answer, Results, Undecided, result_of
from opter_fortnox_plugin.fortnox.protocol import Response

Ask = Callable[[ProbeClient], Results]
Read = Callable[[Response, ProbeClient], Answer]


class Question(NamedTuple):
    """A question, which may have several results.

    :param ask: yields results; raises :class:`Undecided` for the missing ones.
    :param titles: the title of each result, by its name.
    """

    ask: Ask
    titles: Mapping[str, Text]


class Questions(list[Question]):
    """Questions in the order in which they are asked."""

    def ask(self, **titles: Text) -> Callable[[Ask], Ask]:
        """Add the decorated function as a question."""

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

        The decorated function returns the answer if Fortnox accepts the request.

        :param refused: the answer if it does not.
        """

        def add(read: Read) -> Read:
            def ask(client: ProbeClient) -> Results:
                response = client.get(path, **query)
                yield result_of(name, response, lambda: read(response, client), refused)

            self.append(Question(ask, {name: title}))
            return read

        return add


def undecidable(reason: Text, **titles: Text) -> Question:
    """Return a question that reading cannot decide."""

    def ask(_client: ProbeClient) -> Results:
        raise Undecided(reason)

    return Question(ask, titles)

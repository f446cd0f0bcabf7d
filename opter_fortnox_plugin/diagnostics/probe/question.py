"""What a question of a probe is: how to ask Fortnox, and what is found out by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from opter_contract.values import Text
from opter_fortnox_plugin.diagnostics.probe.client import ProbeClient
from opter_fortnox_plugin.diagnostics.probe.results import Answer, Results, Undecided, answered
from opter_fortnox_plugin.fortnox.protocol import Reply


class Question(NamedTuple):
    """A question, which may have several results.

    :param ask: finds out; raises :class:`Undecided` for the results that are still missing.
    :param titles: what each result is about, by its name.
    """

    ask: Callable[[ProbeClient], Results]
    titles: Mapping[str, Text]


def question(ask: Callable[[ProbeClient], Results], **titles: Text) -> Question:
    return Question(ask, titles)


def request(
    name: str,
    title: Text,
    accepted: Callable[[Reply, ProbeClient], Answer],
    query: Mapping[str, str],
    *,
    path: str = "invoicepayments",
    refused: Answer = "refused",
) -> Question:
    """Make a question that one request decides.

    :param accepted: returns the answer where Fortnox accepts the request.
    :param refused: the answer where it does not.
    """

    def ask(client: ProbeClient) -> Results:
        reply = client.get(path, **query)
        yield answered(name, reply, lambda: accepted(reply, client), refused)

    return Question(ask, {name: title})


def undecidable(reason: Text, **titles: Text) -> Question:
    """Make a question that reading cannot decide."""

    def ask(_client: ProbeClient) -> Results:
        raise Undecided(reason)

    return Question(ask, titles)

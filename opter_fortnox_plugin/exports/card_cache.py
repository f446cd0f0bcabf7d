"""Which records of customers and suppliers are known to be correct, and whose each is.

If Fortnox lists changes, a digest of each correct record is cached until Fortnox lists it as
changed, so that an export fetches only unknown records. Our own changes are listed, too. They show
whether Fortnox lists changes to the minute; if so, the next list starts after our own.

The cache also holds which parties of the host each record is of, so that another one with the same
number does not get their record.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final, NamedTuple

from opter_fortnox_plugin.fortnox.protocol import OVERLAP, STOCKHOLM
from opter_fortnox_plugin.host import Host

#: The number of state values that hold the cache at first; they double when one is too long.
_PARTS: Final = 16

#: The contract's bound of a state value.
MAX_STATE_LENGTH: Final = 100_000

#: The overlap of consecutive change lists that are exact to the minute.
MINUTE: Final = timedelta(minutes=1)


class _CachedCard(NamedTuple):
    """What is cached of a record; nothing of one that is not cached.

    ``is_used_up``: Fortnox has refused to use the number again. ``owners`` identify at the host
    the customers or suppliers that something was sent for with the record, the first one first.
    """

    digest: str = ""
    vat_type: str = ""
    is_used_up: bool = False
    owners: tuple[str, ...] = ()


class CardCache:
    """The cache of records in the host's state: digests, and whose they are.

    :ivar since: the start of the next change list.
    :ivar read_at: when the register was read, by Fortnox's clock.
    :ivar exact: whether Fortnox lists changes to the minute.
    """

    def __init__(self, host: Host, key: str) -> None:
        self._host = host
        self._key = key
        self._cards: dict[str, _CachedCard] = {}  # by number
        self._size = _PARTS
        self.since: datetime | None = None
        self.read_at: datetime | None = None
        self.exact = False

    def load(self) -> None:
        since = self._host.get_state(self._key)
        if not since:
            return
        parts = list(self._stored_parts())
        self._size = max(_PARTS, len(parts))
        try:
            self.since = datetime.fromisoformat(since)
            self.exact = self._host.get_state(f"{self._key}/exact") == "1"
            for part in map(json.loads, parts):
                self._cards |= {number: _cached_card(card) for number, card in part.items()}
        except (ValueError, TypeError):
            # Written by another version: look the records up again.
            self.since, self._cards = None, {}

    def _stored_parts(self) -> Iterator[str]:
        for index in count():
            part = self._host.get_state(f"{self._key}/{index}")
            if part is None:
                return
            yield part

    def store(self) -> None:
        if self.read_at is None:
            return
        # From the last one: if this is interrupted, reading ends before the new ones, or has all.
        for index, part in reversed([*enumerate(self._parts())]):
            self._host.set_state(f"{self._key}/{index}", part)
        exact = self.exact and not _clocks_change(self.read_at)
        overlap = MINUTE if exact else OVERLAP
        self._host.set_state(f"{self._key}/exact", "1" if self.exact else "0")
        self._host.set_state(self._key, (self.read_at - overlap).isoformat())

    def _parts(self) -> list[str]:
        """Return the cache as JSON texts, each short enough for a state value."""
        while True:
            parts: list[dict[str, _CachedCard]] = [{} for _ in range(self._size)]
            for number, card in self._cards.items():
                parts[int(_digest(number), 16) % self._size][number] = card
            texts = [json.dumps(part, separators=(",", ":")) for part in parts]
            if max(map(len, texts)) <= MAX_STATE_LENGTH:
                return texts
            self._size *= 2

    def watermark(self, at: datetime | None) -> None:
        """Record when the register was read."""
        if at is not None:
            self.read_at = min(at, self.read_at or at)

    def vat_type(self, ours: Any, party_id: str) -> str | None:
        """Return the kind of VAT of a record that is cached as it should look; else ``None``."""
        cached = self._of(ours.number)
        is_same = cached.digest == _card_digest(ours) and party_id in cached.owners
        return cached.vat_type if is_same else None

    def owners(self, number: str) -> tuple[str, ...]:
        """Return the ids at the host of those whose record it is; the first one first."""
        return self._of(number).owners

    def numbers(self) -> Mapping[str, list[str]]:
        """Return the numbers of each customer or supplier, by its id at the host."""
        numbers: dict[str, list[str]] = {}
        for number, card in self._cards.items():
            for owner in card.owners:
                numbers.setdefault(owner, []).append(number)
        return numbers

    def remember(self, ours: Any, party_id: str, vat_type: str) -> None:
        """Cache a record that looks as it should."""
        owners = self._of(ours.number).owners or (party_id,)
        self._cards[ours.number] = _CachedCard(_card_digest(ours), vat_type, owners=owners)

    def claim(self, number: str, party_id: str) -> None:
        """Store that a record is this one's, too."""
        owners = dict.fromkeys([*self._of(number).owners, party_id])
        self._cards[number] = self._of(number)._replace(owners=tuple(owners))

    def release(self, number: str) -> None:
        """Forget whose record it was: there is a new one."""
        self._cards[number] = self._of(number)._replace(owners=())

    def is_used_up(self, number: str) -> bool:
        """Return whether Fortnox has refused to use a number again."""
        return self._of(number).is_used_up

    def mark_used_up(self, number: str) -> None:
        self._cards[number] = self._of(number)._replace(is_used_up=True)

    def forget(self, number: str) -> None:
        """Forget what a record looks like, not whose it is."""
        if number in self._cards:
            self._cards[number] = self._of(number)._replace(digest="", vat_type="")

    def forget_all(self) -> None:
        for number in self._cards:
            self.forget(number)

    def _of(self, number: str) -> _CachedCard:
        return self._cards.get(number, _CachedCard())


def _cached_card(fields: Iterable[Any]) -> _CachedCard:
    card = _CachedCard(*fields)
    return card._replace(owners=tuple(card.owners))


def _clocks_change(moment: datetime) -> bool:
    """Return whether the clocks change about then."""
    before, after = ((moment + by).astimezone(STOCKHOLM).utcoffset() for by in (-OVERLAP, OVERLAP))
    return before != after


def _card_digest(card: Any) -> str:
    return _digest(json.dumps(astuple(replace(card, vat_type="")), ensure_ascii=False))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]

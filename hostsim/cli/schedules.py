"""Unattended runs: schedules, running what is due, and the status of every company."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from hostsim.cli.command import OPTIONAL_NAME, command, option
from hostsim.cli.common import Common, make_host, open_store, usage
from hostsim.cli.root import hostsim
from hostsim.errors import host_error
from hostsim.ledger.schedules import GREEN, NONE, STOCKHOLM, Timetable, interval, time_of_day
from hostsim.messages.formats import minute
from hostsim.plugins import mail
from hostsim.services.unattended_runs import USER
from hostsim.storage import schedules as stored
from hostsim.views.schedules import SCHEDULES, STATUS, write_run_json, write_run_line
from opter_contract.programs import signals
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.services.host import Host
    from hostsim.storage.store import Store
    from opter_contract.values import EndedRun, Progress

AT_ONCE = option(
    "--at-once",
    type=click.IntRange(1, 64),
    default=4,
    metavar="ANTAL",
    sv="Hur många företag som körs bredvid varandra; annars 4.",
    en="The number of companies that run in parallel; otherwise 4.",
)


@command(
    hostsim,
    "schedule",
    sv="Visa eller ändra när importer och exporter körs utan att någon är där.",
    en="Show or change when imports and exports run with nobody there.",
)
@OPTIONAL_NAME
@option(
    "--daily",
    metavar="TID",
    sv="Varje dag vid den tiden i Sverige, till exempel 06:00.",
    en="Every day at that time in Sweden, such as 06:00.",
)
@option(
    "--every",
    metavar="TID",
    sv="Om och om igen, till exempel 30m, 2h eller 1d; första gången genast.",
    en="Again and again, such as 30m, 2h or 1d; the first time at once.",
)
@option(
    "--save",
    type=click.Choice([GREEN, NONE]),
    sv="green sparar eller skickar det som har en grön bock och lämnar resten till en person; "
    "none, som gäller annars, lämnar allt.",
    en="green saves or sends what has a green tick and leaves the rest to a person; none, which "
    "is the default, leaves all.",
)
@option("--off", is_flag=True, sv="Ta bort schemat.", en="Take the schedule away.")
@option(
    "--resume",
    is_flag=True,
    sv="Kör ett pausat schema igen, genast; utan namn alla pausade.",
    en="Run a paused schedule again, at once; without a name all that are paused.",
)
def schedule(
    common: Common,
    name: str | None,
    *,
    daily: str | None,
    every: str | None,
    save: str | None,
    off: bool,
    resume: bool,
) -> None:
    changes = [daily is not None or every is not None or save is not None, off, resume]
    if sum(changes) > 1 or (daily is not None and every is not None):
        raise usage(
            "Välj ett av --daily, --every, --off och --resume.",
            "Choose one of --daily, --every, --off and --resume.",
        )
    if name is None and (changes[0] or off):
        raise usage("Ange vilken import eller export.", "Say which import or export.")
    timetable = _timetable(daily, every)
    with open_store(common) as store:
        host = make_host(store)
        if off and name is not None:
            host.unschedule(name)
            common.note(f"{name} har inget schema längre.", f"{name} has no schedule any more.")
        elif resume:
            resumed = host.resume(name)
            common.note(f"{resumed} pausade körs igen.", f"{resumed} that were paused run again.")
        elif changes[0] and name is not None:
            _change(host, store, name, timetable, save)
        if name is not None and not off:
            common.write_one(SCHEDULES, host.scheduled(name))
            return
        none = Text(
            "Inget är schemalagt än; gör ett schema med hostsim schedule NAMN --daily 06:00.",
            "Nothing is scheduled yet; make a schedule with hostsim schedule NAME --daily 06:00.",
        )
        common.write_list(SCHEDULES, lambda: stored.schedules(store), none)


def _change(
    host: Host, store: Store, name: str, timetable: Timetable | None, save: str | None
) -> None:
    """Make a schedule, or change the given parts of one."""
    # In one transaction, so that of two changes at once the later one keeps what the other changed.
    with store.change():
        before = stored.schedule(store, name)
        if timetable is None and before is None:
            raise usage("Ange --daily eller --every.", "Give --daily or --every.")
        kept = before and before.timetable
        host.set_schedule(
            name, timetable or kept or Timetable(), save or (before.save if before else NONE)
        )


def _timetable(daily: str | None, every: str | None) -> Timetable | None:
    if daily is not None:
        if (at := time_of_day(daily)) is None:
            raise usage(
                f"--daily ska vara en tid som 06:00, inte ”{daily}”.",
                f"--daily must be a time such as 06:00, not “{daily}”.",
            )
        return Timetable(daily=at)
    if every is not None:
        if (length := interval(every)) is None:
            raise usage(
                f"--every ska vara som 30m, 2h eller 1d, från 1m till 7d, inte ”{every}”.",
                f"--every must be such as 30m, 2h or 1d, from 1m to 7d, not “{every}”.",
            )
        return Timetable(every=length)
    return None


@command(
    hostsim,
    "status",
    sv="Visa hur varje företag ligger till.",
    en="Show how every company stands.",
)
def status(common: Common) -> None:
    with open_store(common) as store:
        common.write_list(STATUS, lambda: stored.definitions(store))


@command(
    hostsim,
    "run-due",
    sv="Gör det som är dags enligt schemat, en gång, utan att fråga någon.",
    en="Do what is due by the schedule, once, without asking anybody.",
)
@AT_ONCE
def run_due(common: Common, *, at_once: int) -> None:
    from hostsim.services import worker

    ended = []

    def on_ended(run: EndedRun) -> None:
        ended.append(run.outcome)
        _write(common, run)

    with open_store(common) as store, stop_on_signal() as stop:
        host = _unattended_host(store, stop)
        done = worker.run_due(host, at_once=at_once, on_ended=on_ended, stop=stop.asked)
        if not ended and not common.json:
            due = stored.next_due(store)
            common.output.say(
                "Inget är dags." + (f" Nästa: {minute(due.astimezone(STOCKHOLM))}." if due else ""),
                "Nothing is due." + (f" Next: {minute(due.astimezone(STOCKHOLM))}." if due else ""),
            )
    if not done:
        raise host_error("CANCELLED")


@command(
    hostsim,
    "worker",
    json=False,
    sv="Gör det som är dags enligt schemat, tills du trycker Ctrl-C.",
    en="Do what is due by the schedule, until you press Ctrl-C.",
)
@AT_ONCE
def worker(common: Common, *, at_once: int) -> None:
    from hostsim.services.worker import work

    with open_store(common) as store, stop_on_signal() as stop:
        host = _unattended_host(store, stop)
        common.note(
            "Arbetar tills du trycker Ctrl-C; det som pågår görs då klart.",
            "Works until you press Ctrl-C; what is going on is then finished.",
        )
        work(host, at_once=at_once, on_ended=lambda run: _write(common, run), stop=stop.asked)


def _write(common: Common, run: EndedRun) -> None:
    (write_run_json if common.json else write_run_line)(common.output, run)
    common.output.flush()


def _unattended_host(store: Store, stop: StopRequest) -> Host:
    mail.configured(os.environ)  # what is wrong with it is said before anything is done

    def cancel(_: Progress) -> bool | None:
        return stop.insisted.is_set() or None

    return make_host(store, attended=False, user=USER, on_progress=cancel)


@dataclass(frozen=True)
class StopRequest:
    """Whether a person or the system wants the program to end."""

    asked: threading.Event = field(default_factory=threading.Event)
    #: Asked twice: what is going on is cancelled.
    insisted: threading.Event = field(default_factory=threading.Event)

    def ask(self, number: int) -> None:
        # Windows gives a program whose window is closed no time to finish.
        if self.asked.is_set() or number == getattr(signal, "SIGBREAK", None):
            self.insisted.set()
        self.asked.set()


@contextlib.contextmanager
def stop_on_signal() -> Iterator[StopRequest]:
    """Turn Ctrl-C and similar signals into a request to stop, instead of an interruption."""
    stop = StopRequest()
    with signals.handled(stop.ask):
        yield stop

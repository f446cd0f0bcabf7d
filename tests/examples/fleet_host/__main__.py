"""The command line: ``python -m tests.examples.fleet_host load|enqueue|work|waiting|decide``."""

from __future__ import annotations

import asyncio
import getpass
import json
import logging
import sys
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, TextIO

import click
import psycopg

from hostsim.ledger import decision_rules
from hostsim.ledger.reasons import SET_ASIDE

from . import database, jobs
from .database import SQL
from .errors import FleetError, failure_of
from .host import Host
from .judging import FLAGGED, REGISTER, from_json

#: Companies that are loaded in one transaction.
_BATCH = 100

seconds = click.FloatRange(min=0, min_open=True)
dead_after = click.option("--dead-after", type=seconds, default=jobs.DEAD_AFTER, show_default=True)


@click.group()
@click.option("--database", "url", envvar="FLEET_DB", metavar="URL", help="default: FLEET_DB")
@click.pass_context
def fleet_host(context: click.Context, url: str | None) -> None:
    """Import for thousands of companies, on many machines."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    if not url:
        raise FleetError("DATABASE_NOT_NAMED")
    with database.connected(url) as db:
        database.create_tables(db)
    context.obj = url


@fleet_host.command()
@click.argument("file", type=click.File(encoding="utf-8"))
@click.pass_obj
def load(url: str, file: TextIO) -> None:
    """Load companies with their invoices from a file with one a line, as JSON."""
    host, count = Host(), 0
    with database.connected(url) as db:
        while lines := list(islice(file, _BATCH)):
            try:
                database.load(db, [_checked(host, json.loads(one)) for one in lines])
            except (ValueError, LookupError, TypeError, AttributeError, psycopg.Error) as error:
                which = f"{count + 1}–{count + len(lines)}"
                raise FleetError("LINE_WRONG", lines=which, why=error) from error
            count += len(lines)
    _print({"companies": count})


def _checked(host: Host, given: dict[str, Any]) -> str:
    if any(isinstance(one["total"], float) for one in given["invoices"]):
        raise TypeError("an invoice's total is text, since a number would not be exact")
    given = {"name": given["company"]["number"], "import_type": "FortnoxAPI"} | given
    settings = host.checked_settings(given["name"], given["import_type"], given["settings"])
    return json.dumps({**given, "settings": dict(settings)})


@fleet_host.command()
@dead_after
@click.pass_obj
def enqueue(url: str, dead_after: float) -> None:
    """Free the jobs of dead workers, and queue what is due; to be run every minute."""
    _print(asyncio.run(jobs.enqueue(url, dead_after=dead_after)))


@fleet_host.command()
@click.option("--concurrency", type=click.IntRange(1), default=8, show_default=True)
@click.option("--heartbeat", type=seconds, default=jobs.HEARTBEAT, show_default=True)
@dead_after
@click.pass_obj
def work(url: str, /, **options: Any) -> None:
    """Import until SIGTERM, so many companies beside each other."""
    asyncio.run(jobs.work(url, Host(), **options))


@fleet_host.command()
@click.argument("company", required=False)
@click.option("--all", "everything", is_flag=True, help="also what was set aside")
@click.pass_obj
def waiting(url: str, company: str | None, everything: bool) -> None:
    """List what waits for a person, and the companies that failed."""
    with database.connected(url) as db:
        if company is not None:
            database.company(db, company)
        rows, failed = (
            db.execute(SQL[one], {"company": company}).fetchall() for one in ("waiting", "failed")
        )
    for row in rows:
        row["decisions"] = [REGISTER, SET_ASIDE] if row["list"] == FLAGGED else [SET_ASIDE]
    shown = [row for row in rows if everything or row["decision"] != SET_ASIDE]
    _print({"waiting": shown, "failed": failed})


@fleet_host.command()
@click.argument("company")
@click.argument("decision", type=click.Choice([REGISTER, SET_ASIDE, "resume"]))
@click.argument("number", default="")
@click.option("--why", default="")
@click.option("--by", default=getpass.getuser)
@click.pass_obj
def decide(url: str, company: str, decision: str, number: str, why: str, by: str) -> None:
    """Decide about a payment, or resume a company; the next run does it, and is due now."""
    named: dict[str, object] = {"company": company, "number": number}
    with database.connected(url) as db, db.transaction():
        database.company(db, company)
        if decision != "resume":
            row = db.execute(SQL["waiting_row"], named).fetchone()
            if row is None:
                raise FleetError("NOT_WAITING", **named)
            if decision == REGISTER and row["list"] != FLAGGED:
                raise FleetError("NOT_REGISTRABLE", **named, sv=row["sv"], en=row["en"])
            payment = from_json(row["payment"])
            facts = "" if payment is None else decision_rules.figures(payment)
            stored = {"decision": decision, "facts": facts, "why": why, "by": by}
            db.execute(SQL["decide"], named | stored)
        db.execute(SQL["due_now"], named)
    _print(named | {"decision": decision, "by": by})


def _print(answer: Mapping[str, object]) -> None:
    click.echo(json.dumps(answer, default=str, ensure_ascii=False, indent=2))


def main(command: Callable[[], object] = fleet_host) -> int:
    try:
        command()
    except Exception as error:
        failure = failure_of(error)
        if failure is None:
            raise
        click.echo(f"{failure.code}: {failure.message.sv}\n{failure.message.en}", err=True)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

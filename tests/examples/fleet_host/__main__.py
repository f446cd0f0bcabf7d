"""The command line: ``python -m tests.examples.fleet_host load|enqueue|work|waiting|decide``."""

from __future__ import annotations

import asyncio
import getpass
import json
import logging
import os
import sys
from collections.abc import Mapping
from itertools import islice
from typing import Any, TextIO

import click
import psycopg

from hostsim.ledger import decisions as decision_rules
from hostsim.ledger.reasons import SET_ASIDE

from . import database, jobs
from .database import SQL
from .errors import FleetError, failure_of
from .host import Host
from .judging import FLAGGED, REGISTER, from_json


@click.group()
@click.pass_context
def fleet_host(context: click.Context) -> None:
    """Import for thousands of companies, on many machines; FLEET_DB names the database."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    if not (url := os.environ.get("FLEET_DB")):
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
        while lines := list(islice(file, 100)):
            try:  # a number as text stays exact
                given = [json.loads(one, parse_float=str) for one in lines]
                database.load(db, [_checked(host, one) for one in given])
            except (
                ValueError, LookupError, TypeError, AttributeError, psycopg.DataError,
                psycopg.IntegrityError,
            ) as error:  # fmt: skip
                which = f"{count + 1}–{count + len(lines)}"
                raise FleetError("LINE_WRONG", lines=which, why=error) from error
            count += len(lines)
    _print({"companies": count})


def _checked(host: Host, given: dict[str, Any]) -> str:
    given = {"name": given["company"]["number"], "import_type": "FortnoxAPI"} | given
    settings = host.checked_settings(given["name"], given["import_type"], given["settings"])
    return json.dumps({**given, "settings": dict(settings)})


@fleet_host.command()
@click.option("--dead-after", default=jobs.DEAD_AFTER, show_default=True)
@click.pass_obj
def enqueue(url: str, dead_after: float) -> None:
    """End jobs that nobody does, and queue what is due; to be run every minute."""
    _print(asyncio.run(jobs.enqueue(url, dead_after=dead_after)))


@fleet_host.command()
@click.option("--concurrency", type=click.IntRange(1), default=8, show_default=True)
@click.pass_obj
def work(url: str, concurrency: int) -> None:
    """Import until SIGTERM, so many companies beside each other."""
    asyncio.run(jobs.work(url, Host(), concurrency))


@fleet_host.command()
@click.argument("company", required=False)
@click.option("--all", "everything", is_flag=True, help="also what was set aside")
@click.pass_obj
def waiting(url: str, company: str | None, everything: bool) -> None:
    """List what waits for a person, and the companies that failed."""
    with database.connected(url) as db:
        if company is not None:
            database.company(db, company)
        named = {"company": company, "everything": everything}
        _print({one: db.execute(SQL[one], named).fetchall() for one in ("waiting", "failed")})


@fleet_host.command()
@click.argument("company")
@click.argument("decision", type=click.Choice([REGISTER, SET_ASIDE, "resume"]))
@click.argument("number", default="")
@click.option("--why", default="")
@click.option("--by", default=getpass.getuser)
@click.pass_obj
def decide(url: str, /, **given: Any) -> None:
    """Decide about a payment, or resume a company; the next run does it, and is due now."""
    with database.connected(url) as db, db.transaction():
        database.company(db, given["company"])
        if given["decision"] != "resume":
            row = db.execute(SQL["waiting_row"], given).fetchone()
            if row is None:
                raise FleetError("NOT_WAITING", **given)
            if given["decision"] == REGISTER and row["list"] != FLAGGED:
                raise FleetError("NOT_REGISTRABLE", **given, sv=row["sv"], en=row["en"])
            payment = from_json(row["payment"])
            facts = decision_rules.facts_of(payment) if payment else decision_rules.NO_FACTS
            db.execute(SQL["decide"], {**given, "facts": facts})
        db.execute(SQL["due_now"], given)
    _print(given)


def _print(answer: Mapping[str, object]) -> None:
    click.echo(json.dumps(answer, default=str, ensure_ascii=False, indent=2))


def main() -> None:
    try:
        fleet_host()
    except Exception as error:
        failure = failure_of(error)
        if failure is None:
            raise
        click.echo(f"{failure.code}: {failure.message.sv}\n{failure.message.en}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()

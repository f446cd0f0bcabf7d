"""Copying the database, and putting a copy back."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from hostsim.cli.command import FILE, command, option
from hostsim.cli.common import Common
from hostsim.cli.root import hostsim
from hostsim.messages import results as results_messages
from hostsim.storage import unreported_commits
from hostsim.views.table import write_json


@command(
    hostsim,
    "backup",
    sv="Kopiera databasen till en fil, också medan andra använder den.",
    en="Copy the database to a file, also while others use it.",
)
@FILE
@option(
    "--replace",
    is_flag=True,
    sv="Ersätt filen om den finns.",
    en="Replace the file where it exists.",
)
def backup(common: Common, file: Path, *, replace: bool) -> None:
    from hostsim.storage.backup import back_up

    done = partial(unreported_commits.note, results_messages.FILE_WRITTEN(path=file))
    copied = back_up(common.database, file, replace=replace, done=done)
    if common.json:
        write_json(common.output, {"file": str(file), **copied._asdict()})
        return
    common.output.say(
        f"Kopierat till {file}, och kontrollerat: {copied.invoices} fakturor, {copied.payments} "
        "betalningar.",
        f"Copied to {file}, and checked: {copied.invoices} invoices, {copied.payments} payments.",
    )


@command(
    hostsim,
    "restore",
    sv="Lägg tillbaka en kopia; databasen som ersätts sparas bredvid.",
    en="Put a copy back; the database that it replaces is kept beside it.",
)
@FILE
def restore(common: Common, file: Path) -> None:
    from hostsim.services.context import now
    from hostsim.storage import backup

    done = partial(unreported_commits.note, results_messages.FILE_WRITTEN(path=common.database))
    copied, books_id, kept = backup.restore(file, common.database, now(), done)
    if common.json:
        names = {"database": str(common.database), "kept": kept and str(kept)}
        write_json(
            common.output, {"file": str(file), **names, "books_id": books_id, **copied._asdict()}
        )
        return
    common.output.say(
        f"{file} är tillbakalagd som {common.database}: {copied.invoices} fakturor, "
        f"{copied.payments} betalningar. Läs in igen: det som kom efter kopian kommer då tillbaka.",
        f"{file} is put back as {common.database}: {copied.invoices} invoices, {copied.payments} "
        "payments. Import again: what came after the copy then comes back.",
    )
    common.output.say(
        f"För insticksprogram som för en reskontra är det en ny, {books_id}: de får allt från "
        "början, och det som de har av den förra gäller inte längre.",
        f"To plug-ins that keep a ledger these are new books, {books_id}: they are sent "
        "everything from the first change on, and what they have of the former is void.",
    )
    if kept is not None:
        common.output.say(f"Den förra är sparad som {kept}.", f"The former one is kept as {kept}.")

"""The bundle that support asks for."""

from __future__ import annotations

import os
from pathlib import Path

from hostsim.cli.command import FILE, command
from hostsim.cli.common import Common, load_plugins, open_store
from hostsim.cli.root import hostsim
from hostsim.messages.text import say
from hostsim.views.table import write_json


@command(
    hostsim,
    "report",
    sv="Skriv ett underlag för felsökning, utan hemligheter och personuppgifter.",
    en="Write material for support, without secrets and personal data.",
)
@FILE
def report(common: Common, file: Path) -> None:
    from hostsim.services.context import now
    from hostsim.services.support_bundle import PARTS, write_bundle

    with open_store(common, checked=False) as store:
        write_bundle(
            file,
            store,
            load_plugins(store),
            environment=os.environ,
            language=common.language,
            at=now(),
        )
    if common.json:
        contents = {name: say(what, common.language) for name, what in PARTS.items()}
        write_json(common.output, {"file": str(file), "contents": contents})
        return
    common.output.say(
        f"Underlaget är skrivet till {file}, utan hemligheter, kunder, fakturanummer och namn:",
        f"Written to {file}, without secrets, customers, invoice numbers and names:",
    )
    for name, what in PARTS.items():
        common.output.line(f"  {name}: {say(what, common.language)}")

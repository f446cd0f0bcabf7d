"""camt.054 files for tests, and the example plug-in that reads them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from decimal import Decimal
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "tests" / "examples" / "camt054"

#: How an import of bank files is defined at the command line, but for its settings.
ADD = ("formats", "add", "Bank", "--type", "CAMT054", "--format", "camt.054.001.08")

IBAN = "SE4550000000058398257466"


def amount(kronor, currency="SEK"):
    return f'<Amt Ccy="{currency}">{Decimal(kronor):.2f}</Amt>'


def payment(serial, kronor, *references, text="", currency="SEK", side="CRDT", more=""):
    """Make the details of one payment; ``more`` is XML at their end."""
    strd = "".join(
        f"<Strd><CdtrRefInf><Ref>{escape(reference)}</Ref></CdtrRefInf></Strd>"
        for reference in references
    )
    ustrd = f"<Ustrd>{escape(text)}</Ustrd>" if text else ""
    return (
        f"<TxDtls><Refs><AcctSvcrRef>T{serial}</AcctSvcrRef><EndToEndId>NOTPROVIDED</EndToEndId>"
        f"</Refs>{amount(kronor, currency)}<CdtDbtInd>{side}</CdtDbtInd>"
        f"<RmtInf>{ustrd}{strd}</RmtInf>{more}</TxDtls>"
    )


def entry(serial, kronor, *payments, side="CRDT", currency="SEK", more="", batch="", **of_entry):
    """Make an entry; ``more`` is XML between amount and status."""
    day, status = of_entry.get("day", "2026-11-19"), of_entry.get("status", "BOOK")
    details = f"<NtryDtls>{batch}{''.join(payments)}</NtryDtls>" if payments or batch else ""
    return (
        f"<Ntry>{amount(kronor, currency)}<CdtDbtInd>{side}</CdtDbtInd>{more}"
        f"<Sts><Cd>{status}</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt>"
        f"<AcctSvcrRef>E{serial}</AcctSvcrRef><BkTxCd><Prtry><Cd>BG</Cd></Prtry></BkTxCd>"
        f"{details}</Ntry>"
    )


def notification(*entries, account=IBAN, summary=""):
    summary = f"<TxsSummry>{summary}</TxsSummry>" if summary else ""
    return (
        f"<Ntfctn><Id>N1</Id><Acct><Id><IBAN>{account}</IBAN></Id><Ccy>SEK</Ccy>"
        f"<Ownr><Nm>Åkeri Öst AB</Nm></Ownr></Acct>{summary}{''.join(entries)}</Ntfctn>"
    )


def without_references(text):
    """Remove the bank's own references, which many banks omit."""
    return re.sub("<AcctSvcrRef>.*?</AcctSvcrRef>", "", text)


def file(*entries, version="camt.054.001.08", notifications=(), **of_notification):
    """Make a file, by default of one notification with these entries."""
    parts = notifications or (notification(*entries, **of_notification),)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{version}"><BkToCstmrDbtCdtNtfctn>'
        "<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-11-20T06:00:00+01:00</CreDtTm></GrpHdr>\n"
        + "\n".join(parts)
        + "</BkToCstmrDbtCdtNtfctn></Document>\n"
    )


def single(serial, kronor, *references, **how):
    """Make an entry of one payment."""
    of_entry = {name: how.pop(name) for name in ("day", "status") if name in how}
    details = payment(serial, kronor, *references, **how)
    of_entry |= {name: how[name] for name in ("currency", "side") if name in how}
    return entry(serial, kronor, details, **of_entry)


def installed(folder: Path) -> dict[str, str]:
    """Install the example's metadata in a folder for an interpreter's path.

    :return: the environment of such an interpreter.
    """
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    metadata = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    points = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
        for group, entries in project["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("".join(points), encoding="utf-8")
    path = os.pathsep.join(map(str, (folder, EXAMPLE, ROOT)))
    return os.environ | {"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"}


def hostsim(*words: str, environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess:
    """Run a command of the host in an interpreter of its own."""
    return subprocess.run(
        [sys.executable, "-m", "hostsim", *words],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )

"""Run clients that others wrote against the sandbox, and write on its page how each ended.

    python tests/sandbox/run_real_clients.py --sources DIR [--write]

DIR holds a checkout of each in a folder OWNER__NAME, ready to run as its own README says. The
TypeScript ones are run by tsx, which ``npm install --prefix DIR tsx`` gives, with what they import.
Those of Python come from the package index. Nothing of them is a part of this project, and what
would have to be compiled is not run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

HERE = Path(__file__).parent
sys.path += [str(HERE.parents[1]), str(HERE.parent / "support")]

from client_program import Program, ProgramFailed  # noqa: E402

from hostsim.sandbox import Sandbox, Switches, seed_many  # noqa: E402
from hostsim.sandbox.tokens import Grant  # noqa: E402

DRIVERS = HERE / "real_clients"
PAGE = HERE.parents[1] / "hostsim/sandbox/README.md"
BEGIN, END = "<!-- what run_real_clients.py wrote -->\n", "<!-- its end -->\n"
SCOPES = ("payment", "invoice", "customer", "article", "companyinformation")

#: The tools of the MCP server that are called, and with what.
TOOLS = {
    "list all invoices": ("fortnox_list_invoices", {"fetch_all": True}),
    "by two filters": ("fortnox_list_invoices", {"filter": "unpaid", "customer_number": "1001"}),
    "read an invoice": ("fortnox_get_invoice", {"document_number": "10001"}),
    "list customers": ("fortnox_list_customers", {"limit": 5}),
    "company information": ("fortnox_get_company_info", {}),
}


@dataclass(frozen=True)
class Client:
    """A client, and how it is made to ask the sandbox."""

    name: str
    language: str
    aimed: str
    """How its addresses were replaced."""

    command: tuple[str, ...] = ()
    """What runs it; {checkout}, {drivers} and {sources} are filled in."""

    package: str = ""
    """The package of the index instead of a checkout."""

    arguments: tuple[str, ...] = ()
    """What the script of a package takes, by names of the environment."""

    old_login: bool = False
    """Whether it knows only the login that Fortnox shut down in 2025."""

    why_not: str = ""
    """Why it is not run anywhere."""


TSX = "{sources}/node_modules/.bin/tsx"
PRELOADED = (TSX, "--import", "{drivers}/elsewhere.mjs")
COMPILED = "it has to be compiled, which this script does not do"
CLIENTS = (
    Client(
        "pyfortnox", "Python", "`base_url`", package="pyfortnox",
        arguments=("SANDBOX_URL", "ACCESS", "FORTNOX_CLIENT_SECRET"),
        old_login=True,
    ),
    Client(
        "fortpyx", "Python", "`http_adapter`", package="fortpyx",
        arguments=("SANDBOX_URL", "FORTNOX_CLIENT_ID", "FORTNOX_CLIENT_SECRET", "REFRESH"),
    ),
    Client("dlt", "Python", "`base_url`", package="dlt", arguments=("SANDBOX_URL", "ACCESS")),
    Client(
        "deployHuman/fortnox-client", "PHP", "`SetBaseUrl`",
        ("php", "{drivers}/deployhuman.php", "{checkout}"),
    ),
    Client(
        "ThorinEk/fortnox-php-api-client", "PHP", "`setHost`",
        ("php", "{drivers}/thorinek.php", "{checkout}"),
    ),
    Client(
        "anikghosh256/fortnox-node-sdk", "TypeScript", "`baseUrl`, and `fetch` for the login",
        (*PRELOADED, "{drivers}/anikghosh256.mjs", "{checkout}"),
    ),
    Client(
        "jakobwennberg/fortnox-mcp", "TypeScript", "`https.request`",
        (*PRELOADED, "{checkout}/src/index.ts"),
    ),
    Client("accodeing/fortnox-api", "Ruby", "", why_not="its gems were not to be had"),
    Client("softwerkab/fortnox-csharp-api-sdk", "C#", "", why_not=COMPILED),
    Client("thats4fun/go-fortnox-sdk", "Go", "", why_not=COMPILED),
)  # fmt: skip


def run(client: Client, sources: Path) -> tuple[str, str]:
    """Run a client against a sandbox of its own; tell its version and how it ended."""
    checkout = sources / client.name.replace("/", "__")
    names = {"checkout": checkout, "drivers": DRIVERS, "sources": sources}
    command = [part.format(**names) for part in client.command]
    if client.why_not:
        return "", f"Not run: {client.why_not}."
    if command and not checkout.is_dir():
        return "", "Not run here: there is no checkout."
    if command and shutil.which(command[0]) is None:
        return "", f"Not run here: {Path(command[0]).name} is not on this machine."
    books = seed_many.companies(1, datetime.now(UTC), invoices=260, payments=250)
    with Sandbox(books, switches=Switches(legacy_headers=client.old_login)) as sandbox:
        environment = sandbox.environment() | tokens(sandbox)
        try:
            if client.package:
                version, ended = by_package(client, environment, sandbox)
            else:
                version, ended = commit(checkout), by_checkout(command, environment)
        except (ProgramFailed, subprocess.SubprocessError, ValueError) as failed:
            version, ended = "", f"Failed: {str(failed).splitlines()[-1]}"
        return version, f"{ended.rstrip('.')}. {answered(sandbox)}."


def tokens(sandbox: Sandbox) -> dict[str, str]:
    """Issue a code and tokens to the registered program, as after a login."""
    grant = Grant(sandbox.client_id, sandbox.state.company().number, 1, SCOPES)
    issued = sandbox.state.tokens
    pair = issued.issue(grant)
    return {
        "SANDBOX_URL": sandbox.url,
        "ACCESS": pair.access,
        "REFRESH": pair.refresh,
        "CODE": issued.issue_code(grant, None),
        # What the MCP server reads.
        "FORTNOX_REFRESH_TOKEN": pair.refresh,
    }


def by_package(client: Client, environment: Mapping[str, str], sandbox: Sandbox) -> tuple[str, str]:
    """Install a package, read all payments with it, and compare."""
    with tempfile.TemporaryDirectory() as folder:
        script = f"real_clients/read_with_{client.package}.py"
        program = Program(Path(folder), client.package, HERE / script)
        read = program.read(*(environment[name] for name in client.arguments))
        version = program.version(client.package)
    there = {
        str(one.number): (one.invoice_number, one.amount)
        for one in sandbox.state.company().payments()
    }
    same = "the same" if read == there else "NOT the same"
    return version, f"Read {len(read)} payments, {same} as are there"


def by_checkout(command: list[str], environment: Mapping[str, str]) -> str:
    asked = "\n".join(map(json.dumps, spoken())) if command[-1].endswith("index.ts") else ""
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        input=asked and f"{asked}\n",
        env=os.environ | environment,
    )
    if done.returncode:
        raise ProgramFailed(done.stderr.strip() or f"exit status {done.returncode}")
    ended = heard(done.stdout) if asked else json.loads(done.stdout)
    return "; ".join(f"*{name}*: {end}" for name, end in ended.items())


def spoken() -> Iterator[dict[str, object]]:
    """Yield what a person's assistant says to an MCP server."""
    who = {"name": "sandbox", "version": "1"}
    hello = {"protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": who}
    yield {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello}
    yield {"jsonrpc": "2.0", "method": "notifications/initialized"}
    for place, (name, given) in enumerate(TOOLS.values(), start=1):
        call = {"name": name, "arguments": given}
        yield {"jsonrpc": "2.0", "id": place, "method": "tools/call", "params": call}


def heard(output: str) -> dict[str, str]:
    answers = {one["id"]: one for one in map(json.loads, output.splitlines())}
    ended = {}
    for place, name in enumerate(TOOLS, start=1):
        answer = answers[place].get("result", {"isError": True})
        text = "".join(part["text"] for part in answer.get("content", ()))
        wrong = answer.get("isError") or text.startswith("Error")
        ended[name] = text.splitlines()[0] if wrong and text else "failed" if wrong else "ok"
    return ended


def commit(checkout: Path) -> str:
    command = ["git", "-C", str(checkout), "log", "-1", "--format=%h, %cs"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def answered(sandbox: Sandbox) -> str:
    """Count what the sandbox answered."""
    statuses = Counter(asked.status for asked in sandbox.asked)
    return "Answered " + ", ".join(f"{count} × {status}" for status, count in statuses.items())


def table(sources: Path) -> Iterator[str]:
    day = date.today().isoformat()  # noqa: DTZ011 - the day of whoever runs it
    yield f"Run for real on {day} by `tests/sandbox/run_real_clients.py --sources DIR`:"
    yield ""
    yield "| client | version | aimed here by | how it ended |"
    yield "| --- | --- | --- | --- |"
    for client in CLIENTS:
        version, ended = run(client, sources)
        yield f"| `{client.name}` ({client.language}) | {version} | {client.aimed} | {ended} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sources", type=Path, required=True, metavar="DIR")
    parser.add_argument("--write", action="store_true", help="write the result on the page")
    given = parser.parse_args()
    told = "".join(f"{line}\n" for line in table(given.sources.resolve()))
    sys.stdout.write(told)
    if given.write:
        before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
        PAGE.write_text(before + BEGIN + told + END + rest.partition(END)[2], "utf-8")


if __name__ == "__main__":
    main()

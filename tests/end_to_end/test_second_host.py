"""The plug-in in another host than ours: its wheel alone, in an empty environment."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from collections import Counter
from pathlib import Path

import code_blocks
import pytest
import requests
from ports import free_port

from hostsim.sandbox import Sandbox, seed

ROOT = Path(__file__).parents[2]


def pip(python: Path, *words: str) -> None:
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
    done = subprocess.run(
        [python, "-m", "pip", *quiet, *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # From a copy: what an earlier build left in the tree must not get into this one.
    source = folder / "source"
    source.mkdir()
    for name in ("setup.cfg", "pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for package in ("docs", "opter_contract", "opter_fortnox_plugin", "hostsim"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, source / package, ignore=ignore)
    pip(Path(sys.executable), "wheel", "--no-deps", "--wheel-dir", str(folder), str(source))
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def empty_environment(tmp_path_factory, wheel) -> Path:
    """Return the interpreter of an environment with the wheel and nothing else asked for."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip(python, "install", str(wheel))
    return python


def test_the_wheel_needs_only_what_the_plug_in_itself_needs(empty_environment):
    done = subprocess.run(
        [empty_environment, "-m", "pip", "list", "--format=json"],
        capture_output=True,
        text=True,
        check=True,
    )
    installed = {one["name"].lower() for one in json.loads(done.stdout)}
    assert {"pluggy", "requests", "marshmallow", "tenacity"} <= installed
    assert not {"click", "rich", "flask", "waitress", "filelock"} & installed


def test_the_host_of_the_page_finds_it_and_imports(empty_environment, tmp_path, now):
    """The host was written from the contract page alone and knows nothing of hostsim."""
    with Sandbox(seed.haulier(now), redirect_uri=f"http://127.0.0.1:{free_port()}/cb") as sandbox:
        window = tmp_path / "window.py"
        window.write_text(
            "import sys\nfrom hostsim.sandbox import seed, scripted_login\n"
            "scripted_login.sign_in(sys.argv[1], seed.USER, seed.PASSWORD)\n",
            encoding="utf-8",
        )
        here = f'"{Path(sys.executable).as_posix()}" "{window.as_posix()}" %s'
        program = tmp_path / "host.py"
        program.write_text(code_blocks.block(code_blocks.HOST), encoding="utf-8")
        settings = {
            "ignore_payments_before": seed.cut_off_date(now),
            "api_access_token": "left-over",
        }
        done = subprocess.run(
            [empty_environment, program, "FortnoxAPI"]
            + [f"{key}={value}" for key, value in settings.items()],
            env=os.environ | sandbox.environment() | {"BROWSER": here, "PYTHONIOENCODING": "utf-8"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    came = Counter(line.rpartition(" ")[2] for line in done.stdout.splitlines())
    assert came["ok"] > 100
    assert set(came) == {"ok", "before-date", "not-booked", "unreadable"}
    assert "Hämtar valutabelopp" in done.stderr


@pytest.fixture(scope="module")
def environment_of_the_sandbox(tmp_path_factory, wheel) -> Path:
    """Return the interpreter of an environment with the wheel and its extra for the sandbox."""
    folder = tmp_path_factory.mktemp("sandbox")
    venv.create(folder)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip(Path(sys.executable), "--python", str(python), "install", f"{wheel}[sandbox]")
    return python


def test_the_sandbox_runs_from_the_wheel_with_its_extra_alone(environment_of_the_sandbox, tmp_path):
    names = ("click", "filelock", "flask", "keyring", "rich", "waitress")
    # Flask brings click along.
    program = (
        "import importlib.util as u, runpy, sys;"
        f"print(*[n for n in {names} if u.find_spec(n)], file=sys.stderr);"
        "sys.argv[1:] = ['--companies', '2', '--json'];"
        "runpy.run_module('hostsim.sandbox', run_name='__main__', alter_sys=True)"
    )
    with subprocess.Popen(
        [environment_of_the_sandbox, "-W", "error", "-c", program],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    ) as child:
        try:
            told = json.loads(child.stdout.readline())
            company = told["companies"][1]
            wanted = {"company": str(company["number"])}
            answer = requests.post(f"{told['control_url']}/token", json=wanted, timeout=30)
            bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
            address = f"{told['api_url']}/companyinformation"
            shown = requests.get(address, headers=bearer, timeout=30).json()
            child.terminate()
            rest, err = child.communicate(timeout=30)
        finally:
            child.kill()
    assert shown["CompanyInformation"]["CompanyName"] == company["name"]
    assert (rest, err.split()) == ("", ["click", "flask", "waitress"])
    assert child.returncode == 143 or os.name == "nt"

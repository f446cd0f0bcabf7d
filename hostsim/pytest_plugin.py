"""Fixtures for tests of an import plug-in, in this project or any other.

In the ``conftest.py`` beside the tests' root, or in a test module::

    pytest_plugins = ["hostsim.pytest_plugin"]

and in a test::

    @pytest.fixture
    def opter_plugin():
        return our_plugin

    @pytest.fixture
    def opter_settings():
        return {"path": "payments.txt"}

    def test_our_plug_in_reads_payments(opter_recorded):
        assert [payment.key.number for payment in opter_recorded.payments] == ["1"]

``opter_plugin`` and ``opter_settings`` must be given. Override as needed: ``opter_sign_in`` (a
function that signs in at a URL), ``opter_web_sign_in`` (one that returns where the browser is sent
then) with ``opter_redirect_uri``, ``opter_configuration``, ``opter_import_type``. Nothing here is
loaded by itself. :class:`opter_contract.conformance.plugins.PluginConformance` tests a plug-in
against the whole contract with the same fixtures, as does
:class:`opter_contract.conformance.export_plugins.ExportPluginConformance` one that exports.
Needs pytest and pluggy alone, except ``opter_host``, the whole simulator in a temporary folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from opter_contract.conformance.recording_host import FakeBrowser, RecordedRun, RecordingHost

if TYPE_CHECKING:
    from hostsim.services.host import Host


@pytest.fixture
def opter_plugin() -> object:
    """Return the plug-in under test: what its entry point names."""
    pytest.fail("override the fixture opter_plugin: return the plug-in")


@pytest.fixture
def opter_settings() -> Mapping[str, str]:
    """Return settings that lead to a payment, or an export, as a person would type them."""
    pytest.fail("override the fixture opter_settings: return values by field")


@pytest.fixture
def opter_sign_in() -> Callable[[str], object] | None:
    """Return the function that signs in at a URL; by default there is no browser."""
    return None


@pytest.fixture
def opter_redirect_uri() -> str:
    """Return the address at which a host that is a web application receives an answer."""
    return "https://host.example/opter/callback"


@pytest.fixture
def opter_web_sign_in() -> Callable[[str], str] | None:
    """Return the function that signs in at a URL and returns where the browser is sent then."""
    return None


@pytest.fixture
def opter_configuration() -> Mapping[str, str]:
    """Return the values of the host's administrator; none unless overridden."""
    return {}


@pytest.fixture
def opter_browser(opter_sign_in: Callable[[str], object] | None) -> FakeBrowser:
    """Return a browser that records its URLs and signs in by itself."""
    return FakeBrowser(opter_sign_in)


@pytest.fixture
def opter_recording_host(
    opter_plugin: object, opter_browser: FakeBrowser, opter_configuration: Mapping[str, str]
) -> RecordingHost:
    """Return a host in memory that has the plug-in and records every call."""
    return RecordingHost(opter_plugin, browser=opter_browser, configuration=opter_configuration)


@pytest.fixture
def opter_import_type(opter_recording_host: RecordingHost) -> str:
    """Return the code of the import type under test; by default the plug-in's first."""
    code: str = opter_recording_host.call("opter_import_types")[0].code
    return code


@pytest.fixture
def opter_import(
    opter_recording_host: RecordingHost, opter_import_type: str, opter_settings: Mapping[str, str]
) -> Callable[[], RecordedRun]:
    """Return a function that imports once and returns what was handed over."""
    host = opter_recording_host
    checked = host.call(
        "opter_check_settings",
        type_code=opter_import_type,
        values=dict(opter_settings),
        subject="",
    )
    return lambda: host.import_payments(host.new_run(opter_import_type, checked.values))


@pytest.fixture
def opter_recorded(opter_import: Callable[[], RecordedRun]) -> RecordedRun:
    """Import once; return what the plug-in handed over."""
    return opter_import()


@pytest.fixture
def opter_host(
    opter_plugin: object,
    opter_browser: FakeBrowser,
    opter_configuration: Mapping[str, str],
    tmp_path: Path,
) -> Iterator[Host]:
    """Run the whole simulator with this plug-in alone, in a database of this test's own."""
    from hostsim.plugins.loading import Plugins  # noqa: PLC0415
    from hostsim.services.host import Host  # noqa: PLC0415 needs more than pytest and pluggy
    from hostsim.storage.store import Store  # noqa: PLC0415

    with Store.create(tmp_path / "host.db") as store:
        plugins = Plugins([("tested", opter_plugin)])
        yield Host(store, plugins, configuration=opter_configuration, window=opter_browser)

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

    def test_our_plug_in_reads_payments(opter_emitted):
        assert [payment.key.number for payment in opter_emitted.payments] == ["1"]

``opter_plugin`` and ``opter_settings`` must be given; override what else is
wanted otherwise: ``opter_sign_in`` (a function that signs in at an address),
``opter_configuration``, ``opter_import_type``. Nothing here is loaded by itself.
:class:`opter_contract.conformance.plugins.PluginConformance` holds a plug-in to the
whole contract with the same fixtures. Needs pytest and pluggy alone, but for
``opter_host``, the whole simulator in a temporary place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from opter_contract.conformance.witness import Emitted, Window, Witness

if TYPE_CHECKING:
    from hostsim.services.host import Host


@pytest.fixture
def opter_plugin() -> object:
    """Give the plug-in that is tested: what its entry point names."""
    pytest.fail("override the fixture opter_plugin: return the plug-in")


@pytest.fixture
def opter_settings() -> Mapping[str, str]:
    """Give settings that lead to a payment, as a person would type them."""
    pytest.fail("override the fixture opter_settings: return values by field")


@pytest.fixture
def opter_sign_in() -> Callable[[str], object] | None:
    """Give the function that signs in at an address; preset: no window can be opened."""
    return None


@pytest.fixture
def opter_configuration() -> Mapping[str, str]:
    """Give the values of the host's administrator; none unless overridden."""
    return {}


@pytest.fixture
def opter_window(opter_sign_in: Callable[[str], object] | None) -> Window:
    """Give a login window that remembers its addresses and signs in by itself."""
    return Window(opter_sign_in)


@pytest.fixture
def opter_witness(
    opter_plugin: object, opter_window: Window, opter_configuration: Mapping[str, str]
) -> Witness:
    """Put the plug-in into a host in memory that remembers every call."""
    return Witness(opter_plugin, window=opter_window, configuration=opter_configuration)


@pytest.fixture
def opter_import_type(opter_witness: Witness) -> str:
    """Give the code of the import type that is tested; preset: the plug-in's first."""
    code: str = opter_witness.ask("opter_import_types")[0].code
    return code


@pytest.fixture
def opter_checked(
    opter_witness: Witness, opter_import_type: str, opter_settings: Mapping[str, str]
) -> Mapping[str, str]:
    """Give the settings as the plug-in wants them stored."""
    checked = opter_witness.ask(
        "opter_check_settings", type_code=opter_import_type, values=dict(opter_settings)
    )
    values: Mapping[str, str] = checked.values
    return values


@pytest.fixture
def opter_import(
    opter_witness: Witness, opter_import_type: str, opter_checked: Mapping[str, str]
) -> Callable[[], Emitted]:
    """Give a function that imports once more, and returns what was handed over."""
    return lambda: opter_witness.import_payments(
        opter_witness.run(opter_import_type, opter_checked)
    )


@pytest.fixture
def opter_emitted(opter_import: Callable[[], Emitted]) -> Emitted:
    """Import once; give what the plug-in handed over."""
    return opter_import()


@pytest.fixture
def opter_host(
    opter_plugin: object,
    opter_window: Window,
    opter_configuration: Mapping[str, str],
    tmp_path: Path,
) -> Iterator[Host]:
    """Run the whole simulator with this plug-in alone, in a database of this test's own."""
    from hostsim.plugins.loading import Plugins  # noqa: PLC0415
    from hostsim.services.host import Host  # noqa: PLC0415 needs more than pytest and pluggy
    from hostsim.storage.store import Store  # noqa: PLC0415

    with Store.create(tmp_path / "host.db") as store:
        plugins = Plugins([("tested", opter_plugin)])
        yield Host(store, plugins, configuration=opter_configuration, window=opter_window)

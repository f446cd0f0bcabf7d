"""Checks that a host or an import plug-in keeps to the contract, for either to run on itself.

Needs pytest and pluggy, and nothing else of hostsim than the contract page. A
plug-in's author inherits :class:`.plugins.PluginConformance`; a host's author
inherits the classes of :mod:`.hosts` that stand for what the host claims.
"""

import pytest

# Before they are imported: their asserts say what was compared, as in any test.
pytest.register_assert_rewrite(
    "opter_contract.conformance.plugins",
    "opter_contract.conformance.hosts",
    "opter_contract.conformance.promises",
    "opter_contract.conformance.shell",
)

"""Tests that a host or a plug-in conforms to the contract.

Needs pytest and pluggy, and nothing of hostsim. A plug-in's author inherits
:class:`.plugins.PluginConformance` or :class:`.export_plugins.ExportPluginConformance`; a host's
author inherits the classes of :mod:`.hosts` and :mod:`.export_hosts` that the host claims.
"""

import pytest

# Before they are imported, so that their asserts show the compared values, as in any test.
pytest.register_assert_rewrite(
    *(
        f"{__name__}.{module}"
        for module in (
            "every_plugin",
            "plugins",
            "export_plugins",
            "host_under_test",
            "host_runs",
            "host_previews",
            "host_books",
            "export_host_under_test",
            "export_hosts",
        )
    )
)

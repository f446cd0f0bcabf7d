"""The conformance suite of hosts: inherit what yours claims.

In a test module of a host::

    from opter_contract.conformance.hosts import HostJudges, HostSaves, HostTakes

    class TestOurHost(HostTakes, HostJudges, HostSaves):
        '''Our host keeps to the contract.'''

        @pytest.fixture
        def host_under_test(self, tmp_path):
            return OurHostForTests(tmp_path)

The fixture returns a :class:`HostUnderTest`: :mod:`.host_under_test` explains how to write one.
The tests marked as promised are the sentences of the contract page, under "What your host must
promise"; they see of a host what a person sees. A host that saves claims all classes of
:mod:`.host_previews` and :mod:`.host_books`; :class:`HostConformance` is everything.
"""

from opter_contract.conformance.host_books import (
    HostPersists,
    HostRegistersOnce,
    HostSaves,
    HostSendsChanges,
)
from opter_contract.conformance.host_previews import HostAccounts, HostCompares, HostJudges
from opter_contract.conformance.host_runs import (
    HostCancels,
    HostLocks,
    HostOpensBrowser,
    HostShowsFailures,
    HostStoresSecrets,
    HostStoresState,
    HostTakes,
    HostWithoutBrowser,
)

__all__ = [
    "HostAccounts",
    "HostCancels",
    "HostCompares",
    "HostConformance",
    "HostJudges",
    "HostLocks",
    "HostOpensBrowser",
    "HostPersists",
    "HostRegistersOnce",
    "HostSaves",
    "HostSendsChanges",
    "HostShowsFailures",
    "HostStoresSecrets",
    "HostStoresState",
    "HostTakes",
    "HostWithoutBrowser",
]


class HostConformance(
    HostTakes,
    HostStoresState,
    HostStoresSecrets,
    HostLocks,
    HostCancels,
    HostOpensBrowser,
    HostShowsFailures,
    HostSaves,
    HostJudges,
    HostAccounts,
    HostRegistersOnce,
    HostPersists,
    HostWithoutBrowser,
    HostCompares,
    HostSendsChanges,
):
    """The whole contract."""

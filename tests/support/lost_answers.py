"""Requests that fail, before or after their effect, for exports that go on where they were."""

from dataclasses import replace

from hypothesis import strategies as st

from hostsim.sandbox import Fault
from opter_fortnox_plugin.errors import FortnoxError


def faults_of(requests):
    """Make a strategy of faults of these requests."""
    return st.builds(
        lambda fault, match, times, after: replace(fault, match=match, times=times, after=after),
        st.sampled_from(
            [
                Fault.reset(),
                Fault.reset(performed=True),
                Fault(500),
                Fault(500, performed=True),
                Fault(503, performed=True),
                Fault.truncated(),
                Fault.html(),
                Fault.garbage(),
                Fault.too_many(),
                Fault(401),
            ]
        ),
        st.sampled_from(requests),
        st.integers(1, 8),
        st.integers(0, 6),
    )


def interrupted_export(office, *, may_fail):
    """Export, and let the host remember what it was told, as one that was killed would."""
    try:
        office.export()
    except FortnoxError as error:
        assert may_fail
        assert error.kind in {"unavailable", "login"}  # noqa: PT017
    # A host gives back what it is not told of as intended.
    told = {one.id for one in office.recorded.results if one.state != "unknown"}
    office.host.intended |= set(office.recorded.intents) - told
    office.sandbox.faults.clear()

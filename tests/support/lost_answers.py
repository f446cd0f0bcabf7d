"""Faults before or after the effect of a request, for exports that resume."""

from dataclasses import replace

from hypothesis import strategies as st

from hostsim.sandbox import Fault
from opter_fortnox_plugin.errors import FortnoxError


def fault_strategy(requests):
    """Return a strategy of faults for these requests."""
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
    """Export, and let the host store what it has received, like a killed host."""
    try:
        office.export()
    except FortnoxError as error:
        assert may_fail
        assert error.kind in {"unavailable", "login"}  # noqa: PT017
    # A host gives back what it is not told of as intended.
    told = {one.id for one in office.recorded.results if one.state != "unknown"}
    office.host.intended |= set(office.recorded.intents) - told
    office.sandbox.faults.clear()

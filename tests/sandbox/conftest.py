"""One company and a program with every right, for tests of what an export writes."""

from datetime import UTC, datetime

import pytest
from fortnox_exporter import Exporter

from hostsim.sandbox import Clock, Sandbox, State, Switches


@pytest.fixture
def fortnox():
    """Somebody who writes to a company with one customer, on 17 March 2026."""
    clock = Clock.stopped_at(datetime(2026, 3, 17, 9, 30, 15, tzinfo=UTC))
    state = State(clock)
    state.add_company(17, "Ett Åkeri AB", organisation_number="559000-0017", city="Björkvik")
    with Sandbox(state, clock=clock, switches=Switches(rate_limit=None)) as sandbox:
        exporter = Exporter(sandbox)
        exporter.record("customers", CustomerNumber="1", Name="Updated name")
        yield exporter

"""An office with an invented plug-in, and a person at its pages."""

import pytest
from desk_person import Person
from host_and_plugin import Clock, invoices, plugin, store

from hostsim.desk.context import DeskContext
from hostsim.plugins.loading import Plugins

__all__ = ["invoices", "plugin", "store"]


@pytest.fixture
def plugins(plugin):
    return Plugins([("fake", plugin)])


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def desk_context(store, plugins, clock):
    desk_context = DeskContext(store, plugins, clock=clock, user="kim")
    yield desk_context
    desk_context.jobs.stop()


@pytest.fixture
def defined(desk_context, plugin):
    """The same, with the import Fortnox."""
    desk_context.host().define("Fortnox", plugin.code, "API", "", {})
    return desk_context


@pytest.fixture
def person(defined):
    return Person(defined)

"""Each list says what its columns mean."""

import pytest

from hostsim.messages import help as texts
from hostsim.views.pages import PAGES
from hostsim.views.preview import SAVED, UNDONE
from hostsim.views.table import on_page


@pytest.mark.parametrize("name", sorted(texts.LISTS.keys() & PAGES.keys()))
def test_every_column_of_a_list_is_explained(name):
    assert [one.key for one in on_page(PAGES[name]) if texts.column(name, one.key) is None] == []


@pytest.mark.parametrize("columns", [SAVED, UNDONE])
def test_so_is_every_column_of_what_is_saved_or_undone(columns):
    assert [one.key for one in on_page(columns) if texts.column("ready", one.key) is None] == []

"""Each list says what its columns mean."""

import pytest

from hostsim.messages import help as texts
from hostsim.views.pages import PAGES
from hostsim.views.table import on_page


@pytest.mark.parametrize("name", sorted(texts.LISTS.keys() & PAGES.keys()))
def test_every_column_of_a_list_is_explained(name):
    explained = texts.COLUMNS.keys() | texts.OF_LIST.get(name, {}).keys()
    assert [column.key for column in on_page(PAGES[name]) if column.key not in explained] == []

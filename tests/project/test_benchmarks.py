"""The benchmarks run; how fast anything is says no test."""

import importlib.util
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch):
    """Import a program of the folder."""
    monkeypatch.syspath_prepend(str(FOLDER.parents[1]))
    monkeypatch.syspath_prepend(str(FOLDER))

    def imported(name):
        spec = importlib.util.spec_from_file_location(
            f"tests.benchmarks.{name}", FOLDER / f"{name}.py"
        )
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        return module

    return imported


def test_a_thousand_payments_are_imported_and_saved_beside_the_sandbox(benchmark, tmp_path):
    result = benchmark("__main__").measure("ours", 1_000, tmp_path, limited=False)
    assert (result.right, result.refused) == (1_000, 0)
    # Two pages, the company, whether anything changed meanwhile, and what is unpaid.
    assert result.requests == 5


def test_new_invoices_cost_a_request_each_and_known_customers_none(benchmark):
    program = benchmark("export_limit")
    with program.running(program.seed.empty, program.Switches(rate_limit=None), (0, 0)) as fortnox:
        results = list(program.measure(10, 2, fortnox=fortnox, others=3, pause=0.0))
    assert [result.writes for result in results] == [12, 10, 0, 0, 0]
    assert results[2].requests == 1
    assert {result.states for result in results[:2]} == {"10 sent"}


def test_the_processor_is_measured_from_bytes_to_saved_rows(benchmark):
    result = benchmark("processor").measure(1_000)
    assert result.saved == 970
    assert {"JSON", "schemas", "judging", "rows kept"} <= result.parts.keys()


def test_a_chart_is_a_picture_with_every_line_named(benchmark):
    chart = benchmark("plot").chart("Seconds", {"a": [(10, 1), (100, 7)], "b<": [(10, 2)]})
    words = [element.text for element in ET.fromstring(chart).iter() if element.text]  # noqa: S314 - our own
    assert {"a", "b<", "10", "100"} <= set(words)


def test_companies_are_brought_in_beside_each_other(benchmark):
    done, requests, refused = benchmark("companies").measure(4, 2, (0.0, 0.0))
    assert sum(done.outcomes.values()) == 4
    assert done.saved > 4
    assert requests >= 12
    assert refused == 0

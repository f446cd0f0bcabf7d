"""Run a conformance suite inside a test, on something that may break a rule."""

from __future__ import annotations

#: Errors of a mutant that is itself broken, and so fails any test.
BROKEN = ("AttributeError", "NameError", "TypeError")

#: Follows a module with ``WRONG``, the mutants by name, each with the check that must fail on it.
EACH_ON_ITS_MUTANTS = """
def pytest_generate_tests(metafunc):
    own = [name for name, (_, check) in WRONG.items() if check == metafunc.function.__name__]
    metafunc.parametrize("mutant", own, indirect=True)

@pytest.fixture(autouse=True)
def mutant(request, record_property):
    record_property("mutant", request.param)
    return WRONG[request.param][0]()
"""


def outcomes(pytester, program, *only):
    """Run a test module; return the names of the tests that passed, were skipped, failed."""
    return [
        {report.nodeid.rpartition("::")[2].partition("[")[0] for report in several}
        for several in _reports(pytester, program, *only)
    ]


def noticed(pytester, program):
    """Run each check on its mutants alone; return the names of those that it fails on."""
    _passed, _skipped, failed = _reports(pytester, program + EACH_ON_ITS_MUTANTS)
    return {name for report in failed for _, name in report.user_properties}


def _reports(pytester, program, *only):
    pytester.makepyfile(program)
    # Tracebacks of pytest's own look up the source of each frame.
    reports = pytester.inline_run("-q", "-p", "no:cacheprovider", "--tb=native", *only)
    passed, skipped, failed = reports.listoutcomes()
    errors = [report.longrepr.reprcrash.message for report in failed]
    assert [error for error in errors if error.startswith(BROKEN)] == []
    return passed, skipped, failed


def checks(suite):
    """Return the names of the tests of a suite."""
    return {name for name in dir(suite) if name.startswith("test_")}

"""Run a conformance suite inside a test, on something that may break a rule."""

from __future__ import annotations

#: Errors of a mutant that is itself broken, and so fails any test.
BROKEN = ("AttributeError", "NameError", "TypeError")


def outcomes(pytester, program, *only):
    """Run a test module; return the names of the tests that passed, were skipped, failed."""
    pytester.makepyfile(program)
    # Tracebacks of pytest's own look up the source of each frame.
    reports = pytester.inline_run("-q", "-p", "no:cacheprovider", "--tb=native", *only)
    passed, skipped, failed = reports.listoutcomes()
    errors = [report.longrepr.reprcrash.message for report in failed]
    assert [error for error in errors if error.startswith(BROKEN)] == []
    return [
        {report.nodeid.rpartition("::")[2].partition("[")[0] for report in several}
        for several in (passed, skipped, failed)
    ]


def checks(suite):
    """Return the names of the tests of a suite."""
    return {name for name in dir(suite) if name.startswith("test_")}

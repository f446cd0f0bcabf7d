"""A process that is killed inside a commit of SQLite leaves a whole database.

The system itself ends the process, at the write that would make a file longer
than a limit (RLIMIT_FSIZE), and tears that write there. The limits go through
every page that the log of an import and of its save gets, and through every
page that is moved from the log into the database.
"""

import shutil
import signal
import sys

import killed_process
import pytest
from killed_process import PARTS, content_digest, steps_of_part
from scripted_import import (
    Script,
    fresh_code,
    integrity_errors,
    registered,
)

from hostsim.storage.store import Store

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="no RLIMIT_FSIZE: Windows ends no process at a write"
)

small_pages, folder = killed_process.small_pages, killed_process.folder
killed, sandbox = killed_process.killed, killed_process.sandbox

#: Bytes, as https://sqlite.org/fileformat2.html#walformat has them.
WAL_HEADER, FRAME_HEADER, PAGE = 32, 24, 4096
FRAME = FRAME_HEADER + PAGE


@pytest.fixture(scope="module")
def script(folder):
    return Script(folder)


def log_of(path):
    return path.with_name(f"{path.name}-wal")


class Office:
    """Databases to begin with, and what an undisturbed import and save make of them."""

    def __init__(self, script, sandbox, killed):
        self.script, self.sandbox, self.killed = script, sandbox, killed
        self._folder = script.base.parent
        #: What was left, and made good by the next import.
        self.made_good = set()
        path = script.copy()
        self.undisturbed = [script.run(sandbox, path).rows for _ in range(2)]
        self.before = registered(script.base)
        #: How many payments a save adds.
        self.ready = len(self.undisturbed[0]["payments"]) - len(self.before)
        self.imported, _ = self._stopped("imported", "imported", script.base, self.do_import)
        with Store.open(self.imported):
            # Closing it moves its log into it.
            pass
        # After its commit, and before its log is moved.
        saved = "PRAGMA wal_checkpoint(TRUNCATE)"
        _, self.log_of_a_save = self._stopped("saved", saved, self.imported, self.do_save)
        self.saved, self.log_of_all = self._stopped("saved", saved, script.base, self.do_import)

    def _stopped(self, name, at, base, do):
        """Keep the database as it is at a step, with its log; return it, and the log's length."""
        path = self.lay(base)
        ended, taken = do(path, die_at=(at, 1))
        assert (ended, taken[-1]) == (-signal.SIGKILL, at)
        place = self._folder / f"{name}.db"
        shutil.copy(path, place)
        shutil.copy(log_of(path), log_of(place))
        return place, log_of(path).stat().st_size

    def lay(self, base):
        """Lay a fresh copy of a database, with its log, in the place of the last one."""
        path = self.script.copy()
        shutil.copy(base, path)
        if log_of(base).exists():
            shutil.copy(log_of(base), log_of(path))
        return path

    def do_import(self, path, **how):
        self.script.time.sleep(60)
        task = {"code": fresh_code(self.sandbox), "configuration": self.sandbox.environment()}
        return self.killed.do("import", db=str(path), **task, **how)

    def do_save(self, path, **how):
        return self.killed.do("save", db=str(path), **how)

    def do_close(self, path, **how):
        return self.killed.do("close", db=str(path), **how)

    def wrong_after(self, path):
        """Name what is wrong with a database of a killed process, or after its next import."""
        if found := integrity_errors(path):
            return f"the database is damaged: {found}"
        there = registered(path)
        if len(there) not in {len(self.before), len(self.undisturbed[0]["payments"])}:
            return f"{there} are registered"
        with Store.open(path) as store:
            left = content_digest(store)
        if left not in self.made_good:
            outcome = self.script.run(self.sandbox, path)
            if outcome.rows != self.undisturbed[there != self.before]:
                return f"the next import ends otherwise ({outcome.status})"
            self.made_good.add(left)
        return None


@pytest.fixture(scope="module")
def office(script, sandbox, killed):
    return Office(script, sandbox, killed)


def tried(office, base, do, limits):
    """Do it under each limit; give what was wrong afterwards, and how many payments were saved."""
    saved, wrong = [], []
    for limit in limits:
        path = office.lay(base)
        ended, _ = do(path, limit=limit)
        if ended != -signal.SIGXFSZ:
            wrong.append(f"limit {limit}: it was not killed, but ended with {ended}")
        saved.append(len(registered(path)) - len(office.before))
        if found := office.wrong_after(path):
            wrong.append(f"limit {limit}: {found}")
    return wrong, saved


def frames(length):
    """Return where the pages of a log begin."""
    assert (length - WAL_HEADER) % FRAME == 0
    return range(WAL_HEADER, length, FRAME)


def torn(starts):
    """Return each place before a page, and every sixth one after its header and in its middle.

    SQLite takes a page that is torn, wherever it is, for one that is not there.
    """
    starts = list(starts)
    header = (start + FRAME_HEADER for start in starts[3::6])
    middle = (start + FRAME_HEADER + PAGE // 2 for start in starts[::6])
    return sorted([*starts, *header, *middle])


@pytest.mark.parametrize("part", range(PARTS))
def test_a_process_that_is_killed_at_any_page_of_its_log_is_made_good(script, office, part):
    """Before each page that an import and its save write, and in some."""
    limits = torn(steps_of_part(frames(office.log_of_all), part))
    wrong, _ = tried(office, script.base, office.do_import, limits)
    assert wrong == []
    assert len(frames(office.log_of_all)) > 50


def test_a_process_that_is_killed_inside_the_commit_of_a_save_has_saved_nothing(office):
    """Also in the log's header. One byte after the log's last page, everything is saved."""
    limits = [0, WAL_HEADER // 2, *torn(frames(office.log_of_a_save))]
    limits += [office.log_of_a_save - 1, office.log_of_a_save]
    wrong, saved = tried(office, office.imported, office.do_save, limits)
    assert wrong == []
    assert saved == [0] * (len(limits) - 1) + [office.ready]
    assert len(frames(office.log_of_a_save)) > 15


def test_a_process_that_is_killed_while_its_log_is_moved_has_saved_everything(office):
    """At each page of the database that the log holds: some of them are the new ones then."""
    pages = pages_in(log_of(office.saved))
    limits = [at for page in sorted(pages) for at in ((page - 1) * PAGE, page * PAGE - PAGE // 2)]
    wrong, saved = tried(office, office.saved, office.do_close, limits)
    assert wrong == []
    assert set(saved) == {office.ready}
    assert len(pages) > 20


def pages_in(log):
    """Return the numbers of the pages that a log holds, counted from 1."""
    text = log.read_bytes()
    return {int.from_bytes(text[at : at + 4], "big") for at in frames(len(text))}

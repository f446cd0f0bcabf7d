"""Backs up and restores, and kills itself at a step, each time in a new process.

Its arguments are what to do (``backup`` or ``restore``), the database and the other file. Reads a
number from each line of standard input, forks, has the child kill itself before that step, and
prints the signal that ended it, or its status if it has fewer steps. A step is a change of names
in a folder, or an fsync.
"""

import os
import pathlib
import signal
import sys
from datetime import UTC, datetime, timedelta

from hostsim.storage import backup


def do(what, database, file, second):
    if what == "backup":
        backup.back_up(database, file, replace=True)
    else:
        # Each keeps the database by the first name that it tries.
        at = datetime(2026, 2, 3, tzinfo=UTC) + timedelta(seconds=second)
        backup.restore(file, database, at)


def stepping(function, steps):
    def called(*arguments, **keywords):
        if next(steps, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **keywords)

    return called


what, *paths = sys.argv[1:]
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        steps = iter(range(int(line)))
        os.link, os.fsync = stepping(os.link, steps), stepping(os.fsync, steps)
        for name in ("replace", "rename", "unlink"):
            setattr(pathlib.Path, name, stepping(getattr(pathlib.Path, name), steps))
        try:
            do(what, *map(pathlib.Path, paths), int(line))
            os._exit(0)
        except BaseException:  # noqa: BLE001 nothing of the child may run on in its parent's place
            os._exit(1)
    _, ended = os.waitpid(child, 0)
    sys.stdout.write(f"{os.waitstatus_to_exitcode(ended)}\n")
    sys.stdout.flush()

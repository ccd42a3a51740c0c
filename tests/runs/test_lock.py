"""A run folder is one process's: each way in which it cannot be had is told for what it is."""

import errno
import os
import socket
import subprocess
import sys

import pytest

from reparam.errors import UserError
from reparam.folders import Unwritten
from reparam.runs.folder import RunFolder
from reparam.runs.lock import held

fcntl = pytest.importorskip("fcntl", reason="the locks of other systems cannot be tried here")
HOLD = "import sys, time; from reparam.runs.folder import RunFolder\nwith RunFolder(sys.argv[1]).locked(new=True): {}"


def refused(folder, by=UserError):
    with pytest.raises(by) as told, RunFolder(folder).locked(new=True):
        pass
    return str(told.value)


def test_another_process_is_named_only_while_there_is_one_and_a_kill_lets_go(tmp_path):
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD.format("print(flush=True); time.sleep(60)"), tmp_path], stdout=subprocess.PIPE
    )
    with other:
        other.stdout.readline()
        who = f"{other.pid} on {socket.gethostname()}"
        assert refused(tmp_path) == f"another process ({who}) is training into {tmp_path}: wait for it, or use out=..."
        assert held(tmp_path) == f"another process ({who})"
        other.kill()
    assert held(tmp_path) is None, "though its name stands there yet"
    with RunFolder(tmp_path).locked():
        pass


def test_the_lock_is_a_hidden_file_that_leaves_a_folder_free(tmp_path):
    place = RunFolder(tmp_path / "new" / "run")
    with place.locked(new=True):
        assert [path.name for path in place.path.iterdir()] == [".lock"]
    place.check_free()
    with place.locked():  # and may be taken again
        pass


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("process 7 on elsewhere\n", "another process (7 on elsewhere)"),
        ("process 7 on \x1b[31mred\n", "another process (7 on \\x1b[31mred)"),
        (
            "process 4194999 on {here}\n",
            "another process",
        ),  # no Linux gives such a number: it was killed before this one
        ("", "another process"),
        ("process x on y\n", "another process"),
        ("process 7 on " + 300 * "y" + "\n", "another process"),
    ],
)
def test_what_a_lock_says_is_told_as_far_as_it_can_be_true(tmp_path, written, told):
    with RunFolder(tmp_path).locked():
        (tmp_path / ".lock").write_text(written.format(here=socket.gethostname()))
        assert held(tmp_path) == told


REASONS = {
    errno.ENOSYS: "knows no locks",
    errno.ENOLCK: "knows no locks",
    errno.EOPNOTSUPP: "knows no locks",
    errno.ENOSPC: "there is no space for",
    errno.EDQUOT: "there is no space for",
    errno.EROFS: "cannot be written to",
    errno.EPERM: "cannot be written to",
    errno.EIO: "cannot be a run folder",
}


@pytest.mark.parametrize("number", REASONS, ids=errno.errorcode.get)
@pytest.mark.parametrize("call", ["flock", "open", "mkdir"])
def test_what_the_system_says_is_passed_on(tmp_path, monkeypatch, call, number):
    """As file systems answer that are not here: read-only ones, full ones, those without locks.

    It is told as what cannot be written is, which no study takes for a failure of its settings.
    """

    def fail(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(*{"flock": (fcntl, "flock"), "open": (os, "open"), "mkdir": (os, "mkdir")}[call], fail)
    told = refused(tmp_path / "run" if call == "mkdir" else tmp_path, Unwritten)
    monkeypatch.undo()
    assert REASONS[number] in told
    assert os.strerror(number) in told
    assert "another process" not in told


def test_a_file_in_the_folders_place_is_refused(tmp_path):
    (tmp_path / "thesis").write_text("mine")
    for place in (tmp_path / "thesis", tmp_path / "thesis" / "run"):
        assert f"{place} cannot be a run folder" in refused(place)
    assert (tmp_path / "thesis").read_text() == "mine"

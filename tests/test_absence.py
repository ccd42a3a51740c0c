"""What is said once not to be there, and is, is taken for there; what is said twice is an error, and never absence."""

import ast
import errno
import os
from pathlib import Path

import pytest

from reparam.absence import Contradiction, mode_of, remove, surely
from reparam.door import (
    Damaged,
    Missing,
    Unreadable,
    below,
    is_file,
    is_folder,
    leads_somewhere,
    listed,
    present,
    read_bytes,
)
from reparam.folders import Unwritten, Vanished, make_folder, standing, unchanged
from reparam.runs.lock import hold

SRC = Path(__file__).parent.parent / "src" / "reparam"


@pytest.fixture
def place(tmp_path):
    """A file, and a folder that holds one."""
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "one").touch()
    return tmp_path


@pytest.fixture
def deny(monkeypatch):
    """Have a call of the system's say of a path, so often, that nothing is there."""

    def denies(call, path, times):
        real, left = getattr(os, call), [times]

        def said(asked, *args, **how):
            if left[0] and os.fspath(asked) == str(path):
                left[0] -= 1
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
            return real(asked, *args, **how)

        monkeypatch.setattr(os, call, said)
        return left

    return denies


def enters(block):
    with block:
        return True


def made(folder):
    make_folder(folder)
    return folder.is_dir()


def removed(file):
    remove(file)
    return not file.exists()


LOOKS = {
    "anything": ("lstat", "file", present),
    "anything, links followed": ("stat", "file", leads_somewhere),
    "a file": ("stat", "file", is_file),
    "a folder": ("stat", "folder", is_folder),
    "a folder to stand": ("stat", "folder", lambda folder: enters(standing(folder))),
}
CALLS = {
    "names": ("listdir", "folder", lambda folder: [one.name for one in listed(folder, "*")] == ["one"]),
    "all below": ("listdir", "folder", lambda folder: [one.name for one in below(folder.parent)] == ALL),
    "which file": ("stat", "file", lambda file: read_bytes(file) == b"content"),
    "a file's content": ("open", "file", lambda file: read_bytes(file) == b"content"),
    "a folder that stays": ("open", "folder", lambda folder: enters(unchanged(folder))),
    "a new folder": ("mkdir", "folder/new", made),
    "a new run": ("mkdir", "folder/run", lambda folder: enters(hold(folder, new=True))),
    "a lock": ("open", "folder/.lock", lambda file: enters(hold(file.parent))),
    "no file": ("unlink", "file", removed),
}
ALL = ["file", "folder", "one"]


@pytest.mark.parametrize("name", [*LOOKS, *CALLS])
def test_what_is_denied_once_is_there(place, deny, name):
    call, path, ask = (LOOKS | CALLS)[name]
    left = deny(call, place / path, 1)
    assert ask(place / path)
    assert left == [0]


@pytest.mark.parametrize("name", [name for name in CALLS if CALLS[name][0] != "stat"])
def test_what_is_denied_again_is_an_error_and_no_absence(place, deny, name):
    call, path, ask = CALLS[name]
    deny(call, place / path, 10**6)
    with pytest.raises((Unreadable, Unwritten, Contradiction), match="as the system says of what is there") as told:
        ask(place / path)
    assert not isinstance(told.value, Missing | Vanished | FileNotFoundError)


def test_what_is_really_not_there_is_told_so(place):
    gone = place / "gone"
    assert not any(ask(gone) for ask in (present, leads_somewhere, is_file, is_folder))
    assert not any(ask(place / "file" / "in a file") for ask in (present, leads_somewhere, is_file, is_folder))
    assert listed(gone, "*") == []
    with pytest.raises(Missing):
        read_bytes(gone)
    with pytest.raises(Vanished):
        enters(unchanged(gone))
    remove(gone)
    (place / "link").symlink_to(gone)
    assert present(place / "link")
    assert not leads_somewhere(place / "link")
    with pytest.raises(Damaged, match="a link to nothing"):
        read_bytes(place / "link")


@pytest.mark.parametrize("name", ["a\0b", "a" * 5000, "loop"])
def test_where_nothing_can_be_nothing_is(tmp_path, name):
    (tmp_path / "loop").symlink_to("loop")
    assert not leads_somewhere(tmp_path / name)
    assert present(tmp_path / name) == (name == "loop")


@pytest.mark.parametrize("ask", [present, leads_somewhere, is_file, is_folder])
def test_what_the_system_does_not_say_is_no_absence(tmp_path, monkeypatch, ask):
    def fails(path, **how):
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))

    for call in ("stat", "lstat"):
        monkeypatch.setattr(os, call, fails)
    with pytest.raises(Unreadable, match="Input/output error"):
        ask(tmp_path)


def test_it_is_asked_about_what_has_to_be_there(place):
    """A folder that cannot be made since the one above it is gone is not tried again."""
    calls = []

    def make():
        calls.append(1)
        (place / "gone" / "new").mkdir()

    with pytest.raises(FileNotFoundError):
        surely(make, place / "gone")
    assert len(calls) == 1
    assert mode_of(place / "gone") is None


ASK = {"exists", "lexists", "is_file", "is_dir", "isfile", "isdir", "glob", "rglob"}
ALONE = {
    "absence.py": "asks",
    "hardware.py": "files of the kernel's",
    "data/readers/archives.py": "members of archives",
    "data/readers/walk.py": "entries of a folder that was read, and asked again where they are none",
    "watching/find.py": "entries of a folder that was read",
    "evaluation/samples/feature_cache.py": "a cache, in which nothing has to be",
}
"""Who may ask the system alone, and of what."""


def test_nobody_concludes_by_themselves_that_something_is_not_there():
    found = set()
    for path in SRC.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and (
                (isinstance(node.func, ast.Attribute) and node.func.attr in ASK)
                or any(keyword.arg == "missing_ok" for keyword in node.keywords)
            ):
                found.add(path.relative_to(SRC).as_posix())
    assert found <= ALONE.keys(), "ask reparam.door or reparam.absence"

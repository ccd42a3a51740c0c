"""Whatever stands in a file's place is told at once: nothing is waited for, and nothing giant is read."""

import os
import socket
import sys

import pytest

from reparam.door import Damaged, Missing, Unreadable, listed, read_bytes, read_json, require_readable, require_regular


def stand(path, kind):
    """Put something that is no file in a file's place."""
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "nothing":
        path.symlink_to(path.with_name("gone"))
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(str(path))
    else:
        path.symlink_to(kind)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("pipe", "is a pipe where a file should be"),
        ("folder", "is a folder where a file should be"),
        ("socket", "is a socket where a file should be"),
        ("/dev/zero", "is a device where a file should be"),
        ("/dev/tty", "is a device where a file should be"),
        ("nothing", "is a link to nothing"),
        ("loop", "cannot be read"),
    ],
)
@pytest.mark.parametrize("read", [read_bytes, read_json, require_regular])
def test_what_is_no_file_is_a_sentence_at_once(tmp_path, monkeypatch, kind, words, read):
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    path = tmp_path.relative_to(tmp_path) / "x.json"
    stand(path, kind)
    with pytest.raises(Damaged, match=f"x.json {words}"):
        read(path)


def test_a_giant_is_not_read(tmp_path):
    with (tmp_path / "x.json").open("wb") as file:
        file.truncate(2**40)  # sparse: it takes no space
    with pytest.raises(Damaged, match="is larger than 64 MB"):
        read_json(tmp_path / "x.json")


def test_what_is_not_there_is_missing_and_a_link_to_a_file_is_a_file(tmp_path):
    for path in (tmp_path / "x.json", tmp_path / "y" / "x.json"):
        with pytest.raises(Missing, match="is missing"):
            read_json(path)
    (tmp_path / "file").write_text('{"a": [1.5, null]}')
    (tmp_path / "x.json").symlink_to("file")
    assert read_json(tmp_path / "x.json") == {"a": [1.5, None]}


@pytest.mark.parametrize(
    "text",
    ["", "{", '{"a": NaN}', "[1e5, -Infinity]", "[" * 100_000, b"\xff\xfe", '{"a": ' + "9" * 5000 + "}"],
    ids=["empty", "cut off", "NaN", "Infinity", "deep", "no text", "long number"],
)
def test_what_is_no_json_is_a_sentence(tmp_path, text):
    (tmp_path / "x.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(Damaged, match="is not readable JSON"):
        read_json(tmp_path / "x.json")


@pytest.mark.skipif(sys.platform == "win32", reason="limits are POSIX's")
def test_what_the_system_does_not_let_be_read_is_not_called_damaged(tmp_path):
    """No more files may be opened: nothing is wrong with this one, and nobody moves it away."""
    import resource

    path = tmp_path / "a.json"
    path.write_text("{}")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        for read in (read_bytes, require_readable, lambda path: listed(path.parent, "*")):
            with pytest.raises(Unreadable, match="Too many open files"):
                read(path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert (read_bytes(path), require_readable(path), listed(tmp_path, "*.json")) == (b"{}", None, [path])


def test_what_is_listed_has_a_name_of_the_pattern_and_no_folder_is_no_files(tmp_path):
    for name in (".b.part", "a-2.npz", "a-1.npz"):
        (tmp_path / name).touch()
    assert listed(tmp_path, "a-*.npz") == [tmp_path / "a-1.npz", tmp_path / "a-2.npz"]
    assert listed(tmp_path, ".*") == [tmp_path / ".b.part"]
    assert listed(tmp_path / "gone", "*") == listed(tmp_path / "a-1.npz", "*") == []

"""What stands where data should be, and is no regular file, is called what it is."""

import os
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import feather

from reparam.data import load_data
from reparam.errors import UserError


def test_a_pipe_is_not_called_missing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.csv")
    with pytest.raises(UserError, match="is a pipe where a file should be"):
        load_data(tmp_path / "x.csv")


@pytest.mark.parametrize(
    ("to", "said"), [("/dev/zero", "is a device"), ("x.npy", "cannot be read"), ("no", "a link to nothing")]
)
def test_links_to_what_is_no_file_are_told(tmp_path: Path, to: str, said: str) -> None:
    (tmp_path / "x.npy").symlink_to(to)
    with pytest.raises(UserError, match=said):
        load_data(tmp_path / "x.npy")


def test_words_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    ends, letters = pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0"), pa.py_buffer(b"\xffa")
    words = pa.Array.from_buffers(pa.string(), 2, [None, ends, letters])
    feather.write_feather(pa.table({"a": words, "b": [1, 2]}), tmp_path / "x.feather", compression="uncompressed")
    with pytest.raises(UserError, match="cannot be read as a table in columns"):
        load_data(tmp_path / "x.feather")

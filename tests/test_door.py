"""Whatever stands where a file should be is told at once, whoever looks at it."""

import os

import pytest

from reparam.data.columns.plain import read_file
from reparam.door import read_bytes, user_path
from reparam.errors import UserError
from reparam.files import is_ours
from reparam.pages.picture import Picture

READ = {
    "the door": read_bytes,
    "a schema": read_file,
    "a page's picture": lambda path: Picture(path, "what", "of something").png,
    "whose a result is": is_ours,
}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
@pytest.mark.parametrize("who", READ)
def test_nobody_waits_for_a_pipe_or_reads_without_end(tmp_path, who):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zeros.png").symlink_to("/dev/zero")
    for name, what in (("pipe.png", "a pipe"), ("zeros.png", "a device")):
        if who == "whose a result is":
            assert not READ[who](tmp_path / name)
            continue
        with pytest.raises(UserError, match=f"is {what} where a file should be"):
            READ[who](tmp_path / name)


def test_what_is_no_path_is_told_so():
    with pytest.raises(UserError, match="a dict is given where the path"):
        user_path({})
    with pytest.raises(UserError, match="an empty name is no path"):
        user_path("")

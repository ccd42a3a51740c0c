"""The protocol of a comparison is written where nothing is yet, and refused where nothing can be."""

import pytest

from reparam.errors import UserError
from reparam.studies.protocol import FILE, Protocol, settle


def test_its_folder_is_made_with_those_above_it(tmp_path):
    settle(Protocol(), tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b" / FILE).is_file()
    settle(Protocol(count=5), tmp_path / "a" / "b")
    with pytest.raises(UserError, match="holds a comparison by another protocol"):
        settle(Protocol(seconds=1), tmp_path / "a" / "b")


def test_a_file_in_its_place_is_a_sentence(tmp_path):
    (tmp_path / "a").write_text("mine")
    with pytest.raises(UserError, match=r"compare\.json"):
        settle(Protocol(), tmp_path / "a" / "b")


def test_the_threads_of_its_runs_are_those_that_it_was_begun_with(tmp_path):
    """Whoever goes on uses them, others are refused; a protocol of before they were kept takes any."""
    assert settle(Protocol(), tmp_path, threads=3).threads == 3
    assert settle(Protocol(), tmp_path, threads=8).threads == 3
    assert settle(Protocol(threads=3), tmp_path).threads == 3
    with pytest.raises(UserError, match="threads: 3 there, 2 here"):
        settle(Protocol(threads=2), tmp_path)
    settle(Protocol(), tmp_path / "old")
    assert settle(Protocol(threads=2), tmp_path / "old").threads == 2

"""The protocol of a comparison is written where nothing is yet, and refused where nothing can be."""

import pytest

from helpers import said
from reparam.errors import UserError
from reparam.runs.folder import RunFolder
from reparam.settings import DataConfig
from reparam.studies.protocol import FILE, Protocol, settle
from reparam.studies.trials import Shown, trials


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


@pytest.mark.parametrize("seconds", [None, 0.5])
def test_runs_are_computed_in_the_shards_that_it_says(tmp_path, seconds):
    epochs = 1 if seconds is None else None
    protocol = Protocol(
        data=DataConfig(data="two-gaussians"),
        seconds=seconds,
        epochs=epochs,
        threads=1,
        shards=2,
        batch_norm_over="batch",
    )
    (trial,) = trials(["wgan"], settle(protocol, tmp_path), 1, tmp_path, lambda text: None, Shown())
    assert trial.run is not None, trial.failure
    training = RunFolder(trial.folder).record().training
    assert (training.shards, training.batch_norm_over) == (2, "batch")
    with pytest.raises(UserError, match="shards: 2 there, 1 here"):
        settle(protocol.model_copy(update={"shards": 1}), tmp_path)


def test_shards_that_no_batch_has_are_told_once(capsys, tmp_path):
    code, _, err = said(capsys, "compare", "--shards", "3", "--out", tmp_path / "study")
    assert code == 2
    assert "--shards 3 will not do: give a power of two" in err


def test_the_threads_of_its_runs_are_those_that_it_was_begun_with(tmp_path):
    """Whoever goes on uses them, others are refused; a protocol of before they were kept takes any."""
    assert settle(Protocol(), tmp_path, threads=3).threads == 3
    assert settle(Protocol(), tmp_path, threads=8).threads == 3
    assert settle(Protocol(threads=3), tmp_path).threads == 3
    with pytest.raises(UserError, match="threads: 3 there, 2 here"):
        settle(Protocol(threads=2), tmp_path)
    settle(Protocol(), tmp_path / "old")
    assert settle(Protocol(threads=2), tmp_path / "old").threads == 2

"""A run that begins with another's weights and is killed before its first save begins with them again."""

import shutil

import pytest

from helpers import said, same, small
from reparam.errors import UserError
from reparam.runs.checkpoint import read_tensors
from reparam.runs.folder import RunFolder
from reparam.training.start import resume


@pytest.fixture
def folders(images, tmp_path, capsys):
    assert said(capsys, "train", "vae", *small(images), "--quiet", "--out", tmp_path / "first")[0] == 0
    again = ["--epochs", "1", "--quiet"]
    assert said(capsys, "train", "--from", tmp_path / "first", *again, "--out", tmp_path / "second")[0] == 0
    killed = tmp_path / "killed"
    (killed / "checkpoints").mkdir(parents=True)
    for name in ("config.json", "checkpoints/config-copy.json"):
        shutil.copy(tmp_path / "second" / name, killed / name)
    return tmp_path


def tensors(folder):
    return read_tensors(RunFolder(folder).last)[0]


def test_it_goes_on_bit_for_bit(folders):
    resume(folders / "killed", quiet=True)
    assert same(tensors(folders / "killed"), tensors(folders / "second"))
    rows = [(folders / name / "metrics.jsonl").read_bytes() for name in ("killed", "second")]
    assert rows[0] == rows[1]


@pytest.mark.parametrize("change", ["gone", "other"])
def test_an_origin_that_is_no_longer_what_it_was_is_refused(folders, images, capsys, change):
    shutil.rmtree(folders / "first")
    if change == "other":
        options = [*small(images), "--seed", "1", "--quiet", "--out", folders / "first"]
        assert said(capsys, "train", "vae", *options)[0] == 0
    before = (folders / "killed" / "config.json").read_bytes()
    with pytest.raises(UserError, match=r"began with the weights of .*first, which .*: delete the folder"):
        resume(folders / "killed", quiet=True)
    assert (folders / "killed" / "config.json").read_bytes() == before
    assert not (folders / "killed" / "metrics.jsonl").exists()

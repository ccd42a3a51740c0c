"""A checkpoint is as it was written, of this run and in its place; or it is refused."""

import sys

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from helpers import same, small_vae, weights
from reparam.door import Damaged, Missing
from reparam.errors import Notice, UserError
from reparam.runs.checkpoint import (
    BEST,
    TRAINING,
    digest,
    load_weights,
    read_notes,
    read_tensors,
    save_weights,
    write_tensors,
)
from reparam.runs.identity import Identity

ME, OTHER = Identity("me", True), Identity("other", True)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "best.safetensors"
    save_weights(path, small_vae(), {"step": 7}, BEST, ME)
    return path


def test_no_change_of_a_byte_is_believed(path):
    """Every 3rd byte of the file, the header's and the numbers' alike."""
    tensors, notes = read_tensors(path)
    content, rng = path.read_bytes(), np.random.default_rng(0)
    refused = 0
    for at in range(0, len(content), 3):
        path.write_bytes(content[:at] + bytes([content[at] ^ int(rng.integers(1, 256))]) + content[at + 1 :])
        try:
            found, said = read_tensors(path)
        except Damaged:
            refused += 1
        else:  # a space of the header's end, or the name of the checksum, whose lack a run's identity finds
            assert same(found, tensors)
            assert {**said, "sha256": notes["sha256"]} == notes
    assert refused > 0.99 * len(content) / 3


@pytest.mark.parametrize("size", [0, 7, 8, 200, -1])
def test_a_part_of_a_file_is_refused(path, size):
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(Damaged, match="not a whole checkpoint"):
        read_tensors(path)
    with pytest.raises(Damaged, match="not a whole checkpoint") if size >= 0 else pytest.raises(Damaged):
        read_notes(path)


def test_what_belongs_elsewhere_is_refused(path, tmp_path):
    assert load_weights(path, small_vae(), ME, BEST)["step"] == 7
    with pytest.raises(Damaged, match="does not belong to this run"):
        load_weights(path, small_vae(), OTHER, BEST)
    with pytest.raises(Damaged, match="holds 'best weights' where 'training' should be"):
        load_weights(path, small_vae(), ME, TRAINING)
    with pytest.raises(UserError, match="weights of another model"):
        load_weights(path, small_vae(4), ME, BEST)
    with pytest.raises(Missing, match="the run has no such checkpoint"):
        load_weights(tmp_path / "last.safetensors", small_vae())


def test_a_checkpoint_of_an_earlier_version_loads_in_a_folder_of_one_and_in_no_other(path):
    model = small_vae()
    save_file({f"model/{name}": value for name, value in weights(model).items()}, path, {"reparam": '{"step": 3}'})
    other = small_vae()
    assert load_weights(path, other, Identity("me", False), BEST) == {"step": 3}
    assert same(weights(model), weights(other))
    with pytest.raises(Damaged, match="does not belong"):
        load_weights(path, other, ME, BEST)


def test_weights_that_are_not_finite_are_refused_unless_training_made_them_so(path):
    model = small_vae()
    with torch.no_grad():
        next(model.parameters()).flatten()[3] = torch.nan
    plain = {f"model/{name}": value for name, value in weights(model).items()}
    save_file(plain, path, {"reparam": '{"step": 3}'})
    with pytest.raises(Damaged, match="not finite"):
        load_weights(path, small_vae(), Identity(), BEST)
    save_weights(path, model, {"step": 3}, BEST, ME)
    with pytest.warns(Notice, match="as training had made them"):
        load_weights(path, small_vae(), ME, BEST)


@pytest.mark.parametrize("notes", ["[]", "{}", '{"step": -1}', '{"step": true}', '{"step": 1.5}', "x", '{"step": NaN}'])
def test_notes_without_a_step_are_refused(path, notes):
    save_file({"model/x": torch.zeros(2)}, path, {"reparam": notes})
    for read in (read_tensors, read_notes):
        with pytest.raises(Damaged, match="its step is"):
            read(path)


def test_a_giant_is_not_read(path):
    with path.open("r+b") as file:
        file.truncate(2**40)
    with pytest.raises(Damaged, match="larger than any checkpoint of this model"):
        load_weights(path, small_vae())


def test_every_kind_of_number_has_its_part_in_the_checksum():
    kinds = (torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.bool, torch.complex64, torch.uint8)
    for kind in kinds:
        one, two = {"a": torch.zeros(2, 3).to(kind)}, {"a": torch.zeros(3, 2).to(kind)}
        assert digest(one, "") == digest({"a": one["a"].t().contiguous().t()}, ""), "whatever its strides"
        assert digest(one, "") != digest(two, "")
        changed = one["a"].clone()
        changed[1, 2] = 1
        assert digest(one, "") != digest({"a": changed}, "")
        assert digest(one, "") != digest(one, "x")
    assert len({digest({"a": torch.zeros(1).to(kind)}, "") for kind in kinds}) == len(kinds)
    assert digest({"a": torch.zeros(())}, "") != digest({"a": torch.zeros(1)}, "")


def test_the_file_before_is_kept_and_a_failure_leaves_both(tmp_path):
    last, before = tmp_path / "last.safetensors", tmp_path / "previous.safetensors"
    for step in (1, 2, 3):
        write_tensors(last, {"a": torch.full((2,), float(step))}, {"step": step}, keep=before)
    assert (read_notes(last)["step"], read_notes(before)["step"]) == (3, 2)

    class Gone(nn.Module):
        pass

    with pytest.raises(AttributeError):
        write_tensors(last, {"a": Gone()}, {"step": 4}, keep=before)
    assert (read_notes(last)["step"], read_notes(before)["step"]) == (3, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["last.safetensors", "previous.safetensors"]


@pytest.mark.skipif(sys.platform != "linux", reason="limits of the address space are Linux's")
def test_a_giant_that_no_memory_takes_is_damage_too(path):
    import resource

    with path.open("r+b") as file:
        file.truncate(2**40)
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (2**38, limits[1]))
    try:
        with pytest.raises(Damaged, match="not a whole checkpoint"):
            read_notes(path)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)

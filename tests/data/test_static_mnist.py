import numpy as np
import pytest
import torch

from reparam.data import load_data
from reparam.data.readers.static_mnist import read_static_mnist
from reparam.errors import UserError


def test_the_static_binarization_is_bits_in_three_splits_and_is_never_drawn_again():
    data = load_data("static-mnist")
    assert [len(split) for split in data.splits.values()] == [50_000, 10_000, 10_000]
    assert data.data_shape == (1, 28, 28)
    assert data.binary
    assert set(np.unique(data.test.x)) == {0, 1}
    assert not data.classes
    # it is a draw of the grey images: pixels agree with them far more often than those of others do
    grey = load_data("mnist").train.x[:50].float() / 255
    bits = data.train.x.float()
    best = torch.cdist(grey.flatten(1), bits.flatten(1)).amin(1)
    typical = torch.cdist(grey.flatten(1), bits[:500].flatten(1)).median(1).values
    assert (best < 0.8 * typical).float().mean() > 0.9


def test_a_damaged_file_is_refused(tmp_path):
    (tmp_path / "binarized_mnist.npz").write_bytes(b"no zip")
    with pytest.raises(UserError, match="damaged"):
        read_static_mnist(tmp_path / "binarized_mnist.npz")
    with pytest.raises(UserError, match="cannot be read"):
        read_static_mnist(tmp_path / "none.npz")

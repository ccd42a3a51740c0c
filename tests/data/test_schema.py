"""Other data are given to a run only where its model can read and see them as its own."""

import numpy as np
import pytest
import torch

from reparam.data import DataRecord, Dataset, check_same_schema, data_like, load_data
from reparam.errors import UserError

GREY = np.random.default_rng(0).integers(0, 256, (300, 9, 8), dtype=np.uint8)
POINTS = np.random.default_rng(1).normal(size=(90, 5)).astype(np.float32)


@pytest.mark.parametrize("binarization", ["none", "dynamic", "threshold"])
def test_a_runs_own_arrays_given_again_are_its_data_again(tmp_path, binarization):
    np.save(tmp_path / "a.npy", GREY)
    for own, given in [
        (Dataset.of(GREY, binarization=binarization, seed=5), GREY),
        (load_data(tmp_path / "a.npy", binarization=binarization, seed=5), tmp_path / "a.npy"),
    ]:
        again = data_like(DataRecord.of(own), given)
        assert again.fingerprint == own.fingerprint
        for one, other in zip(own.splits.values(), again.splits.values(), strict=True):
            assert torch.equal(one.x, other.x)
        assert data_like(DataRecord.of(own), own) is own


def test_other_data_of_the_schema_will_do():
    record = DataRecord.of(Dataset.of(GREY, labels=["a", "b"] * 150))
    for given in (255 - GREY, GREY / np.float32(255), (GREY, ["a", "b"] * 150), (GREY > 99).astype(np.uint8)):
        assert data_like(record, given).data_shape == (1, 9, 8)
    points = DataRecord.of(Dataset.of(POINTS))
    assert data_like(points, 100 * POINTS).range[1] == pytest.approx(100 * POINTS.max())


@pytest.mark.parametrize(
    ("own", "given", "sentence"),
    [
        ({"train": GREY}, GREY[:, 1:], r"'arrays' has examples of shape \(1, 8, 8\) and 'own' of \(1, 9, 8\)"),
        ({"train": POINTS}, GREY, "give data of the same shape"),
        (
            {"train": GREY, "labels": [0, 1] * 150},
            (GREY, [0, 1, 2] * 100),
            "the classes 0, 1, 2 and 'own' 0, 1: give",
        ),
        (
            {"train": GREY, "labels": [0, 1] * 150},
            (GREY, ["b", "a"] * 150),
            "the classes a, b and 'own' 0, 1: give",
        ),
        (
            {"train": (GREY > 99).astype(np.uint8)},
            GREY,
            r'sees 0 and 1 only: .*binarization="threshold"',
        ),
        ({"train": GREY, "binarization": "dynamic"}, GREY.astype(np.float32), r'0 to 255.*binarization="dynamic"'),
        ({"train": GREY}, GREY.astype(np.float32), "'arrays' are divided by 1 and those of 'own' by 255"),
    ],
)
def test_another_schema_is_refused_in_a_sentence(own, given, sentence):
    record = DataRecord.of(Dataset.of(**own, name="own"))
    with pytest.raises(UserError, match=sentence):
        data_like(record, given)
    with pytest.raises(UserError, match=sentence):
        check_same_schema(record, Dataset.of(given))

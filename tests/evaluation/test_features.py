"""Features come from where the record says, and are finite vectors."""

import pytest
import torch
from torch import nn

from oracles import MixedLaw
from reparam.data import Dataset, Split, load_data
from reparam.distributions.columns import Category, Number
from reparam.errors import UserError
from reparam.evaluation.samples.classifier import digit_classifier
from reparam.evaluation.samples.features import (
    choose_features,
    digit_features,
    module_features,
    raw_features,
    row_features,
)


def dataset(x):
    return Dataset("some", Split(x), Split(x), Split(x), data_shape=tuple(x.shape[1:]))


def test_digits_get_the_shipped_network():
    x = torch.rand(7, 1, 28, 28)
    features = choose_features("auto", dataset(x), x)
    assert features.kind == "digits"
    assert "digit network" in features.name
    assert torch.equal(features(x), digit_classifier().features(x))
    assert torch.equal(features(2 * x), digit_classifier().features((2 * x).clamp(0, 1)))


def test_anything_else_gets_raw_values_and_what_is_asked_for_is_given():
    for x in (torch.rand(9, 1, 28, 28) * 3, torch.rand(9, 1, 8, 8), torch.rand(9, 5)):
        assert choose_features("auto", dataset(x), x).kind == "raw"
    x = load_data("mnist").test.x[:300].float() / 255
    assert choose_features("raw", dataset(x), x).kind == "raw"
    assert choose_features(nn.Flatten(), dataset(x), x).kind == "module"
    with pytest.raises(UserError, match="features 'digits' are unknown"):
        choose_features("digits", dataset(x), x)


def test_columns_are_standardized_each_and_pixels_by_their_channel():
    columns = torch.randn(500, 3) * torch.tensor([1.0, 10.0, 0.1]) + 5
    found = raw_features(columns)(columns)
    assert torch.allclose(found.mean(0), torch.zeros(3), atol=1e-4)
    assert torch.allclose(found.std(0, correction=0), torch.ones(3), atol=1e-4)
    images = torch.rand(50, 2, 4, 5)
    images[:, 1] = 7 * images[:, 1] + 1
    images[:, 0, 0, 0] = 0
    found = raw_features(images)(images).unflatten(1, (2, 20))
    assert torch.allclose(found.mean((0, 2)), torch.zeros(2), atol=1e-4)
    assert torch.allclose(found.std((0, 2), correction=0), torch.ones(2), atol=1e-4)
    assert found[:, 0, 0].std() < 1e-6, "a constant pixel is no reason to divide by nothing"


def test_many_pixels_become_principal_components_that_keep_distances():
    basis = torch.randn(20, 3 * 12 * 12)
    x = (torch.randn(400, 20) @ basis).reshape(400, 3, 12, 12)
    features = raw_features(x)
    assert "256 leading principal components (100% of variance)" in features.name
    found = features(x)
    assert found.shape == (400, 256)
    standardized = (x - x.mean((0, 2, 3), keepdim=True)) / x.std((0, 2, 3), correction=0, keepdim=True)
    assert torch.allclose(torch.pdist(found[:50]), torch.pdist(standardized[:50].flatten(1)), rtol=1e-3)
    assert torch.equal(found, raw_features(x)(x)), "seeded"


def test_a_module_is_called_in_evaluation_mode_and_left_as_it_was():
    module = nn.Sequential(nn.Flatten(), nn.Linear(12, 4), nn.Dropout(0.9)).train()
    x = torch.rand(1503, 3, 2, 2)
    features = module_features(module)
    assert torch.equal(features(x), features(x))
    assert torch.allclose(features(x), module[1](x.flatten(1)), atol=1e-6)
    assert module.training
    assert features.name == "the output of a Sequential"
    assert not features(x).requires_grad
    assert module_features(module.double())(x).dtype == torch.float32


def test_what_is_not_finite_is_refused():
    x = torch.rand(5, 3)
    x[2, 1] = torch.nan
    with pytest.raises(UserError, match=r"1 of 5 examples have features that are not finite .* in row 2"):
        raw_features(torch.rand(9, 3))(x)
    with pytest.raises(UserError, match="n at least 1"):
        digit_features()(torch.rand(0, 1, 28, 28))


def test_rows_of_a_table_are_as_far_apart_as_their_columns_say():
    """A level that one row in a thousand has is as far from the others as any, and so is a missing cell."""
    x = torch.zeros(1000, 6)
    x[:, 0], x[:, 2] = torch.randn(1000), 1.0
    x[0, 2:5] = torch.tensor([0.0, 0.0, 1.0])
    x[1, 2:6] = torch.tensor([0.0, 0.0, 0.0, 1.0])
    families = [Number(scale=7.0, missing=True), Category(levels=3, missing=True)]
    x[:, 0] = 0.0
    found = row_features(families, x)(x)
    torch.testing.assert_close(torch.cdist(found[:3], found[:3]), 1 - torch.eye(3), rtol=0, atol=1e-6)
    number = x[:2].clone()
    number[:, 0], number[1, 2:] = torch.tensor([1.0, 3.0]), number[0, 2:]
    assert torch.pdist(row_features(families, x)(number)).item() == pytest.approx(2, abs=1e-6)


def test_a_table_is_measured_by_its_columns():
    import pandas as pd

    law = MixedLaw().sample(200, seed=0)
    frame = pd.DataFrame({"a": law[:, 0].numpy(), "word": ["xyz"[i] for i in law[:, 3:].argmax(1)]})
    data = Dataset.of(frame, name="frame")
    found = choose_features("auto", data, data.train.x[:50])
    assert "columns of the table" in found.name

"""Path lengths of linear maps, circles and a curve whose speed is known; and of runs, beside the floor."""

import math

import pytest
import torch

import reparam
from helpers import quiet_fit, small_data, small_vae
from reparam.data import Dataset, Split
from reparam.errors import UserError
from reparam.evaluation.samples.path_length import between_examples, path_length, path_length_of
from reparam.evaluation.samples.yardstick import Yardstick
from reparam.studies.scores import quality_text


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def same(x):
    return x.flatten(1)


def test_a_linear_generator_comes_to_twice_the_trace_of_its_covariance():
    """|A(z' - z)|² in expectation is 2 tr AᵀA, and no path is longer than straight."""
    a = normal(4, 6, seed=1)
    found = path_length(lambda z: z @ a, same, *normal(2, 4000, 4), path="linear")
    assert found.value == pytest.approx(found.straight, rel=1e-6)
    assert found.value == pytest.approx(2 * float(a.square().sum()), abs=4 * found.standard_error)


def test_on_the_circle_speed_is_the_angle():
    """Directions in the plane are a uniform angle in (0, π) apart: its square is π²/3 in expectation, the chord's 2."""
    z = torch.nn.functional.normalize(normal(2, 4000, 2), dim=2)
    found = path_length(same, same, *z)
    assert found.value == pytest.approx(math.pi**2 / 3, abs=4 * found.standard_error)
    assert found.straight == pytest.approx(2, abs=0.1)


def test_a_curve_has_its_speed_at_uniform_times():
    """f(z) = z³ from 0 to 1: the mean over t of (3t²)² is 9/5."""
    ends = torch.zeros(4000, 1, dtype=torch.float64), torch.ones(4000, 1, dtype=torch.float64)
    found = path_length(lambda z: z**3, same, *ends, path="linear", epsilon=1e-5)
    assert found.value == pytest.approx(9 / 5, abs=4 * found.standard_error)
    assert found.standard_error == pytest.approx(math.sqrt((81 / 9 - 81 / 25) / 4000), rel=0.1)


def test_codes_of_any_shape_are_walked_between():
    z = normal(2, 50, 2, 3, 3)
    as_maps = path_length(lambda z: z.mul(2), same, *z)
    assert as_maps == path_length(lambda z: z.mul(2), same, *z.flatten(2))


def test_two_real_examples_are_twice_the_trace_of_the_covariance_apart():
    x = normal(500, 3) * torch.tensor([1.0, 2.0, 3.0])
    pairs = torch.cdist(x, x).square()
    found = between_examples(x)
    assert found.value == pytest.approx(float(pairs.sum() / (500 * 499)), rel=1e-9)
    assert found.value == pytest.approx(28, abs=4 * found.standard_error)


def test_what_is_no_path_is_refused():
    z = normal(2, 5, 2)
    with pytest.raises(UserError, match="epsilon=2 is no step"):
        path_length(same, same, *z, epsilon=2)
    with pytest.raises(UserError, match="path"):
        path_length(same, same, *z, path="wavy")
    with pytest.raises(UserError, match=r"\(1, 2\) starts"):
        path_length(same, same, z[0, :1], z[1, :1])


def test_a_run_is_measured_beside_the_floor():
    trained = quiet_fit(small_vae(2), small_data(), steps=2)
    evaluation = reparam.evaluate(trained, measures=("quality",), count=60, all_measures=True)
    (floor,), (run,) = evaluation.floors.values(), evaluation.measured
    found, least = run.card.further["path_length"], floor.further["path_length"]
    assert found.value > 0
    assert found.best == least.best == pytest.approx(least.value, abs=5 * least.standard_error)
    (row,) = [line for line in str(evaluation).splitlines() if line.startswith("path length")]
    assert str(least) in row
    assert str(found) in row
    assert path_length_of(trained.model, same, seed=3) == path_length_of(trained.model, same, seed=3)


def test_samples_without_codes_have_none():
    x = torch.rand(300, 2, generator=torch.Generator().manual_seed(0))
    data = Dataset("square", Split(x[:100]), Split(x[100:200]), Split(x[200:]), data_shape=(2,))
    by = Yardstick(data, 60, neighbours=60, all_measures=True)
    card = by.measure(x[:60])
    assert math.isnan(card.further["path_length"].value)
    assert card.json()["path_length"]["value"] is None
    for text in (str(card), quality_text({"samples": card}, by.floor())):
        (row,) = [line for line in text.splitlines() if line.strip().startswith("path length")]
        assert row.split()[-1] == "-"

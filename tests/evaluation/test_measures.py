"""The scorecard: bad models rank last, memorizers are flagged, the floor is one, every number says its conditions."""

import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from torch import nn

import reparam
from reparam.data import Dataset, Split, load_data
from reparam.errors import UserError
from reparam.evaluation.samples.classifier import class_histogram
from reparam.evaluation.samples.frechet import frechet_distance
from reparam.evaluation.samples.run_measures import measure_run, measures, yardstick_of
from reparam.evaluation.samples.yardstick import Yardstick
from reparam.models import VAE, Autoencoder, NormalLikelihood, StandardNormal
from reparam.networks import MLP
from reparam.runs.config import RunConfig
from reparam.settings import DataConfig
from reparam.training import Run

N = 400


def cut(data, n=2000):
    """A smaller training set: features of all digits take their time."""
    return replace(data, train=Split(data.train.x[:n], data.train.y[:n]))


@pytest.fixture(scope="module")
def digits():
    return cut(load_data("mnist"))


@pytest.fixture(scope="module")
def by(digits):
    return Yardstick(digits, N, neighbours=200)


def real(split, n=N):
    return split.x[:n].float() / 255


def normal(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def cards(digits, by):
    """Scorecards of samples whose worth is known."""
    validation = real(digits.validation)
    order = torch.randperm(784, generator=torch.Generator().manual_seed(0))
    samples = {
        "real": validation,
        "blurred": nn.functional.avg_pool2d(validation, 3, 1, 1),
        "shuffled": validation.flatten(1)[:, order].view_as(validation),
        "noise": normal(N, 1, 28, 28).sigmoid(),
        "memory": real(digits.train),
        "noisy memory": real(digits.train) + 0.1 * normal(N, 1, 28, 28),
        "ones": validation[digits.validation.y[:N] == 1].repeat(12, 1, 1, 1)[:N],
    }
    return {"floor": by.floor()} | {name: by.measure(x, name) for name, x in samples.items()}


def scores(card):
    return {score.name: score for score in card.scores()}


FIDELITY = ("Fréchet distance", "kernel distance", "precision", "density", "coverage", "two-sample accuracy")


@pytest.mark.parametrize("measure", FIDELITY)
def test_noise_and_shuffled_pixels_rank_last(cards, measure):
    gaps = {name: scores(cards[name])[measure].gap for name in ("real", "blurred", "shuffled", "noise", "floor")}
    assert min(gaps["shuffled"], gaps["noise"]) >= max(gaps["real"], gaps["blurred"], gaps["floor"])
    assert max(gaps["real"], gaps["floor"]) < min(gaps["shuffled"], gaps["noise"])


def test_the_floor_is_sane(cards):
    floor = scores(cards["floor"])
    distance = floor["Fréchet distance, extrapolated"]
    assert abs(distance.value) < 4 * distance.standard_error
    assert floor["two-sample accuracy"].value == pytest.approx(0.5, abs=0.1)
    assert floor["density"].value == pytest.approx(1, abs=0.15)
    assert floor["nearer to training than test is"].value == pytest.approx(0.5, abs=0.1)
    assert floor["duplicates"].value == pytest.approx(0.05, abs=0.06)


def test_what_repeats_training_examples_is_flagged_and_nothing_else(cards):
    assert [name for name, card in cards.items() if card.memorizes] == ["memory", "noisy memory"]
    found = cards["memory"].memorization_values
    assert found.copies == 1
    assert found.indices[:5].tolist() == [0, 1, 2, 3, 4], "rows of what was searched: here all"


def test_a_collapsed_model_has_precision_without_recall_and_repeats_itself(cards):
    ones = scores(cards["ones"])
    assert ones["precision"].value > 0.8
    assert ones["recall"].value < 0.3
    assert ones["coverage"].value < 0.3
    assert ones["duplicates"].gap > 0.5
    assert cards["ones"].duplicates.identical > 0.8
    assert cards["ones"].classes.shares[1] > 0.9


def test_the_class_histogram_is_the_classifiers(cards, digits):
    expected = class_histogram(real(digits.validation))
    assert cards["real"].classes.shares == pytest.approx(expected.shares)
    assert cards["real"].classes.top_probability == pytest.approx(expected.top_probability)


def test_every_number_says_what_it_rests_on(cards, by):
    conditions = cards["real"].conditions
    assert {card.conditions for card in cards.values()} == {conditions}
    assert (conditions.n, conditions.neighbours, conditions.searched, conditions.seed) == (N, 200, 2000, 0)
    assert (conditions.reference, conditions.data, conditions.fingerprint) == ("train", "mnist", by.data.fingerprint)
    for words in ("400 samples", "mnist's train split", "digit network", "200 samples among 2,000", "seed 0"):
        assert words in conditions.caption()


def test_the_record_is_json_and_frozen(cards):
    plain = json.loads(json.dumps(cards["real"].json(), allow_nan=False))
    assert plain["frechet"]["value"] == cards["real"].frechet.value
    assert plain["conditions"] == asdict(cards["real"].conditions)
    assert plain["memorization_values"]["suspected"] is plain["memorizes"] is False
    assert "distances" not in plain["memorization_values"]
    with pytest.raises(AttributeError):
        cards["real"].name = "other"


def test_the_same_seed_gives_the_same_record(digits):
    x = real(digits.validation, 100)
    first, second, other = (
        Yardstick(digits, 100, seed, features=nn.AvgPool2d(7), neighbours=50).measure(x) for seed in (1, 1, 2)
    )
    assert first == second
    assert first != other


def test_another_reference_has_another_floor(digits):
    by = Yardstick(digits, 100, reference="test", features="raw", neighbours=50)
    card = by.floor()
    assert (card.name, card.conditions.reference) == ("validation set", "test")
    assert card.memorization_features is None
    assert not card.memorizes


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (torch.rand(N, 1, 27, 28), "samples of mine have shape"),
        (torch.rand(N - 1, 1, 28, 28), "399 samples of mine are measured against 400 examples"),
        (torch.rand(N, 1, 28, 28) * torch.nan, "samples of mine that are not finite"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_words(by, samples, words):
    with pytest.raises(UserError, match=words):
        by.measure(samples, "mine")


def test_too_few_examples_and_unknown_splits_are_refused(digits):
    with pytest.raises(UserError, match="59 examples are too few to measure by"):
        Yardstick(digits, 59)
    with pytest.raises(UserError, match="reference='training' will not do"):
        Yardstick(digits, reference="training")


def points(n=900, seed=0):
    x = torch.randn(n, 3, generator=torch.Generator().manual_seed(seed)) * torch.tensor([1.0, 5.0, 0.2])
    return Dataset("points", *(Split(part) for part in x.split([n // 3] * 3)), data_shape=(3,), fingerprint="0" * 64)


class Perfect(Autoencoder):
    """Samples the very distribution of the points."""

    def sample(self, n):
        return torch.randn(n, 3) * torch.tensor([1.0, 5.0, 0.2])


def perfect():
    return Perfect(MLP(3, [4], 2), MLP(2, [4], 3), 2, likelihood=NormalLikelihood((3,)))


def test_a_run_on_points_is_measured_by_its_draws():
    card = measures(Run(perfect(), RunConfig(), dataset=points()))
    assert (card.name, card.conditions.draws, card.conditions.n) == ("Perfect", "sample", 300)
    assert card.conditions.features == "raw columns, standardized (3)"
    assert card.memorization_values.space == "columns"
    assert card.classes is None
    assert card.latents.n == 300
    distance = card.frechet
    assert abs(distance.extrapolated) < 4 * distance.standard_error
    assert not card.memorizes
    worse = yardstick_of(Run(perfect(), RunConfig(), dataset=points())).measure(points().test.x * 2)
    assert worse.frechet.value == pytest.approx(3, rel=0.5)


def test_runs_of_other_data_are_refused():
    by = yardstick_of(Run(perfect(), RunConfig(), dataset=points()))
    other = replace(points(seed=1), fingerprint="1" * 64)
    with pytest.raises(UserError, match="other data"):
        measure_run(Run(perfect(), RunConfig(), dataset=other), by)


@pytest.fixture(scope="module")
def vae_run():
    """An untrained VAE of binarized digits."""
    torch.manual_seed(0)
    model = VAE(MLP((1, 28, 28), [16], 4), MLP(2, [16], (1, 28, 28)), StandardNormal(2)).eval()
    config = RunConfig(data=DataConfig(data="mnist", binarization="dynamic"))
    return Run(model, config, dataset=load_data("mnist", binarization="dynamic"))


def test_images_are_measured_by_means_beside_grey_data_unless_draws_are_asked_for(vae_run, monkeypatch):
    monkeypatch.setattr("reparam.evaluation.samples.training_side.MOST_SEARCHED", 1000)
    by = yardstick_of(vae_run, 100)
    assert (by.draws, by.data.binarization, by.n) == ("mean", "none", 100)
    assert set(by.x.unique().tolist()) > {0.0, 1.0}
    card = measure_run(vae_run, by)
    expected = frechet_distance(by.reference_features, by.features(torch.from_numpy(reparam.sample(vae_run, 100).mean)))
    assert card.frechet == expected
    assert card.conditions.searched == 1000
    assert card.latents.n == 100
    assert math.isfinite(card.latents.accuracy)
    drawn = yardstick_of(vae_run, 100, draws="sample")
    assert set(drawn.x.unique().tolist()) == {0.0, 1.0}


def test_binarized_data_from_memory_fall_back_to_draws_or_refuse(vae_run):
    hidden = replace(vae_run.data, name="mine", fingerprint="2" * 64)
    run = Run(vae_run.model, RunConfig(data=DataConfig(data="mine")), dataset=hidden)
    assert yardstick_of(run, 100).draws == "sample"
    with pytest.raises(UserError, match="cannot be read again"):
        yardstick_of(run, 100, draws="mean")
    with pytest.raises(UserError, match="draws 'means' are unknown"):
        yardstick_of(run, 100, draws="means")


def test_samples_that_are_not_finite_are_refused():
    class Broken(Perfect):
        def sample(self, n):
            return torch.full((n, 3), torch.nan)

    model = Broken(MLP(3, [4], 2), MLP(2, [4], 3), 2, likelihood=NormalLikelihood((3,)))
    with pytest.raises(UserError, match="not finite"):
        measures(Run(model, RunConfig(), dataset=points()))


def test_colour_images_of_any_size_are_measured_by_pixels():
    x = torch.randint(0, 256, (600, 3, 11, 13), dtype=torch.uint8)
    data = Dataset("colours", *(Split(p) for p in x.split(200)), data_shape=(3, 11, 13), scale=255.0)
    card = Yardstick(data, neighbours=60).measure(torch.from_numpy(np.random.default_rng(0).random((200, 3, 11, 13))))
    assert "raw pixels, standardized, their 199 leading principal components" in card.conditions.features
    assert (card.conditions.n, card.memorization_values.space) == (200, "pixels")

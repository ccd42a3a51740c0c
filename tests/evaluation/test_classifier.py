"""The shipped classifier of digits does what its record says, and refuses what it cannot judge."""

import hashlib
import json
import math
import re
import shutil
from pathlib import Path

import pytest
import torch

import reparam
from reparam.data import DataRecord, Dataset, Split, load_data
from reparam.errors import UserError
from reparam.evaluation.samples.classifier import (
    FEATURES,
    WEIGHTS,
    class_histogram,
    digit_classifier,
    fits_classifier,
    is_mnist,
)
from reparam.networks import count_parameters


@pytest.fixture(scope="module")
def digits():
    test = load_data("mnist").test
    return test.x.float() / 255, test.y


@pytest.fixture(scope="module")
def judged(digits):
    return digit_classifier().probabilities(digits[0])


@pytest.fixture(scope="module")
def record():
    return json.loads(WEIGHTS.with_suffix(".json").read_text())


@pytest.fixture
def copied(tmp_path):
    """The weights and their record in another place."""
    for path in (WEIGHTS, WEIGHTS.with_suffix(".json")):
        shutil.copy(path, tmp_path)
    return tmp_path / WEIGHTS.name


def test_the_recorded_accuracy_is_reached(digits, judged, record):
    accuracy = (judged.argmax(1) == digits[1]).double().mean().item()
    nats = -judged.double().log()[torch.arange(len(judged)), digits[1]].mean().item()
    assert accuracy > 0.99
    assert accuracy == pytest.approx(record["test_accuracy"], abs=1e-3)
    assert nats == pytest.approx(record["test_cross_entropy_nats"], abs=1e-3)
    assert min(record["test_accuracy_binarized"], record["test_accuracy_blurred_1_pixel"]) > 0.98


def test_the_file_is_small_and_is_the_one_recorded(record):
    assert WEIGHTS.stat().st_size < 1_000_000
    assert hashlib.sha256(WEIGHTS.read_bytes()).hexdigest() == record["sha256"]
    assert count_parameters(digit_classifier()) == 0  # fixed: nothing here learns
    assert sum(p.numel() for p in digit_classifier().parameters()) == record["parameters"]
    assert record["command"].startswith("python scripts/train_classifier.py")


def test_a_damaged_file_is_refused(copied):
    content = bytearray(copied.read_bytes())
    content[-100] ^= 1
    copied.write_bytes(content)
    with pytest.raises(UserError, match=r"mnist_classifier.safetensors has SHA-256 .* and should have .*damaged"):
        digit_classifier(copied)


@pytest.mark.parametrize("ending", [".safetensors", ".json"])
def test_a_missing_file_is_named(copied, ending):
    copied.with_suffix(ending).unlink()
    with pytest.raises(UserError, match=rf"mnist_classifier\{ending}"):
        digit_classifier(copied)


def test_it_is_loaded_once_in_evaluation_mode():
    assert digit_classifier() is digit_classifier()
    assert not any(module.training for module in digit_classifier().modules())
    assert all(p.dtype == torch.float32 for p in digit_classifier().parameters())


def test_probabilities_and_features(digits, judged):
    x = digits[0][:1003]  # more than one batch, the last one short
    probabilities, features = digit_classifier().probabilities(x), digit_classifier().features(x)
    assert torch.allclose(probabilities.sum(1), torch.ones(1003), atol=1e-5)
    assert torch.allclose(probabilities, judged[:1003], atol=1e-5)
    assert features.shape == (1003, FEATURES)
    assert torch.allclose(digit_classifier().head(features).softmax(1), probabilities, atol=1e-5)
    assert not probabilities.requires_grad
    assert not features.requires_grad
    assert probabilities.shape == (1003, 10)
    assert digit_classifier().probabilities(x[:2].double()).dtype == torch.float32


@pytest.mark.parametrize(
    ("x", "reason"),
    [
        (torch.zeros(3, 28, 28), r"shape \(n, 1, 28, 28\).*\(3, 28, 28\)"),
        (torch.zeros(3, 3, 28, 28), r"\(3, 3, 28, 28\)"),
        (torch.zeros(3, 784), r"\(3, 784\)"),
        (torch.zeros(0, 1, 28, 28), "n at least 1"),
        (torch.tensor(0.0), r"given \(\)"),
        (torch.zeros(3, 1, 28, 28, dtype=torch.uint8), "divide by 255"),
        (torch.full((3, 1, 28, 28), 255.0), "from 255 to 255"),
        (torch.full((3, 1, 28, 28), -1.0), "from -1 to -1"),
        (torch.full((3, 1, 28, 28), math.nan), "from nan to nan"),
    ],
)
def test_what_is_no_batch_of_digits_is_refused(x, reason):
    for judge in (digit_classifier().probabilities, digit_classifier().features, class_histogram):
        with pytest.raises(UserError, match=reason):
            judge(x)


def test_the_histogram_of_real_digits(digits):
    x, y = digits
    histogram = class_histogram(x)
    assert list(histogram.shares) == list(range(10))
    assert sum(histogram.shares.values()) == pytest.approx(1)
    for digit, share in histogram.shares.items():
        assert share == pytest.approx((y == digit).double().mean().item(), abs=2e-3)
    assert histogram.top_probability > 0.98
    assert histogram.n == 10_000


@pytest.mark.parametrize("noise", ["uniform", "bits", "sparse bits", "normal", "flat"])
def test_noise_is_no_digit(noise):
    x = torch.rand(500, 1, 28, 28)
    match noise:
        case "bits":
            x = (x < 0.5).float()
        case "sparse bits":
            x = (x < 0.13).float()
        case "normal":
            x = (0.5 + 0.1 * torch.randn_like(x)).clamp(0, 1)
        case "flat":
            x = x[:, :, :1, :1].expand(-1, 1, 28, 28)
    assert class_histogram(x).top_probability < 0.5


def test_what_is_mnist_has_one_answer():
    grey = torch.zeros(9, 1, 28, 28, dtype=torch.uint8)

    def named(name, x=grey, scale=255.0):
        return Dataset(name, *[Split(x)] * 3, data_shape=tuple(x.shape[1:]), scale=scale)

    for name in ("mnist", "static-mnist"):
        assert is_mnist(named(name))
        assert is_mnist(DataRecord.of(named(name)))
    assert not is_mnist(named("fashion-mnist"))
    assert not is_mnist(named("mnist", grey[..., :14]))
    assert fits_classifier(named("fashion-mnist"))
    assert not fits_classifier(named("mnist", grey[..., :14]))
    assert not fits_classifier(named("mnist", torch.linspace(-1, 1, 9 * 784).view(9, 1, 28, 28), 1.0))


def test_the_question_is_asked_in_one_place():
    room = Path(reparam.evaluation.__file__).parent
    asked = {path.name for path in room.rglob("*.py") if re.search(r'[!=]= "mnist"|in MNIST', path.read_text("utf-8"))}
    assert asked == {"classifier.py"}

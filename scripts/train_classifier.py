"""Train the classifier that judges generated digits, and write its weights and what they reach into the package."""

import hashlib
import math
import shlex
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import tyro
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional as F

from reparam.data import Batches, Dataset, Split, evaluation_batches, load_data
from reparam.data.binarize import binarize_dynamic
from reparam.evaluation.samples.classifier import CLASSES, WEIGHTS, DigitClassifier, digit_classifier
from reparam.files import replace_atomically, write_json
from reparam.hardware import flushed_denormals
from reparam.networks import count_parameters
from reparam.randomness import generator, seed_noise

BATCH_SIZE = 256
PEAK_RATE = 3e-3
WARMUP = 0.1
SHIFT = 2
NOISE = 0.1
NOT_DIGITS = 32


def shifted(x: Tensor, dice: torch.Generator) -> Tensor:
    """Each image of x ``(n, 1, 28, 28)`` moved by up to two pixels in each direction."""
    n, _, height, width = x.shape
    windows = F.pad(x, [SHIFT] * 4).unfold(2, height, 1).unfold(3, width, 1)  # (n, 1, 5, 5, 28, 28), a view
    down, right = torch.randint(0, 2 * SHIFT + 1, (2, n), generator=dice)
    return windows[torch.arange(n), :, down, right]


def noisy(x: Tensor, dice: torch.Generator) -> Tensor:
    """Images x with Gaussian noise, each image's standard deviation uniform on [0, NOISE], clamped to [0, 1]."""
    scale = NOISE * torch.rand(len(x), 1, 1, 1, generator=dice)
    return (x + scale * torch.randn(x.shape, generator=dice)).clamp(0, 1)


def no_digits(x: Tensor, dice: torch.Generator) -> Tensor:
    """Images ``(32, 1, 28, 28)`` that show no digit: half are digits with their pixels shuffled, half grainy noise.

    The noise is a uniform number to a power that differs by image, so that the mean grey does; half of it is smoothed.
    """
    count, pixels = NOT_DIGITS // 2, x[0].numel()
    shuffled = x[:count].flatten(1)[:, torch.randperm(pixels, generator=dice)].view(count, *x.shape[1:])
    power = 4 * torch.rand(count, 1, 1, 1, generator=dice)
    grain = torch.rand(count, *x.shape[1:], generator=dice) ** power
    smooth = F.avg_pool2d(grain[: count // 2], 3, stride=1, padding=1)
    return torch.cat([shuffled, smooth, grain[count // 2 :]])


def training_batch(index: int, grey: Batches, binary: Batches, seed: int) -> tuple[Tensor, Tensor]:
    """Batch ``index``: images ``(288, 1, 28, 28)`` and the probabilities to learn, ``(288, 10)``.

    Half of the batches are binarized by a draw, half are grey with noise. The last 32 images are no digits, and every
    class is equally likely for them: without these, noise was an 8 with probability 1, and an untrained generator
    would have been praised for it.
    """
    dice = generator(seed, "classifier", "augment", index)
    binarized = torch.rand((), generator=dice) < 0.5
    x, y = binary(index) if binarized else grey(index)
    assert y is not None
    strange = no_digits(x, dice)
    if binarized:
        strange = binarize_dynamic(strange, dice)
    x = torch.cat([shifted(x, dice), strange])
    targets = torch.cat([F.one_hot(y, CLASSES).float(), torch.full((NOT_DIGITS, CLASSES), 1 / CLASSES)])
    return (x if binarized else noisy(x, dice)), targets


def rate(step: int, total: int) -> float:
    """The learning rate: a linear warm-up, then half a cosine down to zero."""
    done = (step + 1) / total
    if done < WARMUP:
        return PEAK_RATE * done / WARMUP
    return PEAK_RATE * 0.5 * (1 + math.cos(math.pi * (done - WARMUP) / (1 - WARMUP)))


def train(data: Dataset, epochs: int, seed: int) -> DigitClassifier:
    """A classifier after so many epochs on the training split; every number it draws comes from the seed."""
    seed_noise(seed, "classifier", "initial weights")
    model = DigitClassifier()
    channels_last(model)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    grey = Batches(data.train, data, BATCH_SIZE, seed)
    binary = Batches(data.train, replace(data, binarization="dynamic"), BATCH_SIZE, seed)
    steps = epochs * grey.batches_per_epoch
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = rate(step, steps)
        seed_noise(seed, "classifier", "dropout", step)
        x, y = training_batch(step, grey, binary, seed)
        optimizer.zero_grad()
        loss: Tensor = F.cross_entropy(model(x.contiguous(memory_format=torch.channels_last)), y)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if (step + 1) % grey.batches_per_epoch == 0:
            epoch = (step + 1) // grey.batches_per_epoch
            accuracy, nats = judge(model, data.validation, data)
            print(f"epoch {epoch}/{epochs}: validation accuracy {accuracy:.4f}, cross-entropy {nats:.4f}", flush=True)
    model.eval()
    return model


def channels_last(model: nn.Module) -> None:
    """Lay the convolutions' weights out so that they run fast: 13 seconds an epoch on 2 cores, and 190 without it."""
    for parameter in model.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)


def judge(model: DigitClassifier, split: Split, data: Dataset, blur: float = 0) -> tuple[float, float]:
    """Accuracy and mean cross-entropy in nats of a split; leaves the model training as it was."""
    was_training = model.training
    model.eval()
    batches = list(evaluation_batches(split, data, 1000))
    x = torch.cat([x for x, _ in batches])
    y = torch.cat([y for _, y in batches if y is not None])
    probabilities = model.probabilities(blurred(x, blur) if blur else x)
    model.train(was_training)
    correct = (probabilities.argmax(1) == y).double().mean().item()
    return correct, F.nll_loss(probabilities.double().log(), y).item()


def blurred(x: Tensor, deviation: float) -> Tensor:
    """Images x ``(n, 1, 28, 28)`` convolved with a Gaussian of this standard deviation in pixels."""
    at = torch.arange(-4, 5)
    kernel = torch.exp(-0.5 * (at / deviation) ** 2)
    kernel = kernel / kernel.sum()
    return F.conv2d(F.conv2d(x, kernel.view(1, 1, 1, -1), padding=(0, 4)), kernel.view(1, 1, -1, 1), padding=(4, 0))


def measured(model: DigitClassifier, data: Dataset) -> dict[str, float]:
    """What the record says of the weights: the test set as it is, binarized, blurred by one pixel; and noise."""
    accuracy, nats = judge(model, data.test, data)
    noise = torch.rand(1000, *data.data_shape, generator=generator(0, "classifier", "noise"))
    validation_accuracy, _ = judge(model, data.validation, data)
    return {
        "test_accuracy": accuracy,
        "test_cross_entropy_nats": nats,
        "validation_accuracy": validation_accuracy,
        "test_accuracy_binarized": judge(model, data.test, replace(data, binarization="dynamic"))[0],
        "test_accuracy_blurred_1_pixel": judge(model, data.test, data, blur=1.0)[0],
        "top_probability_of_uniform_noise": model.probabilities(noise).amax(1).mean().item(),
    }


def write(model: DigitClassifier, path: Path, record: dict[str, Any]) -> None:
    """Write the weights, and beside them the record with their SHA-256."""
    content = save({name: tensor.contiguous() for name, tensor in model.state_dict().items()})
    # as bytes: safetensors' own file writer makes files that only their owner can read, and these are packaged
    replace_atomically(path, lambda beside: beside.write_bytes(content))
    write_json(path.with_suffix(".json"), {**record, "sha256": hashlib.sha256(content).hexdigest()})


def main(epochs: int = 12, seed: int = 0, out: Path = WEIGHTS) -> None:
    """Train the classifier of digits that ships with reparam.

    Args:
        epochs: passes over the 50,000 training images.
        seed: of weights, order, augmentation and dropout.
        out: the safetensors file to write; the record goes beside it, ending in .json.
    """
    start = time.perf_counter()
    data = load_data("mnist")
    with flushed_denormals():
        model = train(data, epochs, seed)
    seconds = time.perf_counter() - start
    model.half().float()  # what is measured is what is stored: weights rounded to half precision
    record = {
        "command": shlex.join(["python", *sys.argv]),
        "seed": seed,
        "epochs": epochs,
        **measured(model, data),
        "parameters": count_parameters(model),
        "torch": torch.__version__,
        "training_seconds": round(seconds, 1),
    }
    write(model.half(), out, record)
    digit_classifier(out)  # the loader accepts it
    for name, value in record.items():
        print(f"{name}: {value}")
    print(f"{out}: {out.stat().st_size:,} bytes")


if __name__ == "__main__":
    tyro.cli(main)

"""How time and memory grow: with batch, width, latents, examples, the size of images, K, samples and runs.

    .venv/bin/python recipes/growth.py --out growth.png             # about six minutes; leave the machine alone

Each point is a process of its own: seconds of what is asked (a training step, K importance samples of 100 images,
measures of samples, an evaluation of runs), the best of a few, and the most memory that it held beyond what Python,
torch and reparam take. The exponent is the slope of the last two points, logarithm over logarithm: 1 is linear.
"""

import argparse
import json
import math
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

import reparam
from reparam.data import Batches, Dataset, Split
from reparam.hardware import flushed_denormals, vendor
from reparam.kinds import VAEConfig, build_model
from reparam.models.traits import Traits
from reparam.plots.style import BLUE, ORANGE, SOFT, dress, new_figure
from reparam.randomness import generator
from reparam.runs.run import Run
from reparam.settings import TrainingConfig
from reparam.training import Silent
from reparam.training.loop import Loop
from reparam.training.memory import forget_peak, peak_memory
from reparam.training.resolve import settle


@dataclass(frozen=True)
class Growth:
    """What grows, through which values, what is timed, and why it is not linear where it is not."""

    values: tuple[int, ...]
    timed: str
    why: str


GROWTHS = {
    "batch size": Growth((32, 128, 512, 2048), "a step", "small batches cost what a step costs whatever its size"),
    "width": Growth((100, 400, 1600, 3200), "a step", "four products grow with the one hidden layer"),
    "latents": Growth((2, 20, 200, 1000), "a step", "small beside the 784 pixels until there are hundreds"),
    "training examples": Growth((1_000, 10_000, 100_000, 1_000_000), "a step", "a step takes a batch of them"),
    "image side": Growth((16, 32, 64, 128), "a step", "pixels grow by the square, and the pyramid has a level more"),
    "K": Growth((100, 1_000, 10_000), "log p(x) of 100 images", "a few draws are held at a time"),
    "samples": Growth((500, 1_000, 2_000, 4_000), "all measures of samples", "pairs are looked at in blocks"),
    "runs": Growth((1, 2, 4), "an evaluation", "the data's own floor is measured once for all"),
}  # fmt: skip


def noise(n: int, shape: tuple[int, ...]) -> Dataset:
    """Seeded grey pixels; few examples to validate and test on."""
    x = torch.randint(0, 256, (n + 200, *shape), dtype=torch.uint8, generator=generator(0, "pixels"))
    return Dataset("noise", Split(x[200:]), Split(x[:100]), Split(x[100:200]), data_shape=shape, scale=255.0)


def step(**change: int) -> Callable[[], object]:
    """A training step of a VAE, 784-400-20 unless told otherwise."""
    side, batch = change.get("image side", 28), change.get("batch size", 256)
    data = noise(max(batch, change.get("training examples", 2048)), (1, side, side))
    network = {"network": "conv"} if "image side" in change else {"hidden": (change.get("width", 400),)}
    batch = 32 if "image side" in change else batch
    settings = VAEConfig(latent_dim=change.get("latents", 20), likelihood="normal", **network)
    model = build_model(settings, data.data_shape, Traits(data_shape=data.data_shape)).train()
    config = settle(TrainingConfig(batch_size=batch, steps=10_000), model, data)
    loop = Loop(model.turns(), Batches(data.train, data, batch, 0, torch.device("cpu")), config, 10_000, within=model)
    numbers = iter(range(10_000))
    return lambda: loop.play(next(numbers))


def trained() -> Run:
    """A VAE of MNIST after some steps, in memory."""
    return reparam.fit("vae", "mnist", steps=100, progress=Silent())


def likelihood(k: int) -> Callable[[], object]:
    """Log p(x) of 100 images."""
    run = trained()
    x = run.data.test.x[:100].float().div(255).round()
    return lambda: run.log_prob(x, samples=k)


def measures(n: int) -> Callable[[], object]:
    """Fidelity, coverage, memorization, all of them."""
    run = trained()
    return lambda: reparam.evaluate(run, measures=("quality",), count=n)


def evaluation(n: int) -> Callable[[], object]:
    """Of so many runs, side by side."""
    runs = {f"run {i}": trained() for i in range(n)}
    return lambda: reparam.evaluate(runs, count=1000, images=100, samples=100)


OF = {"log p(x) of 100 images": likelihood, "all measures of samples": measures, "an evaluation": evaluation}


def measure(name: str, value: int) -> None:
    """Print seconds and MiB of one point."""
    timed = GROWTHS[name].timed
    forget_peak()
    before = peak_memory()["peak_memory_mib"]
    action = step(**{name: value}) if timed == "a step" else OF[timed](value)
    with flushed_denormals():
        if timed != "a step":
            forget_peak()
            before = peak_memory()["peak_memory_mib"]
        found, start = [], time.perf_counter()
        while len(found) < 3 or (time.perf_counter() - start < 2 and len(found) < 300):
            if found and time.perf_counter() - start > 20:
                break
            first = time.perf_counter()
            action()
            found.append(time.perf_counter() - first)
    print(json.dumps([min(found), max(0.1, peak_memory()["peak_memory_mib"] - before)]))


def point(name: str, value: int) -> tuple[float, float]:
    """Of a process of its own."""
    command = [sys.executable, __file__, "--measure", name, str(value)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, memory = json.loads(said.splitlines()[-1])
    return seconds, memory


def exponent(values: tuple[int, ...], found: list[float]) -> float:
    """The slope of the last two points."""
    return math.log(found[-1] / found[-2]) / math.log(values[-1] / values[-2])


def draw(found: dict[str, list[tuple[float, float]]], path: str) -> None:
    """A panel each: how many times what the smallest takes, beside what would be linear."""
    figure = new_figure(10, 5)
    for axes, (name, points) in zip(figure.subplots(2, 4).flat, found.items(), strict=False):
        growth, drawn = GROWTHS[name], (("time", BLUE, "o-"), ("memory", ORANGE, "s-"))
        for (label, colour, marks), y in zip(drawn, zip(*points, strict=True), strict=True):
            axes.plot(growth.values, [value / y[0] for value in y], marks, color=colour, label=label)
        axes.plot(growth.values, [value / growth.values[0] for value in growth.values], ":", color=SOFT, label="linear")
        axes.set(xscale="log", yscale="log")
        axes.set_xticks(growth.values, [f"{value:,}" for value in growth.values], rotation=20)
        axes.minorticks_off()
        axes.set_ylim(0.5, 300)
        axes.set_yticks([1, 10, 100], ["1", "10", "100"])
        dress(axes, x=name, title=growth.timed)
    figure.supylabel("times as much as at the left end", fontsize=10)
    figure.axes[0].legend(fontsize=8)
    figure.savefig(path)


def main() -> None:
    """Measure, print the table, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=GROWTHS, default=list(GROWTHS))
    parser.add_argument("--out", help="a picture of it, too")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        measure(asked.measure[0], int(asked.measure[1]))
        return
    print(f"{vendor()}, {platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}\n")
    print("| what grows | through | seconds | exponent | MiB | exponent | why |\n|---|---|---|---|---|---|---|")
    found = {}
    for name in asked.only:
        growth = GROWTHS[name]
        found[name] = [point(name, value) for value in growth.values]
        seconds, memory = ([one[i] for one in found[name]] for i in (0, 1))
        cells = [", ".join(f"{value:,}" for value in growth.values)]
        cells += [
            f"{growth.timed}: " + ", ".join(f"{one:.2g}" for one in seconds),
            f"{exponent(growth.values, seconds):.2f}",
        ]
        cells += [", ".join(f"{one:.0f}" for one in memory), f"{exponent(growth.values, memory):.2f}", growth.why]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
    if asked.out:
        draw(found, asked.out)


if __name__ == "__main__":
    main()

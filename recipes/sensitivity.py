"""Which measure sees what: real images damaged more and more, in each of the features that can look at them.

    .venv/bin/python recipes/sensitivity.py --out runs/sensitivity            (about 25 minutes on 2 cores)
    .venv/bin/python recipes/sensitivity.py --out runs/sensitivity --quick    (half a minute; fewer images)

Held-out images are damaged in known ways at growing strength: noise, blur, missing kinds of images, copies of training
images in their place, and few distinct ones that repeat. Each is measured as samples are. For every measure it is said
whether its distance from the ideal grows with the strength (Spearman's rank correlation), and from which strength on it
is farther from it than undamaged images are, by more than two standard errors of the difference. Data: MNIST, and small
coloured shapes drawn here. Printed are tables in Markdown; `sensitivity.json` and `sensitivity.png` stand in --out.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import hypot
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor
from torch.nn.functional import conv2d, pad

from reparam.data import Dataset, Split, load_data
from reparam.evaluation import Score, Yardstick
from reparam.evaluation.samples.features import Asked
from reparam.files import write_json
from reparam.randomness import generator

ERRORS = 2.0
QUICK = ("coloured shapes, random-conv", "coloured shapes, raw")
SIDE, HUES = 24, 5
COLOURS = torch.tensor([[0.9, 0.2, 0.2], [0.2, 0.8, 0.3], [0.3, 0.4, 1.0], [0.9, 0.8, 0.2], [0.8, 0.3, 0.9]])
SHAPES: tuple[Callable[[Tensor, Tensor, Tensor], Tensor], ...] = (
    lambda x, y, r: (x.square() + y.square()).sqrt() - r,
    lambda x, y, r: torch.maximum(x.abs(), y.abs()) - 0.9 * r,
    lambda x, y, r: x.abs() + y.abs() - 1.25 * r,
    lambda x, y, r: ((x.square() + y.square()).sqrt() - 0.75 * r).abs() - 0.25 * r,
)
"""Signed distances from a disc, a square, a diamond, a ring of radius r."""


@dataclass(frozen=True)
class Damage:
    """A way to damage images: a function of (images, their classes, training images, strength, seed), and strengths."""

    name: str
    strengths: tuple[float, ...]
    of: Callable[[Tensor, Tensor, Tensor, float, int], Tensor]


def shapes(n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Coloured shapes ``(n, 3, 24, 24)`` as bytes, and their kinds ``(n,)``: 4 shapes by 5 hues."""
    rng = generator(seed, "sensitivity", "shapes", n)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(n, *shape, 1, 1, generator=rng)

    grid = torch.arange(SIDE).float()
    kind = torch.randint(len(SHAPES) * HUES, (n,), generator=rng)
    x, y = grid - uniform(9, 14), grid[:, None] - uniform(9, 14)
    x, y = x.expand(n, SIDE, SIDE), y.expand(n, SIDE, SIDE)
    radius = uniform(4, 8)
    distances = torch.stack([shape(x, y, radius) for shape in SHAPES])[kind // HUES, torch.arange(n)]
    inside = torch.sigmoid(-2 * distances)[:, None]
    colour = (COLOURS[kind % HUES][:, :, None, None] + uniform(-0.1, 0.1, 3)).clamp(0, 1)
    ground = uniform(0.0, 0.3, 3) + uniform(-0.1, 0.1, 1) * (grid / SIDE)
    return ((inside * colour + (1 - inside) * ground).clamp(0, 1) * 255).round().to(torch.uint8), kind


def coloured_shapes(train: int, held_out: int) -> Dataset:
    """The shapes as a data set."""
    x, y = shapes(train + 2 * held_out, 0)
    parts = zip(x.split([train, held_out, held_out]), y.split([train, held_out, held_out]), strict=True)
    splits = [Split(images, kinds) for images, kinds in parts]
    return Dataset("coloured shapes", *splits, data_shape=(3, SIDE, SIDE), scale=255.0)


def digits(train: int, held_out: int) -> Dataset:
    """MNIST, or the first of it."""
    data = load_data("mnist")
    splits = zip(data.splits.values(), (train, held_out, held_out), strict=True)
    return Dataset("mnist", *(Split(s.x[:n], s.y[:n]) for s, n in splits), data_shape=data.data_shape, scale=255.0)


def noisy(x: Tensor, y: Tensor, train: Tensor, strength: float, seed: int) -> Tensor:
    """Normal noise of so many grey levels of one."""
    return (x + strength * torch.randn(x.shape, generator=generator(seed, "noise"))).clamp(0, 1)


def blurred(x: Tensor, y: Tensor, train: Tensor, strength: float, seed: int) -> Tensor:
    """A Gaussian's blur of so many pixels."""
    reach = int(3 * strength + 1)
    weights = torch.exp(-torch.arange(-reach, reach + 1).float().square() / (2 * strength**2))
    weights = (weights / weights.sum()).expand(x.shape[1], 1, 1, -1)
    wide = pad(x, (reach, reach, reach, reach), mode="replicate")
    return conv2d(conv2d(wide, weights, groups=x.shape[1]), weights.mT, groups=x.shape[1])


def without_kinds(x: Tensor, y: Tensor, train: Tensor, strength: float, seed: int) -> Tensor:
    """Such a share of the kinds is missing; those that are left stand in for them, no image twice."""
    kinds = int(y.max()) + 1
    return x[y >= round(strength * kinds)]


def memorized(x: Tensor, y: Tensor, train: Tensor, strength: float, seed: int) -> Tensor:
    """Such a share is training images."""
    chosen = torch.randperm(len(train), generator=generator(seed, "memorized"))[: round(strength * len(x))]
    mixed = torch.cat([train[chosen], x[len(chosen) :]])
    return mixed[torch.randperm(len(x), generator=generator(seed, "mixed"))]


def repeated(x: Tensor, y: Tensor, train: Tensor, strength: float, seed: int) -> Tensor:
    """Only such a share of the images is distinct: 1 less the strength."""
    few = x[: max(2, round((1 - strength) * len(x)))]
    rows = torch.arange(len(x)) % len(few)
    return few[rows[torch.randperm(len(x), generator=generator(seed, "repeated"))]]


DAMAGES = (
    Damage("noise", (0.02, 0.05, 0.1, 0.2, 0.4), noisy),
    Damage("blur", (0.4, 0.6, 0.8, 1.2, 2.0), blurred),
    Damage("missing kinds", (0.1, 0.2, 0.4, 0.6, 0.8), without_kinds),
    Damage("memorized", (0.05, 0.1, 0.25, 0.5, 1.0), memorized),
    Damage("repeated", (0.5, 0.8, 0.9, 0.95, 0.98), repeated),
)


def told(scores: list[Score], strengths: tuple[float, ...]) -> dict[str, Any]:
    """Of a measure without damage and at each strength: the order, and from which strength on it is told.

    Returns:
        ``rank``: Spearman's correlation of the distance from the ideal with the strength (None where it is constant);
        ``from``: the strength from which on that distance exceeds the first by two errors of the difference, or None.
    """
    gaps = [score.gap for score in scores]
    errors = [score.standard_error or 0.0 for score in scores]
    beyond = [gap - gaps[0] > ERRORS * hypot(errors[0], e) for gap, e in zip(gaps[1:], errors[1:], strict=True)]
    told_from = next((s for i, s in enumerate(strengths) if all(beyond[i:])), None)
    rank = float(spearmanr(range(len(gaps)), gaps).statistic) if len(set(gaps)) > 1 else None
    return {
        "rank": rank,
        "from": told_from,
        "values": [score.value for score in scores],
        "gaps": gaps,
        "errors": errors,
    }


def measured(
    data: Dataset, features: Asked, n: int, neighbours: int, damages: Sequence[Damage] = DAMAGES
) -> dict[str, dict[str, Any]]:
    """Each measure of each damage, by the measure's and the damage's name."""
    by = Yardstick(data, n, features=features, neighbours=neighbours, all_measures=True)
    x, y = data.validation.x.float() / 255, data.validation.y
    assert y is not None
    train = by.training.split.x.float() / 255
    found: dict[str, dict[str, Any]] = {}
    whole = by.measure(x[:n]).scores()
    for damage in damages:
        rows = [whole]
        for strength in damage.strengths:
            damaged = damage.of(x, y, train, strength, 0) if damage.of is without_kinds else None
            damaged = damage.of(x[:n], y[:n], train, strength, 0) if damaged is None else damaged
            rows.append(by.measure(damaged[:n]).scores())
        for column in zip(*rows, strict=True):
            if not np.isfinite(column[0].value):  # the path length is one of models, and these are none
                continue
            found.setdefault(column[0].name, {})[damage.name] = told(list(column), damage.strengths)
    return found


def cell(one: dict[str, Any]) -> str:
    """From which strength on it is told, and its order where that is not the right one all the way.

    >>> cell({"rank": 1.0, "from": 0.1}), cell({"rank": 0.5, "from": None}), cell({"rank": -1.0, "from": None})
    ('0.1', '– (0.50)', '– (-1.00)')
    """
    first = "–" if one["from"] is None else f"{one['from']:g}"
    order = "" if one["rank"] is None or one["rank"] > 0.9 else f" ({one['rank']:.2f})"
    return first + order


def table(name: str, found: dict[str, dict[str, Any]]) -> str:
    """A table in Markdown."""
    damages = [damage for damage in DAMAGES if damage.name in next(iter(found.values()))]
    heads = [f"{damage.name} ({damage.strengths[0]:g} to {damage.strengths[-1]:g})" for damage in damages]
    lines = [f"\n**{name}**\n", "| measure | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    lines += [f"| {m} | " + " | ".join(map(cell, row.values())) + " |" for m, row in found.items()]
    return "\n".join(lines)


def picture(found: dict[str, dict[str, dict[str, Any]]], path: Path) -> None:
    """A row a measure, a block of columns for data and features: the darker, the weaker the damage that is told."""
    measures = list(dict.fromkeys(m for one in found.values() for m in one))
    figure, axes = plt.subplots(1, len(found), figsize=(2.1 * len(found) + 2.5, 5.2), sharey=True, layout="constrained")
    for axis, (name, one) in zip(np.atleast_1d(axes), found.items(), strict=True):
        damages = [damage for damage in DAMAGES if damage.name in one[measures[0]]]
        levels = np.array([[_level(one[m][d.name], d) for d in damages] for m in measures])
        image = axis.imshow(levels, vmin=0, vmax=5, cmap="Blues", aspect="auto")
        axis.set_title(name.replace(", ", ",\n"), fontsize=8)
        axis.set_xticks(range(len(damages)), [damage.name for damage in damages], rotation=60, ha="right", fontsize=8)
        axis.set_yticks(range(len(measures)), measures, fontsize=8)
    bar = figure.colorbar(image, ax=axes, ticks=[0, 1, 5], shrink=0.5)
    bar.ax.set_yticklabels(["never told", "the strongest alone", "the weakest, too"], fontsize=8)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _level(one: dict[str, Any], damage: Damage) -> int:
    """How many of the five strengths are told."""
    return 0 if one["from"] is None else len(damage.strengths) - damage.strengths.index(one["from"])


def main(argv: list[str] | None = None) -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/sensitivity"))
    parser.add_argument("--quick", action="store_true", help="few images, and two features that need no training")
    parser.add_argument("--only", nargs="+", help="of these data and features, as 'MNIST, raw'")
    parser.add_argument("--damages", nargs="+", choices=[damage.name for damage in DAMAGES], help="only these")
    parser.add_argument("--count", type=int, default=None, help="images that are damaged (1,000; quick: 120)")
    parser.add_argument("--train", type=int, default=None, help="training images (10,000; quick: 600)")
    options = parser.parse_args(argv)
    n, train = options.count or (120 if options.quick else 1000), options.train or (600 if options.quick else 10_000)
    choices: dict[tuple[Callable[[int, int], Dataset], Asked], str] = {
        (digits, "auto"): "MNIST, digit network",
        (digits, "random-conv"): "MNIST, random-conv",
        (digits, "self"): "MNIST, self",
        (digits, "raw"): "MNIST, raw",
        (coloured_shapes, "random-conv"): "coloured shapes, random-conv",
        (coloured_shapes, "self"): "coloured shapes, self",
        (coloured_shapes, "raw"): "coloured shapes, raw",
    }
    damages = [damage for damage in DAMAGES if damage.name in (options.damages or damage.name)]
    options.out.mkdir(parents=True, exist_ok=True)
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for (make, features), name in choices.items():
        asked = name in options.only if options.only else not options.quick or name in QUICK
        if not asked:
            continue
        found[name] = measured(make(train, 6 * n), features, n, min(n, 500), damages)
        print(table(name, found[name]), flush=True)
        write_json(options.out / "sensitivity.json", {"count": n, "train": train, "errors": ERRORS, "found": found})
    picture(found, options.out / "sensitivity.png")


if __name__ == "__main__":
    main()

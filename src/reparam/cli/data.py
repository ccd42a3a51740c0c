"""``reparam data NAME|PATH``: describe a data set and draw some of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from tyro.conf import Positional

from reparam.cli.parse import Writes, emit, parse
from reparam.cli.targets import check_free, picture_or_numbers

SHOWN = 120


@dataclass
class DataOptions(Writes):
    """Options of ``reparam data``."""

    data: Positional[str]
    """A name (mnist, fashion-mnist, ring, grid, moons, two-gaussians) or a path."""
    binarization: Literal["none", "threshold", "dynamic"] = "none"
    """How grey values become 0 or 1."""
    image_size: int | None = None
    """Resize the images of a folder to N by N pixels."""
    labels: str | None = None
    """The column of a table that holds the labels, by name, or by number counted from 1."""
    seed: int = 0
    """Seed of the split and of the examples drawn."""
    out: Path | None = None
    """The picture to write, its numbers beside it; <name>-examples.png here unless given."""
    json: bool = False
    """Print the description as JSON."""


def run(command: str, argv: list[str]) -> int:
    """Describe, draw, and say where."""
    examples = ["reparam data mnist", "reparam data my_images/ --image-size 32 --json"]
    options = parse(DataOptions, command, argv, "Describe a data set and draw some of it.", examples)
    from reparam.data import load_data
    from reparam.data.describe import describe
    from reparam.plots import save

    asked = {name: getattr(options, name) for name in ("binarization", "image_size", "seed", "labels")}
    dataset = load_data(options.data, **asked)
    out = options.out or Path(f"{_stem(options.data, dataset.name)}-examples.png")
    check_free(picture_or_numbers(out), [options.data], options.force)
    figure, numbers = draw(dataset, options.seed)
    picture = save(figure, out, numbers, options.force)
    description = describe(dataset)
    result = {**description, "picture": picture, "numbers": picture.with_suffix(".npz")}
    lines = "\n".join(f"  {name:<14} {_short(value)}" for name, value in description.items())
    emit(options.json, result, f"{lines}\n{picture}")
    return 0


def _stem(source: str, name: str) -> str:
    """The data's name without a file's ending."""
    return name if Path(source).expanduser().is_dir() else Path(name).stem


def draw(dataset: Any, seed: int) -> tuple[Any, dict[str, np.ndarray]]:
    """A labelled grid of images, a scatter of points, or pairs of a table's columns."""
    import torch

    from reparam import plots
    from reparam.evaluation.codes.encoding import examples, pick
    from reparam.randomness import generator

    count = SHOWN if dataset.is_image else 2000
    chosen = pick(dataset.test if dataset.binary else dataset.train, count, generator(seed, "data picture"))
    x = torch.cat(list(examples(chosen, dataset))).numpy()
    labels = None if chosen.y is None else chosen.y.numpy()
    if dataset.is_image:
        figure = plots.data_grid(x, labels, dataset.classes, title=dataset.name)
    else:
        figure = plots.samples_picture(x, dataset.data_shape, title=dataset.name)
    return figure, {"x": x} | ({} if labels is None else {"labels": labels})


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_short(part)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(str(part) for part in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)

"""A data set in numbers, ready for JSON, and in lines that fit a screen."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from reparam.data.columns.form import aligned
from reparam.data.dataset import Dataset, Split
from reparam.data.fingerprint import SAMPLED_ROWS, WHOLE_BYTES, row_chunks
from reparam.data.reading import label_pieces, row_bytes, rows_of

Row = tuple[str, list[str]]
"""A label, and the lines beside it."""
FEW_CLASSES = 12
"""So many are listed, of more the largest and the smallest."""
ENDS = 3
MOST_COLUMNS = 30
WIDEST = {"column": 20, "kind": 10, "values": 28, "missing": 7, "example": 14, "why": 28}
"""Of a table's columns what is told, and the most characters of each."""


def describe(dataset: Dataset) -> dict[str, Any]:
    """What ``reparam data`` says of a data set: plain numbers, strings, lists and dictionaries.

    ``mean`` and ``standard_deviation`` are over all training values as a model sees them before binarization; above
    256 MB they come from 4,096 rows, evenly spaced (``sampled`` then is true).
    """
    mean, deviation, sampled = _moments(dataset.train, 1.0 if dataset.train.binarized else dataset.scale)
    return {
        "name": dataset.name,
        "data_shape": list(dataset.data_shape),
        "is_image": dataset.is_image,
        "counts": {name: len(split) for name, split in dataset.splits.items()},
        "dtype": str(dataset.train.x.dtype).removeprefix("torch."),
        "scale": dataset.scale,
        "range": list(dataset.range),
        "picture": [dataset.drawn.low, dataset.drawn.high] if dataset.is_image else None,
        "mean": mean,
        "standard_deviation": deviation,
        "sampled": sampled,
        "binary": dataset.binary,
        "binarization": dataset.binarization,
        "classes": {name: _class_counts(dataset, code) for code, name in enumerate(dataset.classes)},
        "density": None if dataset.density is None else type(dataset.density).__name__,
        "on_disk": not isinstance(dataset.train.x, torch.Tensor),
        "seed": dataset.seed,
        "fingerprint": dataset.fingerprint,
        "notes": list(dataset.notes),
        "table": None if dataset.table is None else table_rows(dataset),
        "summary": None if dataset.table is None else dataset.table.summary,
    }


def told(description: Mapping[str, Any]) -> list[Row]:
    """A description as lines for a screen, each group of them under its label.

    >>> from reparam.data import load_data
    >>> [label for label, lines in told(describe(load_data("ring")))]
    ['name', 'examples', 'shape', 'values', 'density', 'notes', 'fingerprint']
    """
    return [
        ("name", [description["name"]]),
        ("examples", [_counted(description["counts"])]),
        *_contents(description),
        *([("classes", classes_told(description["classes"]))] if description["classes"] else []),
        *([("density", [f"known exactly: {description['density']}"])] if description["density"] else []),
        ("notes", list(description["notes"])),
        ("fingerprint", [description["fingerprint"]]),
    ]


def _contents(description: Mapping[str, Any]) -> list[Row]:
    """What examples are, and their values: of a table its columns."""
    if description["table"] is None:
        return [("shape", [_shape(description)]), ("values", _values(description))]
    (width,) = description["data_shape"]
    seen = f"a model sees vectors of {width:,}{', made as they are needed' if description['on_disk'] else ''}"
    return [("table", [description["summary"], seen]), ("columns", columns_told(description["table"]))]


def columns_told(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """The columns of a table, a line each under a line of titles, as many as a screen has."""
    titles = [title for title in WIDEST if any(row[title] not in ("none", "") for row in rows)]
    shown = [titles, *([row[title] for title in titles] for row in rows[:MOST_COLUMNS])]
    lines = aligned(shown, [WIDEST[title] for title in titles]).splitlines()
    more = len(rows) - MOST_COLUMNS
    return [*lines, f"and {more:,} columns more, which the schema lists"] if more > 0 else lines


def table_rows(dataset: Dataset) -> list[dict[str, str]]:
    """What is known of each column of a table, with shares and an example of the training rows."""
    assert dataset.table is not None, "a table"
    some = torch.arange(min(len(dataset.train), SAMPLED_ROWS))
    return dataset.table.rows(rows_of(dataset.train.x, some).numpy())


def classes_told(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Classes and their examples by split: a line each where they are few, else the largest and the smallest.

    >>> classes_told({f"letter {i}": {"train": 16, "validation": 2, "test": 2} for i in range(964)})
    ['964 classes, each of 20 examples']
    """
    if len(counts) <= FEW_CLASSES:
        width = max(map(len, counts))
        return [f"{name:<{width}}  {_counted(parts)}" for name, parts in counts.items()]
    sizes = sorted(((sum(parts.values()), name) for name, parts in counts.items()), reverse=True)
    lines = [f"{len(counts):,} classes, each of {sizes[0][0]:,} examples"]
    if sizes[0][0] != sizes[-1][0]:
        lines = [f"{len(counts):,} classes of {sizes[-1][0]:,} to {sizes[0][0]:,} examples, half of them of "
                 f"{sizes[len(sizes) // 2][0]:,} or more"]  # fmt: skip
        lines += [f"largest:  {_ends(sizes[:ENDS])}", f"smallest: {_ends(sizes[-ENDS:])}"]
    for split in next(iter(counts.values())):
        if empty := sum(not parts[split] for parts in counts.values()):
            lines.append(f"{empty:,} of them without any example in {split}")
    return lines


def _ends(sizes: list[tuple[int, str]]) -> str:
    return ", ".join(f"{name if len(name) <= 24 else name[:23] + '…'} {size:,}" for size, name in sizes)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _shape(description: Mapping[str, Any]) -> str:
    shape = description["data_shape"]
    if not description["is_image"]:
        return f"vectors of {shape[0]:,} number{'s' * (shape[0] > 1)}"
    channels, height, width = shape
    kind = {1: "grey", 3: "colour"}.get(channels, f"{channels} channels")
    return f"images, {kind}, {height} high and {width} wide"


def _values(description: Mapping[str, Any]) -> list[str]:
    """What a model sees of values."""
    low, high = description["range"]
    kept = f"{description['dtype']}{', on disk' if description['on_disk'] else ''}"
    by = f" divided by {description['scale']:g}" if description["scale"] != 1 else ""
    some = " (of 4,096 rows)" if description["sampled"] else ""
    mean = f"mean {description['mean']:.4g}, standard deviation {description['standard_deviation']:.4g}{some}"
    lines = [f"{kept}{by}: a model sees {low:.6g} to {high:.6g}, {mean}"]
    if description["binary"]:
        how = {"dynamic": "drawn 0 or 1", "threshold": "made 0 or 1 by a threshold"}
        lines.append(f"{how.get(description['binarization'], 'zeros and ones')}")
    if description["picture"] not in (None, [0.0, 1.0]):
        lines.append("in pictures, {:.6g} is black and {:.6g} white".format(*description["picture"]))
    return lines


def _moments(split: Split, scale: float) -> tuple[float, float, bool]:
    """Mean and standard deviation of a split's scaled values, and whether they come from a sample of rows."""
    whole = len(split) * row_bytes(split.x) <= WHOLE_BYTES
    count, total, squares = 0, 0.0, 0.0
    for rows in row_chunks(split, whole):
        values = rows_of(split.x, rows).double() / scale
        count += values.numel()
        total += float(values.sum())
        squares += float(values.square().sum())
    mean = total / count
    return mean, math.sqrt(max(0.0, squares / count - mean**2)), not whole


def _class_counts(dataset: Dataset, code: int) -> dict[str, int]:
    return {name: sum(int((y == code).sum()) for y in label_pieces(s)) for name, s in dataset.splits.items()}

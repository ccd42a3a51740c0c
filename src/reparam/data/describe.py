"""A data set in numbers, ready for JSON."""

import math
from typing import Any

import torch

from reparam.data.dataset import Dataset, Split
from reparam.data.fingerprint import WHOLE_BYTES, row_chunks
from reparam.data.reading import row_bytes, rows_of


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
    }


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
    return {name: 0 if s.y is None else int((s.y == code).sum()) for name, s in dataset.splits.items()}

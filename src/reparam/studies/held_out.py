"""Runs beside data that were given in the place of their own: all of these are held out, unless their source says."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch

from reparam.data import Dataset, Split
from reparam.data.columns.outside import Outside
from reparam.data.reading import SPLITS, split_note, split_rows, was_drawn
from reparam.errors import UserError
from reparam.evaluation.codes.encoding import examples
from reparam.hardware import require_memory
from reparam.runs.given import as_run
from reparam.runs.run import Run


def beside(given: Run | str | Path, data: object, outside: Outside = "skip") -> tuple[Run, str]:
    """A run with data in the place of its own, if any are given, and what of these is judged, in words.

    The run's own data that have been moved keep their splits, and so do data whose source names splits. Of all else
    every example is the test split: nobody who trained on other data has seen any. Training and validation examples
    stay the run's own, since samples are compared with them and copies looked for among them; where these are gone, a
    tenth of what was given is judged and the rest stands in for them.

    Args:
        given: a run, or its folder.
        data: anything that :func:`reparam.load` takes in their place, or None.
        outside: of rows of a table that the run's own do not know, as there.

    Raises:
        UserError: if the run cannot be read, or the data are not of its schema.
    """
    run = as_run(given)
    if data is None:
        return run, ""
    other = as_run(run, data, outside)
    found = other.data
    if found.fingerprint == run.record.fingerprint:
        return other, ""
    if not was_drawn(found.notes):
        return other, f"judged is the test split of {found.name}, {len(found.test):,} examples, as its source names it"
    try:
        own = run.data
    except UserError:
        return other, (
            f"judged are {len(found.test):,} examples of {found.name}, a tenth held out, and the others stand in for "
            f"the training examples of {run.where}, which are not at hand"
        )
    test = _all(found)
    told = f"judged are all {len(test):,} examples of {found.name}; training and validation examples are the run's own"
    return replace(other, dataset=replace(own, test=test, fingerprint="")), told


def _all(data: Dataset) -> Split:
    """Every example as a model sees it, and the labels: in the source's order, or else split by split."""
    splits = [data.splits[split] for split in SPLITS]
    require_memory("data", sum(map(len, splits)), math.prod(data.data_shape))
    x = torch.cat([part for split in splits for part in examples(split, data)])
    labels = list(_labels(splits))
    y = torch.cat(labels) if len(labels) == len(splits) else None
    if split_note(data.seed) in data.notes:
        order = torch.cat(split_rows(len(x), data.seed)).argsort()
        x, y = x[order], None if y is None else y[order]
    return Split(x, y, binarized=True)


def _labels(splits: list[Split]) -> Iterator[torch.Tensor]:
    for split in splits:
        if split.labels is not None:
            yield split.labels

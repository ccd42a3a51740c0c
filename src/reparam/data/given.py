"""A data set out of what Python code holds."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from reparam.data.columns.outside import Outside
from reparam.data.columns.table import TableSchema
from reparam.data.dataset import Binarization, Dataset
from reparam.data.foreign import Beyond, Given, arrays_of, as_array
from reparam.data.items import items_of, items_reading
from reparam.data.load import MEMORY_LIMIT, binarized, from_reading, load_data
from reparam.data.readers.asked import Asked, refuse_idle
from reparam.data.readers.assemble import assemble
from reparam.data.readers.given_cells import cells_given, column_of, is_table, joined
from reparam.data.readers.known import Known
from reparam.data.readers.sources import ARRAY_FILES, COLUMNAR
from reparam.data.readers.table import table_reading
from reparam.data.reading import SPLIT_WORDS, Reading
from reparam.errors import UserError
from reparam.settings import ReadingConfig

ARRAYS_GIVEN = tuple(name for name in ARRAY_FILES if name != "schema_file")
"""What applies to arrays; a schema is given as ``table``."""
LABELS = "label"
"""What the column of labels is called that stood beside a table."""


def as_dataset(given: Any, *, seed: int = 0, table: TableSchema | None = None, outside: Outside = "refuse") -> Dataset:
    """Whatever holds examples as a data set.

    Args:
        given: a :class:`Dataset`, returned as it is; a name or a path (see :func:`reparam.load_data`); or what
            :meth:`Dataset.of` takes, alone or by split: ``{"train": x, "test": y}``.
        seed: of what is held out where a split is not given.
        table: the schema that a table is read by; found from the data unless given.
        outside: what is done with rows that ``table`` does not know.

    Raises:
        UserError: if it cannot be read.

    >>> as_dataset(np.zeros((10, 3), np.float32))
    <Dataset 'arrays': 8 + 1 + 1 examples of shape (3,)>
    """
    if isinstance(given, Dataset):
        return given
    if isinstance(given, str | os.PathLike):
        return load_data(given, seed=seed, table=table, outside=outside)
    parts = _by_split(given) if isinstance(given, Mapping) else {"train": given}
    return Dataset.of(**parts, seed=seed, table=table, outside=outside)


def _by_split(given: Mapping[str, Any]) -> dict[str, Any]:
    """What a mapping holds by the splits that its keys name, as ``valid`` and ``val`` do."""
    named = {str(SPLIT_WORDS.get(str(key).lower())): part for key, part in given.items()}
    if "train" not in named or "None" in named or len(named) != len(given):
        raise UserError(f"the data have the keys {', '.join(map(repr, given))}: name the splits train, validation and "
                        f"test.")  # fmt: skip
    return named


def dataset_of(
    train: Any,
    validation: Any,
    test: Any,
    labels: Any,
    name: str,
    classes: Sequence[str] | None,
    binarization: Binarization,
    seed: int,
    how: ReadingConfig,
    table: TableSchema | None = None,
    outside: Outside = "refuse",
) -> Dataset:
    """What :meth:`Dataset.of` does, by the schema ``table`` where there is one."""
    parts = {"train": train, "validation": validation, "test": test}
    # training examples there must be: None in their place is refused by what reads them
    asked = {split: part for split, part in parts.items() if part is not None or split == "train"}
    asked_for = Asked(seed, MEMORY_LIMIT, how, table, outside=outside)
    rows = all(map(is_table, asked.values()))
    refuse_idle(name, how, COLUMNAR if rows else ARRAYS_GIVEN)
    if rows:
        data = replace(from_reading(_table(asked, labels, name, asked_for), seed), reading=how)
        return binarized(data, binarization)
    try:
        given = {split: arrays_of(part, f"{split} of {name!r}", MEMORY_LIMIT) for split, part in asked.items()}
    except Beyond:
        marks = None if labels is None else as_array(labels, f"the labels of {name!r}")
        found = items_reading(name, items_of(asked, name), asked_for, marks, classes)
        return binarized(replace(from_reading(found, seed), reading=how), binarization)
    if labels is not None:
        given["train"] = _labelled(given["train"], labels, name)
    if len(given) == 1:
        given = {"all": given["train"]}
    names = _classes(given.values(), classes)
    reading = assemble(
        name,
        name,
        {split: part.x for split, part in given.items()},
        {split: part.y for split, part in given.items() if part.y is not None},
        asked_for,
        classes=names,
        notes=tuple(dict.fromkeys(note for part in given.values() for note in part.notes)),
    )
    return binarized(replace(from_reading(reading, seed), reading=how), binarization)


def _table(parts: Mapping[str, Any], labels: Any, name: str, asked: Asked) -> Reading:
    """Tables by split, or one to be split, as one table."""
    known = None if asked.table is None else Known.of(asked.table)
    cells = {split: cells_given(part, f"{split} of {name!r}", asked.how, known) for split, part in parts.items()}
    if isinstance(labels, str):
        asked = replace(asked, how=asked.how.model_copy(update={"labels": labels}))
    elif labels is not None:
        cells["train"] = replace(cells["train"], columns=(*cells["train"].columns, column_of(LABELS, labels)))
        asked = replace(asked, how=asked.how.model_copy(update={"labels": LABELS}))
    if len(cells) == 1:
        return table_reading(cells["train"], name, asked)
    ends = np.cumsum([0, *(len(each.columns[0].values) for each in cells.values())])
    rows = {split: torch.arange(ends[at], ends[at + 1]) for at, split in enumerate(cells)}
    return table_reading(joined(cells, name), name, asked, rows)


def _labelled(given: Given, labels: Any, name: str) -> Given:
    if given.y is not None:
        raise UserError(f"{name!r} has labels of its own beside those of labels=...: give one of the two.")
    return given._replace(y=as_array(labels, f"the labels of {name!r}"))


def _classes(given: Any, classes: Sequence[str] | None) -> tuple[str, ...]:
    """The labels' names that were given, else those that the data know."""
    if classes is not None:
        return tuple(map(str, classes))
    return next((part.classes for part in given if part.classes and _are_numbers(part.y)), ())


def _are_numbers(labels: np.ndarray | None) -> bool:
    return labels is not None and labels.dtype.kind in "iu"

"""A data set out of what Python code holds."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from reparam.data.dataset import Binarization, Dataset
from reparam.data.foreign import Given, arrays_of, as_array
from reparam.data.load import binarized, from_reading, load_data
from reparam.data.readers.assemble import assemble
from reparam.data.reading import SPLIT_WORDS
from reparam.errors import UserError


def as_dataset(given: Any, *, seed: int = 0) -> Dataset:
    """Whatever holds examples as a data set.

    Args:
        given: a :class:`Dataset`, returned as it is; a name or a path (see :func:`reparam.load_data`); or what
            :meth:`Dataset.of` takes, alone or by split: ``{"train": x, "test": y}``.
        seed: of what is held out where a split is not given.

    Raises:
        UserError: if it cannot be read.

    >>> as_dataset(np.zeros((10, 3), np.float32))
    <Dataset 'arrays': 8 + 1 + 1 examples of shape (3,)>
    """
    if isinstance(given, Dataset):
        return given
    if isinstance(given, str | os.PathLike):
        return load_data(given, seed=seed)
    if isinstance(given, Mapping):
        return Dataset.of(**_by_split(given), seed=seed)
    return Dataset.of(given, seed=seed)


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
) -> Dataset:
    """What :meth:`Dataset.of` does."""
    parts = {"train": train, "validation": validation, "test": test}
    # training examples there must be: None in their place is refused by what reads them
    asked = {split: part for split, part in parts.items() if part is not None or split == "train"}
    given = {split: arrays_of(part, f"{split} of {name!r}") for split, part in asked.items()}
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
        seed,
        classes=names,
        notes=tuple(dict.fromkeys(note for part in given.values() for note in part.notes)),
    )
    return binarized(from_reading(reading, seed), binarization)


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

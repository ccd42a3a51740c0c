"""Labels of any kind turned into numbers 0..k-1 and the names they stand for."""

from collections.abc import Mapping

import numpy as np
import torch

from reparam.errors import UserError


def one_each(marks: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Labels by split, of which there is one a row; several a row are left out, and it is noted.

    >>> one_each({"train": np.zeros((5, 14))})[1]
    ('labels of shape (5, 14), several a row, are not read',)
    """
    several = {split: each for split, each in marks.items() if each.ndim == 2 and each.shape[1] > 1}
    notes = tuple(f"labels of shape {each.shape}, several a row, are not read" for each in several.values())
    return {split: each for split, each in marks.items() if split not in several}, notes[:1]


def encode_labels(
    marks: list[np.ndarray | None], where: str, classes: tuple[str, ...] = ()
) -> tuple[list[torch.Tensor | None], tuple[str, ...]]:
    """Labels of several splits, ``(n,)`` each or None, as int64 and the sorted names shared by all.

    Strings, booleans and whole numbers will do; ``where`` names the source in errors. Where ``classes`` are given, a
    label is one of these names, or its place among them counted from 0.

    Raises:
        UserError: When labels are not whole numbers or strings, or not one a row.

    >>> encode_labels([np.array(["cat", "ant"]), None, np.array(["cat"])], "a file")
    ([tensor([1, 0]), None, tensor([1])], ('ant', 'cat'))
    """
    plain = [None if each is None else _plain(each, where) for each in marks]
    given = [each for each in plain if each is not None]
    if not given:
        return [None for _ in marks], ()
    if classes:
        return [None if each is None else _among(each, classes, where) for each in plain], classes
    known = np.unique(np.concatenate(given))
    codes = [None if each is None else torch.from_numpy(np.searchsorted(known, each)) for each in plain]
    return codes, tuple(str(value) for value in known)


def _among(marks: np.ndarray, classes: tuple[str, ...], where: str) -> torch.Tensor:
    """Labels as their places among given names."""
    places = {name: place for place, name in enumerate(classes)} if marks.dtype.kind in "US" else range(len(classes))
    strangers = [mark for mark in np.unique(marks).tolist() if mark not in places]
    if strangers:
        raise UserError(f"The labels of {where} hold {strangers[0]!r}, and the classes are {', '.join(classes)}: name "
                        f"every class, or give labels from 0 to {len(classes) - 1}.")  # fmt: skip
    return torch.tensor([places[mark] for mark in marks.tolist()], dtype=torch.int64)


def _plain(marks: np.ndarray, where: str) -> np.ndarray:
    if marks.ndim == 2 and marks.shape[1] == 1:
        marks = marks[:, 0]
    if marks.ndim != 1:
        raise UserError(f"The labels of {where} have shape {marks.shape}: give one label a row, shape (n,).")
    if marks.dtype.kind == "f":
        if not np.all(np.isfinite(marks)) or np.any(marks != np.round(marks)):
            raise UserError(f"The labels of {where} are not whole numbers: give whole numbers or strings.")
        marks = marks.astype(np.int64)
    if marks.dtype.kind == "b":
        marks = marks.astype(np.int64)
    if marks.dtype.kind not in "iuUS":
        raise UserError(f"The labels of {where} are of dtype {marks.dtype}: give whole numbers or strings.")
    return _decoded(marks, where) if marks.dtype.kind == "S" else marks


def _decoded(marks: np.ndarray, where: str) -> np.ndarray:
    """Names in bytes as text."""
    try:
        return np.char.decode(marks, "utf-8")
    except UnicodeDecodeError:
        raise UserError(f"The labels of {where} are bytes that are no text in UTF-8: give them as strings.") from None

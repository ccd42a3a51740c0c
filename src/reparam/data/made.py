"""Whether a data set that somebody made by hand is one: what readers see to, and whoever composes splits may not."""

import torch

from reparam.data.dataset import Dataset, LazyArray, Split
from reparam.data.reading import chunks, rows_of
from reparam.errors import UserError

WAY = "reparam.data.Dataset.of(...) makes one of whatever holds examples"


def check_made(data: Dataset) -> None:
    """Refuse a data set whose parts do not go together, or that holds values which no model can be trained on.

    What a reader has made is not looked at again.

    Raises:
        UserError: naming the split, what it holds, and what would do.

    >>> x = torch.tensor([[1.0], [float("nan")]])
    >>> check_made(Dataset("made", Split(x), Split(x), Split(x), (1,)))
    Traceback (most recent call last):
    reparam.errors.UserError: train of 'made' holds 1 value that is NaN or infinite: remove or replace it
    """
    if not isinstance(data.name, str):
        raise UserError(f"a data set is called {data.name!r}: give its name as a string")
    if not isinstance(data.data_shape, tuple | list | torch.Size):
        raise UserError(f"{data.name!r} has data_shape={data.data_shape!r}: give a tuple, as (3,) or (1, 28, 28)")
    for name, split in data.splits.items():
        where = f"{name} of {data.name!r}"
        _check_form(split, tuple(data.data_shape), where)
        if data.value_range is None and data.table is None:
            _check_finite(split, where)
    if not len(data.train):
        raise UserError(f"train of {data.name!r} has no examples: give some")


def _check_form(split: Split, data_shape: tuple[int, ...], where: str) -> None:
    x = getattr(split, "x", None)
    if not isinstance(x, torch.Tensor | LazyArray):
        kind = type(split if x is None else x).__name__
        raise UserError(f"{where} is a {kind} and no split of a tensor: {WAY}")
    if tuple(x.shape[1:]) != data_shape:
        raise UserError(f"{where} has examples of shape {tuple(x.shape[1:])}, and the data set has {data_shape}: "
                        f"give one shape, or {WAY}")  # fmt: skip
    if split.y is not None and (not isinstance(split.y, torch.Tensor | LazyArray) or tuple(split.y.shape) != (len(x),)):
        shape = tuple(getattr(split.y, "shape", ()))
        raise UserError(f"{where} has {len(x):,} examples and labels of shape {shape}: give one label an example")


def _check_finite(split: Split, where: str) -> None:
    if not split.x.dtype.is_floating_point:
        return
    bad = sum(int((~torch.isfinite(rows_of(split.x, rows))).sum()) for rows in chunks(split.x))
    if bad:
        told = "1 value that is NaN or infinite: remove or replace it"
        more = f"{bad:,} values that are NaN or infinite: remove or replace them"
        raise UserError(f"{where} holds {told if bad == 1 else more}")

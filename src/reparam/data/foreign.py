"""What other libraries keep examples in, as NumPy arrays: tensors, arrays, torch's and Hugging Face's data sets."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from reparam.data.readers.arrays import X_WORDS, Y_WORDS
from reparam.data.readers.held import held, is_picture
from reparam.errors import UserError
from reparam.hardware import free_memory

X_COLUMNS = X_WORDS | {"pixel_values", "img"}
FLOAT = 4
LEAST = 56
"""Bytes that an item takes at least, as the objects of Python do."""
TAKEN = "a tensor, an array, a list of arrays, (x, y), or a data set with len and integer indexing"


class Given(NamedTuple):
    """Examples ``x: (n, ...)`` as they were given and their labels ``y: (n,)``, if any, with the labels' names."""

    x: np.ndarray
    y: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Beyond(Exception):
    """The items of a data set take more memory than they may."""


def arrays_of(given: Any, where: str, limit: int | None = None) -> Given:
    """Examples and labels out of whatever holds them; ``where`` names it in errors.

    Tensors, arrays and whatever NumPy takes for one; lists of these; tuples (x, y); data sets of torch and Hugging Face
    whose items are x, (x, y) or columns by name; a DataLoader of such a data set.

    Raises:
        UserError: if it is none of these, or its items cannot be stacked.
        Beyond: if there is a ``limit``, and items that have to be fetched take more bytes, by the first of them.

    >>> arrays_of((torch.zeros(2, 3), ["a", "b"]), "a pair").y.tolist()
    ['a', 'b']
    """
    if isinstance(given, DataLoader):
        note = "the DataLoader's data set is read by itself: its order, batch size and collate_fn are not used"
        inner = arrays_of(given.dataset, where, limit)
        return inner._replace(notes=(*inner.notes, note))
    if isinstance(given, TensorDataset):
        return _pair(given.tensors, where)
    if is_array(given):
        return Given(as_array(given, where))
    if isinstance(given, tuple):
        return _pair(given, where)
    if isinstance(given, list):
        return Given(_stack(given, where))
    return _items(given, where, limit)


def is_array(given: Any) -> bool:
    """Whether it is a tensor or what NumPy takes for an array."""
    return isinstance(given, torch.Tensor) or hasattr(given, "__array__") or hasattr(given, "__array_interface__")


def as_array(given: Any, where: str) -> np.ndarray:
    """A tensor, an array or nested lists of numbers as a NumPy array."""
    if isinstance(given, torch.Tensor):
        return _of_tensor(given, where)
    if is_picture(given):
        return held([given], where)[0]
    if isinstance(given, np.ma.MaskedArray) and given.mask.any():
        raise UserError(f"{where} has {int(given.mask.sum()):,} masked values: give x.filled(value), or floats with "
                        'NaN in their place and read_as="table".')  # fmt: skip
    try:
        return np.asarray(given)
    except ValueError as error:
        raise UserError(f"{where} cannot be read as one array ({error}): give rows of one shape.") from error


def _of_tensor(given: torch.Tensor, where: str) -> np.ndarray:
    try:
        dense = given.detach().to("cpu").to_dense().resolve_conj().resolve_neg()
        return (dense.float() if dense.is_floating_point() and dense.itemsize < FLOAT else dense).numpy()
    except (RuntimeError, TypeError, NotImplementedError) as error:
        raise UserError(
            f"{where} is a tensor whose values cannot be had ({_words(error)}): give a plain one."
        ) from error


def _words(error: Exception) -> str:
    """What an error says, in a line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:120]


def _pair(parts: tuple[Any, ...], where: str) -> Given:
    if len(parts) not in (1, 2):
        raise UserError(f"{where} is a tuple of {len(parts)}: give (x,) or (x, y), and several examples as a list.")
    x = arrays_of(parts[0], where)
    return x if len(parts) == 1 else x._replace(y=as_array(parts[1], f"the labels of {where}"))


def _stack(items: Sequence[Any], where: str) -> np.ndarray:
    rows = held(items, where) if items and all(map(is_picture, items)) else [as_array(item, where) for item in items]
    shapes = {row.shape: at for at, row in reversed(list(enumerate(rows)))}
    if len(shapes) > 1:
        (first, one), (other, two), *_ = sorted(shapes.items(), key=lambda pair: pair[1])
        raise UserError(f"{where} holds examples of shapes {first} (number {one}) and {other} (number {two}): bring "
                        f"them to one shape.")  # fmt: skip
    if not rows:
        raise UserError(f"{where} holds no examples: give one or more.")
    return np.stack(rows)


def _items(given: Any, where: str, limit: int | None) -> Given:
    """The items of a data set that has ``len`` and integer indexing."""
    if not has_items(given):
        raise UserError(f"{where} is a {type(given).__name__}, which cannot be read: give {TAKEN}.")
    items = _every(given, where, limit)
    if items and isinstance(items[0], Mapping):
        x_name, y_name = columns_of(list(items[0]), where)
        items = [named(item, x_name, y_name, f"item {at} of {where}") for at, item in enumerate(items)]
        names = getattr((getattr(given, "features", None) or {}).get(y_name), "names", None) or ()
    else:
        names = getattr(given, "classes", ())
    if not items or not isinstance(items[0], tuple):
        return Given(_stack(items, where))
    if len(items[0]) == 1:
        return Given(_stack([item[0] for item in items], where))
    x, y = _stack([item[0] for item in items], where), _stack([item[1] for item in items], f"the labels of {where}")
    return Given(x, y, tuple(str(name) for name in names))


def has_items(given: Any) -> bool:
    """Whether it has a length and items by number."""
    indexed = hasattr(given, "__len__") and hasattr(given, "__getitem__")
    return indexed and not isinstance(given, str | bytes | Mapping | IterableDataset)


def failed(which: str, where: str, error: Exception) -> UserError:
    """That something of a data set could not be had."""
    return UserError(f"{which} of {where} could not be had ({_words(error)}): give {TAKEN}.")


def _every(given: Any, where: str, limit: int | None) -> list[Any]:
    """All items of a data set, if as many as the first have room in memory."""
    at: int | None = None
    try:
        count, items = len(given), []
        for at in range(count):
            items.append(given[at])
            if not at:
                _check_room(items[0], count, where, limit)
        return items
    except (UserError, Beyond):
        raise
    except Exception as error:  # whatever somebody's own code raises
        which = "the length" if at is None else f"item {at}"
        raise failed(which, where, error) from error


def _check_room(item: Any, count: int, where: str, limit: int | None) -> None:
    free = free_memory(torch.device("cpu"))
    takes = count * max(LEAST, _bytes(item))
    if limit is not None and takes > limit and (free is None or count * LEAST < free):
        raise Beyond
    if free is not None and takes > free:
        raise UserError(f"{where} has {count:,} items, which take {takes / 1e9:,.0f} GB at least, more than the "
                        f"{free / 1e9:.1f} GB that are free: save them as an .npy, which stays on disk.")  # fmt: skip


def _bytes(item: Any) -> int:
    """Bytes of an item's example, as far as that is known before it is looked at in earnest."""
    if isinstance(item, tuple) and item:
        item = item[0]
    if isinstance(item, Mapping):
        return max((_bytes(value) for value in item.values()), default=0)
    if is_picture(item):
        return int(np.prod(item.size)) * len(item.getbands())
    return int(getattr(item, "nbytes", 0)) or (8 * len(item) if isinstance(item, list) else 0)


def named(item: Any, x_name: str, y_name: str | None, where: str) -> Any:
    """The example of an item of columns by name, with its label where there is one.

    Raises:
        UserError: if it lacks one of them.
    """
    try:
        return (item[x_name], item[y_name]) if y_name else item[x_name]
    except (KeyError, TypeError, IndexError):
        raise UserError(f"{where} has no {x_name!r}, or no label, which the first has: give items alike.") from None


def columns_of(names: list[str], where: str) -> tuple[str, str | None]:
    """The columns of examples and labels; the one that is left is the examples' where no name says so."""
    xs = [name for name in names if name.lower() in X_COLUMNS]
    ys = [name for name in names if name.lower() in Y_WORDS]
    rest = [name for name in names if name not in ys]
    if len(xs) != 1 and len(rest) == 1:
        xs = rest
    if len(xs) != 1 or len(ys) > 1:
        raise UserError(f"{where} has columns {', '.join(map(repr, names))}: give one of examples named image, "
                        f"pixel_values or x, and at most one of labels, named label.")  # fmt: skip
    return xs[0], ys[0] if ys else None

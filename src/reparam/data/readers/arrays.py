"""NumPy's .npy and .npz files."""

import math
import re
from pathlib import Path

import numpy as np
import torch

from reparam.data.dataset import LazyArray, Split
from reparam.data.permutation import Stretch
from reparam.data.readers.array_table import array_table
from reparam.data.readers.asked import Asked
from reparam.data.readers.assemble import assemble, reading
from reparam.data.readers.axes import axes_of
from reparam.data.readers.claims import check_claims, is_text
from reparam.data.readers.flat import rows_are, told_of
from reparam.data.readers.layout import check_array, evenly, plan_layout, scan
from reparam.data.readers.mapped import MappedRows, NpyFile
from reparam.data.reading import SPLIT_WORDS, Reading, chunks, drawn_rows, take
from reparam.door import NO_ARCHIVE, NO_HEAD
from reparam.errors import UserError

X_WORDS = {"x", "data", "image", "images", "features", "samples", "inputs"}
Y_WORDS = {"y", "label", "labels", "target", "targets", "class", "classes"}


def read_npy(path: Path, asked: Asked) -> Reading:
    """An array, split 80/10/10 from the seed; vectors and images stay on disk above ``memory_limit`` bytes.

    Raises:
        UserError: When the file is not a whole .npy file, holds objects, no numbers, too few rows, NaN or
            infinities, or has a shape that is neither that of vectors nor of images.
    """
    where, file = repr(str(path)), NpyFile(path)
    check_array(file.shape, file.dtype, where)
    fits = math.prod(file.shape) * file.dtype.itemsize <= asked.memory_limit
    rows, decided = rows_are(file.shape, file.dtype, file.pieces, told_of(asked), where, fits)
    if rows == "table":
        return array_table(path.name, where, {"all": file[:]}, {}, asked, notes=decided)
    parts, note = drawn_rows(len(file), asked.seed)
    axes = axes_of(file.shape, file.dtype, where, rows == "images", asked.how.bands)
    values = scan((axes.kept(piece) for piece in file.pieces()), where)
    layout = plan_layout(axes, file.dtype, values, asked.how, axes.kept(file[evenly(len(file))]))
    array = MappedRows(file, layout)
    notes = (*layout.notes, *decided, note)
    if torch.Size(array.shape).numel() * layout.dtype.itemsize <= asked.memory_limit:
        return reading(path.name, [Split(_in_memory(array, rows)) for rows in parts], layout, values, (), notes)
    if file.by_column:
        raise UserError(f"{where} is larger than the memory limit and stored column by column, so that rows cannot be "
                        f"read from disk: save it again with np.ascontiguousarray.")  # fmt: skip
    notes = (*notes, "larger than the memory limit: rows are read from disk as they are needed")
    return reading(path.name, [Split(take(array, rows)) for rows in parts], layout, values, (), notes)


def read_npz(path: Path, asked: Asked) -> Reading:
    """Arrays named ``train``, ``valid``, ``test`` (or ``x_train``, ``y_train`` ...), or one array ``x`` (with ``y``).

    Splits the file does not name are held out: 80/10/10 of a single array, a tenth of ``train`` for a missing one.

    Raises:
        UserError: When no array can be told to be the data, the splits do not fit together, and as
            :func:`read_npy`.
    """
    arrays = _load_npz(path)
    roles, ignored = _roles(arrays, path)
    notes = tuple(f"array {key!r} not used" for key in ignored)
    xs = {split: arrays[key] for (split, role), key in roles.items() if role == "x"}
    ys = {split: arrays[key] for (split, role), key in roles.items() if role == "y"}
    names = {role: f"{key!r} of {str(path)!r}" if role[1] == "x" else repr(key) for role, key in roles.items()}
    return assemble(path.name, str(path), xs, ys, asked, names=names, notes=notes)


def _load_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with path.open("rb") as file:
            arrays = np.load(file, allow_pickle=False)
            if isinstance(arrays, np.ndarray):
                raise UserError(f"{str(path)!r} is not an .npz file but a single array: rename it to .npy.")
            with arrays:
                check_claims(path)
                return {key: _array(arrays[key], key) for key in arrays.files}
    except UserError:
        raise
    except (*NO_ARCHIVE, *NO_HEAD) as error:
        if "object arrays" in str(error).lower():
            raise UserError(f"{str(path)!r} holds Python objects, which are never unpickled: save numbers, as uint8 or "
                            f"float32.") from error  # fmt: skip
        raise UserError(f"{str(path)!r} is not a whole .npz file ({error}): save it again.") from error


def _array(value: object, key: str) -> np.ndarray:
    """An entry of an archive, whose bytes numpy hands over as they are where they begin like no array."""
    if not isinstance(value, np.ndarray):
        raise ValueError(f"{key!r} in it is no array")
    if value.dtype.kind == "U" and not is_text(value):
        raise ValueError(f"{key!r} in it holds words that are no text")
    return value


def _roles(arrays: dict[str, np.ndarray], path: Path) -> tuple[dict[tuple[str, str], str], list[str]]:
    """Which key is the x and y of which split (``all`` for data the file does not split), and the keys left over."""
    found: dict[tuple[str, str], str] = {}
    ignored = []
    for key in arrays:
        role = _role(key)
        if role is None:
            ignored.append(key)
        elif role in found:
            raise UserError(f"{str(path)!r} holds both {found[role]!r} and {key!r}, which mean the same: leave one.")
        else:
            found[role] = key
    if ("train", "x") in found:
        ignored += [key for role, key in found.items() if role[0] == "all"]
        return {role: key for role, key in found.items() if role[0] != "all"}, ignored
    if ("all", "x") not in found and len(ignored) == 1 and {split for split, _ in found} <= {"all"}:
        found["all", "x"] = ignored.pop()
    if ("all", "x") not in found:
        keys = ", ".join(map(repr, arrays)) or "no arrays"
        raise UserError(f"{str(path)!r} holds {keys}: name the arrays train, valid and test, or x (with y for labels).")
    return {role: key for role, key in found.items() if role[0] == "all"}, ignored


def _role(key: str) -> tuple[str, str] | None:
    """The split and part a key names, if any.

    >>> _role("x_train"), _role("valid"), _role("test_labels"), _role("y"), _role("mean")
    (('train', 'x'), ('validation', 'x'), ('test', 'y'), ('all', 'y'), None)
    """
    words = re.split(r"[\W_]+", key.lower())
    splits = [SPLIT_WORDS[word] for word in words if word in SPLIT_WORDS]
    rest = [word for word in words if word and word not in SPLIT_WORDS]
    if len(splits) > 1 or len(rest) > 1 or (not splits and not rest):
        return None
    split = splits[0] if splits else "all"
    if not rest or rest[0] in X_WORDS:
        return split, "x"
    return (split, "y") if rest[0] in Y_WORDS else None


def _in_memory(array: LazyArray, rows: torch.Tensor | Stretch) -> torch.Tensor:
    part = take(array, rows)
    whole = torch.empty(len(rows), *array.shape[1:], dtype=array.dtype)
    for piece in chunks(part):
        whole[piece[0] : piece[-1] + 1] = part[piece]
    return whole

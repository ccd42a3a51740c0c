"""Arrays in memory made one reading: splits completed, one layout for all of them, labels numbered."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import torch

from reparam.data.dataset import Split
from reparam.data.readers.labels import encode_labels
from reparam.data.readers.layout import Layout, Values, check_array, plan_layout, scan
from reparam.data.reading import SPLITS, Reading, by_name, complete_splits, split_note
from reparam.errors import UserError

Arrays = Mapping[str, np.ndarray]


def assemble(
    name: str,
    where: str,
    xs: Arrays,
    ys: Arrays,
    seed: int,
    *,
    names: Mapping[tuple[str, str], str] = MappingProxyType({}),
    classes: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> Reading:
    """Examples and labels by split as a reading; a single array, ``all``, is split 80/10/10 from the seed.

    What is missing of validation and test is a tenth of ``train`` each. ``where`` is the source in errors,
    ``names`` what they call the ``"x"`` and ``"y"`` of a split; ``classes`` are the names of labels that are numbers
    from 0 already.

    Raises:
        UserError: When the arrays hold no numbers, have too few rows or do not fit together.
    """
    for split, x in xs.items():
        called = names.get((split, "x"), _part(split, where))
        check_array(x.shape, x.dtype, called)
        if split in ys and ys[split].shape[:1] != x.shape[:1]:
            labels, rows = names.get((split, "y"), "its array of labels"), len(ys[split]) if ys[split].ndim else "none"
            raise UserError(f"{called} has {len(x)} rows and {labels} has {rows}: give one label a row.")
    xs, ys, held_out = _complete(xs, ys, seed)
    first = xs["train"]
    for split, x in xs.items():
        if x.shape[1:] != first.shape[1:] or x.dtype != first.dtype:
            raise UserError(f"{where!r}: {split} holds {x.dtype} rows of shape {x.shape[1:]} and train {first.dtype} "
                            f"rows of shape {first.shape[1:]}: give splits of one kind.")  # fmt: skip
    found = [scan([xs[split]], _part(split, where)) for split in SPLITS]
    values = Values(min(v.low for v in found), max(v.high for v in found), all(v.binary for v in found))
    layout = plan_layout(first.shape, first.dtype, values, repr(where))
    codes, classes = encode_labels([ys.get(split) for split in SPLITS], repr(where), classes)
    splits = [Split(layout(xs[split]), y) for split, y in zip(SPLITS, codes, strict=True)]
    return reading(name, splits, layout, values, classes, (*layout.notes, *notes, *held_out))


def reading(
    name: str, splits: list[Split], layout: Layout, values: Values, classes: tuple[str, ...], notes: tuple[str, ...]
) -> Reading:
    """What a layout made of an array's splits, and the values they hold."""
    return Reading(
        name, by_name(splits), data_shape=layout.data_shape, low=float(values.low), high=float(values.high),
        binary=values.binary, scale=layout.scale, classes=classes, notes=notes,
    )  # fmt: skip


def _part(split: str, where: str) -> str:
    """What errors call the array of a split."""
    return repr(where) if split == "all" else f"{split} of {where!r}"


def _complete(
    xs: Arrays, ys: Arrays, seed: int
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], tuple[str, ...]]:
    """All three splits, those that are not named cut from what there is, and what to note."""
    source = "all" if "all" in xs else "train"
    named = {split: torch.arange(len(x)) for split, x in xs.items()}
    named["train"] = named.pop(source)
    rows, notes = complete_splits(named, seed)

    def pick(arrays: Arrays) -> dict[str, np.ndarray]:
        origin = {split: split if split in xs else source for split in SPLITS}
        return {split: arrays[origin[split]][rows[split].numpy()] for split in SPLITS if origin[split] in arrays}

    return pick(xs), pick(ys), notes if source == "train" else (split_note(seed),)

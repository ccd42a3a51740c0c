"""Arrays in memory made one reading: splits completed, one layout for all of them, labels numbered."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import torch

from reparam.data.dataset import Split
from reparam.data.lacking import lacking
from reparam.data.readers.array_table import array_table
from reparam.data.readers.asked import Asked
from reparam.data.readers.axes import axes_of
from reparam.data.readers.flat import rows_are, told_of
from reparam.data.readers.labels import encode_labels, one_each
from reparam.data.readers.layout import Layout, Values, check_array, evenly, plan_layout, scan
from reparam.data.readers.roles import STRATIFIED
from reparam.data.reading import SPLITS, Reading, by_name, complete_splits, raw_pieces, split_note, split_rows
from reparam.data.splitting import stratified
from reparam.errors import UserError

Arrays = Mapping[str, np.ndarray]


def assemble(
    name: str,
    where: str,
    xs: Arrays,
    ys: Arrays,
    asked: Asked,
    *,
    names: Mapping[tuple[str, str], str] = MappingProxyType({}),
    classes: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> Reading:
    """Examples and labels by split as a reading; a single array, ``all``, is split 80/10/10 from the seed asked for.

    What is missing of validation and test is a tenth of ``train`` each. ``where`` is the source in errors,
    ``names`` what they call the ``"x"`` and ``"y"`` of a split; ``classes`` are the names of labels that are numbers
    from 0 already.

    Raises:
        UserError: When the arrays hold no numbers, have too few rows or do not fit together.
    """
    called = {split: names.get((split, "x"), _part(split, where)) for split in xs}
    for split, x in xs.items():
        check_array(x.shape, x.dtype, called[split])
        if split in ys and ys[split].shape[:1] != x.shape[:1]:
            labels, rows = names.get((split, "y"), "its array of labels"), len(ys[split]) if ys[split].ndim else "none"
            raise UserError(f"{called[split]} has {len(x)} rows and {labels} has {rows}: give one label a row.")
    first = xs.get("all", xs.get("train"))
    assert first is not None, "whoever reads arrays has some to train on"
    for split, x in xs.items():
        if x.shape[1:] != first.shape[1:] or x.dtype != first.dtype:
            raise UserError(f"{where!r}: {split} holds {x.dtype} rows of shape {x.shape[1:]} and train {first.dtype} "
                            f"rows of shape {first.shape[1:]}: give splits of one kind.")  # fmt: skip
    ys, several = one_each(ys)
    rows, decided = rows_are(first.shape, first.dtype, xs.values, told_of(asked), repr(where))
    notes = (*notes, *several, *decided)
    if rows == "table":
        return array_table(name, where, xs, ys, asked, classes, notes)
    axes = axes_of(first.shape, first.dtype, repr(where), rows == "images", asked.how.bands)
    found = [scan(map(axes.kept, raw_pieces(x)), called[split]) for split, x in xs.items()]
    values = Values(min(v.low for v in found), max(v.high for v in found), all(v.binary for v in found))
    xs, ys, held_out = _complete(xs, ys, asked)
    layout = plan_layout(axes, first.dtype, values, asked.how, axes.kept(first[evenly(len(first))]))
    codes, classes = encode_labels([ys.get(split) for split in SPLITS], repr(where), classes)
    splits = [Split(layout(xs[split]), y) for split, y in zip(SPLITS, codes, strict=True)]
    held_out = (*held_out, *lacking(splits, classes, held_out, asked.seed))
    return reading(name, splits, layout, values, classes, (*layout.notes, *notes, *held_out))


def reading(
    name: str, splits: list[Split], layout: Layout, values: Values, classes: tuple[str, ...], notes: tuple[str, ...]
) -> Reading:
    """What a layout made of an array's splits, and the values they hold."""
    low, high = float(values.low), float(values.high)
    if layout.scale != 1 and layout.dtype != torch.uint8:  # whole numbers might be all that their bits can hold
        low, high = min(low, 0.0), max(high, layout.scale)
    return Reading(
        name, by_name(splits), data_shape=layout.data_shape, low=low, high=high, scale=layout.scale, classes=classes,
        binary=values.binary and layout.scale == 1, notes=notes, picture=layout.picture,
    )  # fmt: skip


def _part(split: str, where: str) -> str:
    """What errors call the array of a split."""
    return repr(where) if split == "all" else f"{split} of {where!r}"


def _complete(
    xs: Arrays, ys: Arrays, asked: Asked
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], tuple[str, ...]]:
    """All three splits, those that are not named cut from what there is, and what to note."""
    source = "all" if "all" in xs else "train"
    rows, notes = _rows(xs, ys, asked)

    def pick(arrays: Arrays) -> dict[str, np.ndarray]:
        origin = {split: split if split in xs else source for split in SPLITS}
        return {split: arrays[origin[split]][rows[split].numpy()] for split in SPLITS if origin[split] in arrays}

    return pick(xs), pick(ys), notes


def _rows(xs: Arrays, ys: Arrays, asked: Asked) -> tuple[dict[str, torch.Tensor], tuple[str, ...]]:
    """Row numbers by split, of the array that each is from or is cut from, and what to note."""
    if "all" not in xs:
        return complete_splits({split: torch.arange(len(x)) for split, x in xs.items()}, asked.seed)
    if asked.how.split_by == STRATIFIED:
        rows, note = _stratified(ys, asked.seed)
        return rows, (note,)
    return dict(zip(SPLITS, split_rows(len(xs["all"]), asked.seed), strict=True)), (split_note(asked.seed),)


def _stratified(ys: Arrays, seed: int) -> tuple[dict[str, torch.Tensor], str]:
    if "all" not in ys:
        raise UserError(f'split_by="{STRATIFIED}" needs labels, and there are none: leave `split_by` out.')
    (codes,), _ = encode_labels([ys["all"]], "the data")
    assert codes is not None, "labels"
    return stratified(codes.numpy(), seed)

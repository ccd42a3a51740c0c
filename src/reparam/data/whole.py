"""Every example that a name or a path holds, in the source's order, as the model of a run sees its data."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from reparam.data.columns.outside import Outside
from reparam.data.dataset import Dataset, Split
from reparam.data.elsewhere import fitting
from reparam.data.incoming import Seen, examples_of
from reparam.data.load import MEMORY_LIMIT, read_data_set
from reparam.data.readers.asked import Asked
from reparam.data.readers.rows import WHOLE
from reparam.data.readers.sources import NAMES
from reparam.data.reading import chunks, rows_of, split_note, split_rows
from reparam.data.record import DataRecord
from reparam.data.schema import check_same_schema
from reparam.door import leads_somewhere, user_path
from reparam.settings import ReadingConfig

Which = Literal["all", "train", "validation", "test"]


def whole(source: str, record: DataRecord, which: Which | None = None, outside: Outside = "skip") -> tuple[Seen, str]:
    """The examples of a source and, in words, which they are and in which order.

    Args:
        source: a name or a path, as for :func:`reparam.data.load_data`.
        record: how values are read.
        which: a split, or all of them; unless given, all of what lies at a path, and the test split of a name.
        outside: what is done with rows of a table that the record's schema does not know.

    Returns:
        What a model sees, which nothing reads again; and the words.

    Raises:
        UserError: if the source cannot be read, or not as the record's data were.
    """
    place = user_path(source)
    named = source in NAMES or not leads_somewhere(place)
    which = which or ("test" if named else "all")
    how = ReadingConfig(**({} if named else fitting(record, place)))
    data = read_data_set(source, Asked(record.seed, MEMORY_LIMIT, how, record.schema, which == "all", outside))
    if record.table is not None or data.table is not None:
        check_same_schema(record, data)
    raw, words = (_gathered([data.splits[which]]), f"the {which} split") if which != "all" else in_order(data)
    if record.schema is None:
        return Seen(examples_of(raw, record, source)), f"{words} of {data.name}"
    # what a table's reader has decided, which columns it does not use, say
    said = [note for note in data.notes if note != WHOLE]
    return Seen(raw.float(), data.outside if which == "all" else None), "; ".join([f"{words} of {data.name}", *said])


def in_order(data: Dataset) -> tuple[Tensor, str]:
    """All raw examples of a data set: as they stand in the source where reparam split it, else split by split."""
    raw = _gathered(list(data.splits.values()))
    if WHOLE in data.notes:
        return raw, "every example in its order"
    if split_note(data.seed) not in data.notes:
        return raw, "every example, train, validation and test in this order,"
    rows = torch.cat(split_rows(len(raw), data.seed))
    return raw[rows.argsort()], "every example in its order"


def _gathered(splits: Sequence[Split]) -> Tensor:
    """The raw values of some splits in memory."""
    return torch.cat([rows_of(split.x, rows) for split in splits for rows in chunks(split.x)])

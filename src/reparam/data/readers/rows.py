"""Which rows of a table train, validate and test: as whoever has the data says, else drawn from the seed."""

import numpy as np
import torch

from reparam.data.columns.texts import texts
from reparam.data.readers.asked import Asked
from reparam.data.readers.cells import Cells
from reparam.data.readers.roles import RANDOM, STRATIFIED, Roles
from reparam.data.reading import SPLITS, complete_splits, split_note, split_rows
from reparam.data.splitting import grouped, named, stratified
from reparam.errors import UserError
from reparam.settings import ReadingConfig

WHOLE = "nothing is held out"
Rows = dict[str, torch.Tensor]


def rows_by_split(
    cells: Cells, asked: Asked, how: ReadingConfig, roles: Roles, codes: np.ndarray | None, given: Rows | None = None
) -> tuple[Rows, str]:
    """Row numbers by split, and what to note.

    Args:
        cells: the table.
        asked: the seed of what is drawn, and whether anything is to be held out.
        how: the settings that apply.
        roles: the columns that decide splits, if any.
        codes: the classes of the rows; by these the split is stratified where nothing else is said.
        given: rows of splits that are named already, ``train`` among them.

    Raises:
        UserError: if there are too few rows, or the columns do not do for a split.
    """
    columns, seed, n = {column.name: column for column in cells.columns}, asked.seed, len(cells.columns[0].values)
    if asked.whole:
        return {"train": torch.arange(n)} | dict.fromkeys(SPLITS[1:], torch.arange(0)), WHOLE
    if roles.splits is not None:
        return named(texts(columns[roles.splits]).tolist(), roles.splits, seed)
    if given is not None:
        complete, (note,) = complete_splits(given, seed)
        return complete, note
    if roles.groups is not None:
        return grouped(group_names(texts(columns[roles.groups]).tolist()), seed)
    if how.split_by == STRATIFIED and codes is None:
        raise UserError(f'split_by="{STRATIFIED}" needs labels, and there are none: name their column, labels=...')
    if codes is not None and how.split_by != RANDOM and n >= len(SPLITS) and codes.min() >= 0:
        return stratified(codes, seed)
    return dict(zip(SPLITS, split_rows(n, seed), strict=True)), split_note(seed)


def group_names(words: list[str]) -> list[str]:
    """Groups by name; each row whose group is missing is one by itself."""
    return [f"={word}" if word else f"row {at}" for at, word in enumerate(words)]

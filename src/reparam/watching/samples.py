"""The last samples that a run kept, small enough for a page that is asked for every other second."""

import base64
import math
from dataclasses import dataclass

import numpy as np

from reparam.data import DataRecord
from reparam.data.columns.table import TableSchema
from reparam.data.columns.texts import texts
from reparam.door import listed
from reparam.runs.folder import RunFolder
from reparam.runs.snapshots import read_snapshot
from reparam.studies.plane import sprite

MOST_DOTS = 400
MOST_ROWS, MOST_COLUMNS, LONGEST = 5, 12, 24
"""Of a table: rows, columns, and letters of a cell."""
MOST_SIDE = 96
"""Pixels of an image's side: of larger ones every so many-th is kept."""


@dataclass(frozen=True)
class Sampled:
    """Samples.

    Attributes:
        step: after which they were kept.
        picture: of images, a PNG as an address.
        dots: of points in the plane, and of two columns of numbers, their places in the user's units.
        axes: the names of those columns.
        rows: of other tables the names of columns, and some rows as the user's file would have them.
    """

    step: int
    picture: str | None = None
    dots: list[list[float]] | None = None
    axes: list[str] | None = None
    rows: list[list[str]] | None = None


def latest(place: RunFolder, data: DataRecord) -> Sampled | None:
    """The last samples of a run; None where there are none that a page could show.

    Raises:
        UserError: if they are damaged.
    """
    kept = listed(place.figures, "samples-step-*.npz")
    shape, schema = tuple(data.data_shape), data.schema
    if not kept or (schema is None and len(shape) != 3 and shape != (2,)):
        return None
    step, x = read_snapshot(kept[-1], shape, place.identity)
    if len(shape) == 3:
        return Sampled(step, _picture(data, x))
    x = x[np.isfinite(x).all(1)]
    return Sampled(step, dots=_dots(data.given_back(x))) if schema is None else _of_table(step, schema, x)


def _of_table(step: int, schema: TableSchema, x: np.ndarray) -> Sampled:
    """Rows in the table's own words and units: places in a plane where there are two columns of numbers."""
    cells = schema.cells(x[:MOST_DOTS]).columns
    if len(cells) == 2 and all(one.values.dtype.kind in "if" and not one.missing.any() for one in cells):
        places = np.stack([one.values.astype(float) for one in cells], 1)
        return Sampled(step, dots=_dots(places), axes=[_cut(one.name) for one in cells])
    shown = cells[:MOST_COLUMNS]
    rows = zip(*(texts(one)[:MOST_ROWS].tolist() for one in shown), strict=True)
    return Sampled(step, rows=[[_cut(one.name) for one in shown], *([_cut(cell) for cell in row] for row in rows)])


def _dots(x: np.ndarray) -> list[list[float]]:
    """Points as short numbers: what a table counts in thousands or thousandths has as many digits."""
    return [[float(f"{value:.5g}") for value in point] for point in x[:MOST_DOTS].tolist()]


def _cut(word: str) -> str:
    return word if len(word) <= LONGEST else word[: LONGEST - 1] + "…"


def _picture(data: DataRecord, x: np.ndarray) -> str:
    seen = np.nan_to_num(data.drawn(data.given_back(x)))
    every = math.ceil(max(seen.shape[-2:]) / MOST_SIDE)
    seen = seen[..., ::every, ::every]
    side = math.isqrt(len(seen))
    tiles = np.pad(seen[: side * side], ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=0.5)
    png = sprite(tiles.reshape(side, side, *tiles.shape[1:]))
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"

"""Rows as scikit-learn gives them, as a model sees them, and back: arrays as arrays, DataFrames as DataFrames."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import validate_data

from reparam.data import Dataset
from reparam.data.columns.guess import naming
from reparam.data.incoming import Seen, seen_of
from reparam.data.readers.frames.pandas_frame import index_of
from reparam.data.readers.given_cells import cells_given, is_table
from reparam.errors import UserError, tell
from reparam.randomness import generator
from reparam.runs.run import Run

FEWEST = 2
"""Rows that are trained on: one, and one to validate by."""


@dataclass(frozen=True)
class Rows:
    """The form that rows had when an estimator was fitted.

    Args:
        shape: of one example.
        frame: they were a DataFrame.
        units: what 0 and 1 are in the numbers of flat images, as (0, 255).
    """

    shape: tuple[int, ...] = ()
    frame: bool = False
    units: tuple[float, float] = (0.0, 1.0)

    def read(self, estimator: Any, X: Any, run: Run) -> Seen:
        """Rows as the model sees them.

        A cross-validation meets numbers and words in nearly every fold that no other has, and one row would end it:
        numbers and dates beyond the range are taken at its end, rows with such words are left out, and both are said.

        Raises:
            ValueError: if they are not as those it was fitted on.
        """
        if self.frame and is_table(X):
            validate_data(estimator, X, reset=False, skip_check_array=True)
            return seen_of(X, run.record, "X", "clip")
        X = checked(estimator, X, reset=False)
        if self.frame:
            import pandas as pd

            X = pd.DataFrame(X, columns=estimator.feature_names_in_)
            return seen_of(X, run.record, "X", "clip")
        return seen_of(self.pictured(X), run.record, "X", "clip")

    def pictured(self, X: np.ndarray) -> np.ndarray:
        """Flat rows in the shape of examples; images from 0 to 1, and what leaves that is clipped, and said."""
        x: np.ndarray = X.reshape(len(X), *self.shape)
        if len(self.shape) == 1:
            return x
        low, high = self.units
        x = (x.astype(np.float32) - low) / (high - low)
        if beyond := int(((x < 0) | (x > 1)).sum()):
            tell(f"{beyond:,} values of X leave {low:g} to {high:g}, as images had when fitted, and are clipped")
        return x.clip(0, 1)

    def back(self, x: Any, run: Run, seed: int = 0, like: Any = None) -> Any:
        """What a model makes, as the user's rows are: flat, in their units, or a DataFrame.

        Args:
            x: ``(n, *data_shape)``, as the model makes it.
            run: that made it.
            seed: of which of the rare words stands where a model says that one of them does.
            like: rows whose index a DataFrame takes.
        """
        if run.record.schema is not None:
            return run.record.schema.frame(x, seed=seed, index=None if like is None else index_of(like))
        low, high = self.units
        return np.asarray(x).reshape(len(x), -1) * np.float32(high - low) + np.float32(low)


def checked(estimator: Any, X: Any, reset: bool) -> np.ndarray:
    """Rows of an array, after scikit-learn's own checks: bytes stay bytes, all else is float32."""
    keep = [np.float32, np.uint8] if getattr(estimator, "data_shape", None) is not None else np.float32
    least = FEWEST if reset else 1
    found = validate_data(estimator, X, reset=reset, dtype=keep, ensure_min_samples=least, order="C")
    return np.array(found)  # of its own: what is given may be locked


def rows_for_fitting(estimator: Any, X: Any, labels: Any, seed: int) -> tuple[Rows, Dataset]:
    """The form of rows, and the data set that a model is trained on.

    Raises:
        UserError: if shape, labels or what is held out will not do.
    """
    frame = is_table(X)
    if frame:
        validate_data(estimator, X, skip_check_array=True)
        if len(X) < FEWEST:
            raise UserError(f"X has n_samples = {len(X)}, and one is trained on, one held out: give two at least")
        if labels is not None:
            raise UserError("a model that is told classes takes X as an array here: give X.to_numpy(), or use "
                            "reparam.fit with labels=...")  # fmt: skip
        columns = dict(estimator.columns or {})
        how = {"read_as": "table", "columns": columns, "drop": _naming(X, columns)}
        return Rows(frame=True), _split(X, None, estimator.validation_fraction, seed, how)
    if estimator.columns:
        raise UserError("columns={...} names columns of a DataFrame, and X is an array: leave it out, or give one")
    x = checked(estimator, X, reset=True)
    shape = _shape(estimator.data_shape, x.shape[1])
    how = {"read_as": "vectors" if len(shape) == 1 else "images"}
    y = None if labels is None else np.asarray(labels)
    rows = Rows(shape, units=(0.0, 1.0) if len(shape) == 1 else _units(x))
    return rows, _split(rows.pictured(x), y, estimator.validation_fraction, seed, how)


def _naming(X: Any, kept: Collection[str]) -> tuple[str, ...]:
    """The columns that only name rows, or count them, which is said: seen before a split leaves gaps in what counts."""
    columns = [column for column in cells_given(X, "X").columns if column.name not in kept]
    found = {column.name: (why, column) for column in columns if (why := naming(column))}
    if len(found) == len(columns):
        return ()  # whatever is wrong with that is told by who reads the table
    for name, (why, column) in found.items():
        kind = "category" if column.values.dtype.kind == "O" else "integer"
        tell(f'column {name!r} is left out: {why} (columns={{"{name}": "{kind}"}} keeps it)')
    return tuple(found)


def _units(x: np.ndarray) -> tuple[float, float]:
    """What is black and white in images: 0 and 255 of bytes, 0 and 1 where no value leaves these, else what is there.

    >>> _units(np.array([[0.0, 16.0]]))
    (0.0, 16.0)
    """
    if x.dtype == np.uint8:
        return 0.0, 255.0
    low, high = float(x.min()), float(x.max())
    return (low, high) if (low < 0 or high > 1) and low < high else (0.0, 1.0)


def _shape(given: Any, width: int) -> tuple[int, ...]:
    shape = (width,) if given is None else tuple(int(side) for side in given)
    if int(np.prod(shape)) != width:
        raise UserError(f"data_shape={shape} has {int(np.prod(shape))} values, and rows of X have {width}: give the "
                        "shape of one row")  # fmt: skip
    return shape


def _split(X: Any, y: np.ndarray | None, fraction: Any, seed: int, how: dict[str, Any]) -> Dataset:
    """Rows dealt out to training and validation; the test split, which nothing is asked of, is the latter again."""
    if not isinstance(fraction, int | float) or not 0 < fraction < 1:
        raise UserError(f"validation_fraction={fraction!r} will not do: give a share between 0 and 1, as 0.1")
    held = min(len(X) - 1, max(1, round(len(X) * fraction)))
    order = torch.randperm(len(X), generator=generator(seed, "held out")).numpy()
    parts = [np.sort(order[held:]), np.sort(order[:held])]
    train, validation = (_taken(X, y, rows) for rows in parts)
    return Dataset.of(train, validation, validation, name="X", seed=seed, **how)


def _taken(X: Any, y: np.ndarray | None, rows: np.ndarray) -> Any:
    taken = _safe_indexing(X, rows)
    return taken if y is None else (taken, _safe_indexing(y, rows))

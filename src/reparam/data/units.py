"""The units data come in: where their values lie and how far they spread."""

import torch

from reparam.data.batches import model_values
from reparam.data.dataset import Dataset
from reparam.data.reading import rows_of
from reparam.errors import UserError

MOST_ROWS = 10_000
LEAST = 1e-37
"""The least spread that networks undo: float32 holds no number whose inverse it does not hold as well, beyond it."""


def units(dataset: Dataset) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of what a model sees of the training data.

    One number each for images, ``()``; one a column for vectors and tables, ``(d,)``. From 10,000 evenly spaced rows
    where there are more. A constant column has deviation 1. Rows of a table are vectors in such units already: 0 and 1.

    Raises:
        UserError: if values spread by less than float32 can be divided by.

    >>> from reparam.data import load_data
    >>> mean, deviation = units(load_data("grid"))
    >>> mean.shape, [round(value, 1) for value in deviation.tolist()]
    (torch.Size([2]), [2.8, 2.8])
    """
    if dataset.table is not None:
        return torch.zeros(dataset.table.width), torch.ones(dataset.table.width)
    values = some_values(dataset)[0].double()
    dims = tuple(range(values.dim())) if dataset.is_image else (0,)
    mean, deviation = values.mean(dims), values.std(dims, correction=0)
    if ((deviation > 0) & (deviation < LEAST)).any():
        least = deviation[deviation > 0].min()
        raise UserError(f"values of {dataset.name!r} spread by {least:.1e}, which is too little for float32 numbers: "
                        "multiply all of them by one large number")  # fmt: skip
    return mean.float(), torch.where(deviation > 0, deviation, 1.0).float()


def some_values(dataset: Dataset) -> tuple[torch.Tensor, torch.Tensor]:
    """What a model sees of the training data, ``(n, *data_shape)``, and which rows these are.

    10,000 evenly spaced ones where there are more.
    """
    n = len(dataset.train)
    rows = torch.linspace(0, n - 1, min(n, MOST_ROWS), dtype=torch.float64).long()
    raw = rows_of(dataset.train.x, rows)
    return model_values(raw, dataset.train, dataset, torch.Generator().manual_seed(0)), rows

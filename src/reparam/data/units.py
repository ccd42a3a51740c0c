"""The units data come in: where their values lie and how far they spread."""

import torch

from reparam.data.batches import model_values
from reparam.data.dataset import Dataset
from reparam.data.reading import rows_of

MOST_ROWS = 10_000


def units(dataset: Dataset) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of what a model sees of the training data.

    One number each for images, ``()``; one a column for vectors and tables, ``(d,)``. From 10,000 evenly spaced rows
    where there are more. A constant column has deviation 1. Rows of a table are vectors in such units already: 0 and 1.

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
    return mean.float(), torch.where(deviation > 0, deviation, 1.0).float()


def some_values(dataset: Dataset) -> tuple[torch.Tensor, torch.Tensor]:
    """What a model sees of the training data, ``(n, *data_shape)``, and which rows these are.

    10,000 evenly spaced ones where there are more.
    """
    n = len(dataset.train)
    rows = torch.linspace(0, n - 1, min(n, MOST_ROWS), dtype=torch.float64).long()
    raw = rows_of(dataset.train.x, rows)
    return model_values(raw, dataset.train, dataset, torch.Generator().manual_seed(0)), rows

"""Reading holds little besides the columns."""

import tracemalloc

import numpy as np

from reparam.data.readers.text import read_text


def test_memory_is_that_of_the_columns(tmp_path):
    """A tenth of the bench's table: at most four times the bytes of its numbers, though each is some 60 as text."""
    rows, width = 40_000, 20
    x = np.random.default_rng(0).normal(size=(rows, width)).round(5)
    path = tmp_path / "t.csv"
    np.savetxt(path, x, fmt="%.5f", delimiter=",")
    tracemalloc.start()
    cells = read_text(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(np.stack([column.values for column in cells.columns], 1), x)
    assert peak < 4 * x.nbytes

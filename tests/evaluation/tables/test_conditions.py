"""What is known of rows, in the user's words: read as the columns' own values are, and told in a sentence where not."""

import numpy as np
import pytest
import torch

from reparam.data.columns.guess import guess
from reparam.data.columns.table import TableSchema
from reparam.data.readers.cells import Cells, Column
from reparam.distributions.columnwise.within import Interval, OneOf
from reparam.errors import UserError
from reparam.evaluation.tables import conditions


def column(name, values, missing=None, **more):
    values = np.array(values, dtype=object) if isinstance(values[0], str) else np.array(values)
    return Column(name, values, np.zeros(len(values), dtype=bool) if missing is None else np.array(missing), **more)


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    n = 400
    cells = Cells(
        (
            column("age", rng.integers(18, 80, n)),
            column("sex", rng.choice(["F", "M"], n).astype(object)),
            column("income", rng.normal(30_000, 8_000, n).round(2), decimals=2),
            column("children", rng.integers(0, 5, n)),
            column("constant", np.full(n, 3.7)),
        )
    )
    return TableSchema(tuple(guess(each) for each in cells.columns)), cells


def asked(table, **given):
    schema, cells = table
    found = conditions(given, schema)
    x = torch.from_numpy(schema.encode(cells, "it"))
    return found, found.hold(x, schema).numpy(), {each.name: each.values for each in cells.columns}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"sex": "F"}, lambda c: c["sex"] == "F"),
        ({"sex": "F|M"}, lambda c: c["sex"] != ""),
        ({"age": "30..40"}, lambda c: (c["age"] >= 30) & (c["age"] <= 40)),
        ({"age": (30, 40), "sex": "M"}, lambda c: (c["age"] >= 30) & (c["age"] <= 40) & (c["sex"] == "M")),
        ({"age": 33}, lambda c: c["age"] == 33),
        ({"age": "..25"}, lambda c: c["age"] <= 25),
        ({"age": "70..200"}, lambda c: c["age"] >= 70),
        ({"income": "20000..31000.5"}, lambda c: (c["income"] >= 20_000) & (c["income"] <= 31_000.5)),
        ({"children": "2.."}, lambda c: c["children"] >= 2),
        ({"children": [0, 3]}, lambda c: np.isin(c["children"], (0, 3))),
    ],
)
def test_rows_are_told_apart_as_the_user_would(table, given, wanted):
    _, fits, columns = asked(table, **given)
    np.testing.assert_array_equal(fits, wanted(columns))
    assert fits.sum() > 0


def test_regions_are_of_the_columns_that_a_model_sees(table):
    found, _, _ = asked(table, sex="M", age=(18, None))
    assert found.regions[1] == OneOf((False, True))
    assert isinstance(found.regions[0], Interval)
    assert found.regions[0].high == np.inf


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"hair": "red"}, "no column 'hair': the columns are 'age', 'sex', 'income', 'children'"),
        ({"constant": 3.7}, "column 'constant' is left out"),
        ({"sex": "X"}, r"sex=X is no value of the column \(.*F, M\)"),
        ({"sex": "A..M"}, "is one of words, which have no range"),
        ({"age": "old"}, "age=old is no value"),
        ({"age": "old..40"}, "is no value of the column"),
        ({"age": 17}, "age=17 is no value of the column"),
        ({"age": "40..30"}, "holds nothing"),
        ({"age": (1, 2, 3)}, "is no range"),
        ({"age": [30, 31]}, "names 2 values of a column of numbers"),
        ({"children": "7..9"}, "holds none of its values"),
    ],
)
def test_what_makes_no_sense_is_told(table, given, told):
    with pytest.raises(UserError, match=told):
        conditions(given, table[0])

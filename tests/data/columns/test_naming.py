"""Columns that only name rows, or count them, are left out, whoever brings the table."""

import numpy as np
import pandas as pd
import pytest

from reparam.data import Dataset, load_data
from reparam.data.columns.guess import guess, naming
from reparam.data.readers.given_cells import column_of
from reparam.errors import Notice
from reparam.sklearn import VAE

N = 60
RNG = np.random.default_rng(0)
SHUFFLED, FAR = RNG.permutation(N), 2**60 + RNG.permutation(N) * 7


@pytest.mark.parametrize(
    ("name", "cells", "why"),
    [
        ("n", np.arange(5, 5 + N), "row numbers"),
        ("id", SHUFFLED, "as its name says"),
        ("customer_id", SHUFFLED * 3, "as its name says"),
        ("PassengerId", np.sort(SHUFFLED * 3), "as its name says"),
        ("Unnamed: 0", SHUFFLED, "as its name says"),
        ("tweet", FAR, "models know no single one"),
        ("who", [f"p{i}" for i in range(N)], "words, different in every row"),
        ("rank", SHUFFLED, None),
        ("paid", SHUFFLED, None),
        ("grid", SHUFFLED, None),
        ("id", SHUFFLED % 50, None),
        ("id", SHUFFLED / 7, None),
        ("id", [None, *range(1, N)], None),
        ("id", [3, 1, 2], None),
    ],
)
def test_what_only_names_rows(name, cells, why):
    column = column_of(name, cells)
    found = naming(column)
    assert found is None if why is None else why in found
    assert (guess(column).word == "identifier") == (why is not None)
    assert guess(column, names_rows=False).word != "identifier"


def test_a_few_numbers_beyond_2_to_the_53_are_told_apart():
    few = np.repeat(2**60 + np.arange(3), 20)
    kind = guess(column_of("code", few))
    assert kind.word == "category"
    data = Dataset.of(pd.DataFrame({"code": few, "x": RNG.normal(size=N)}))
    assert set(data.table.decode(data.train.x)["code"].tolist()) == set(few.tolist())


def test_an_estimator_leaves_out_what_the_command_does(tmp_path):
    """A fold of the rows has gaps in what counts them, and validation stands twice in what is trained on."""
    frame = pd.DataFrame({"id": np.arange(1, N + 1), "x": RNG.normal(size=N), "y": RNG.normal(size=N)})
    frame.to_csv(tmp_path / "t.csv", index=False)
    seen = [kind.name for kind in load_data(tmp_path / "t.csv").table.seen]
    settings = {"latent_dim": 1, "hidden": (4,), "steps": 2, "random_state": 0}
    for rows in (frame, frame.drop(range(10, 30)), frame.sample(frac=1, random_state=0)):
        with pytest.warns(Notice, match="column 'id' is left out: .*keeps it"):
            fitted = VAE(**settings).fit(rows)
        assert [kind.name for kind in fitted.run_.record.schema.seen] == seen == ["x", "y"]
        np.testing.assert_array_equal(
            fitted.score_samples(rows.head(3)), fitted.score_samples(rows.head(3).assign(id=0))
        )
    kept = VAE(columns={"id": "integer"}, **settings).fit(frame)
    assert [kind.name for kind in kept.run_.record.schema.seen] == ["id", "x", "y"]

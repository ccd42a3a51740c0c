"""A frame of pandas comes back in the types and with the index that it had."""

import numpy as np
import pytest

import reparam
from reparam.data.columns.table import TableSchema
from reparam.errors import UserError
from reparam.training import Silent

pandas = pytest.importorskip("pandas")
ORDERED = pandas.CategoricalDtype(["low", "mid", "high", "never"], ordered=True)


def frame_of(n=300, seed=0):
    rng = np.random.default_rng(seed)
    gap = rng.random(n) < 0.2
    return pandas.DataFrame(
        {
            "size": pandas.Categorical.from_codes(np.where(gap, -1, rng.integers(0, 3, n)), dtype=ORDERED),
            "grade": pandas.Categorical(rng.choice([3, 1, 2], n), categories=[3, 1, 2]),
            "smokes": pandas.array(np.where(gap, None, rng.random(n) < 0.4), dtype="boolean"),
            "visits": pandas.array(np.where(gap, None, rng.integers(0, 90, n)), dtype="Int64"),
            "weight": rng.normal(70, 9, n),
        },
        index=pandas.Index([f"row {i}" for i in range(n)], name="who"),
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frame") / "run"
    reparam.fit("vae", frame_of(), folder, steps=60, hidden=(8,), latent_dim=2, progress=Silent())
    return reparam.load(folder)


def test_samples_have_the_types_of_the_frame(run):
    assert run.sample(40).frame().dtypes.to_dict() == frame_of().dtypes.to_dict()


def test_what_is_imputed_has_types_and_index_and_all_that_was_there(run):
    given = frame_of(seed=1)
    filled = run.impute(given).frame()
    assert filled.dtypes.to_dict() == given.dtypes.to_dict()
    assert not filled.isna().any(axis=None)
    pandas.testing.assert_frame_equal(filled.where(given.notna(), given), given)


def test_reconstructions_keep_the_index(run):
    given = frame_of(seed=2)[:30]
    made = run.reconstruct(given).frame()
    pandas.testing.assert_index_equal(made.index, given.index)
    assert made.dtypes.to_dict() == given.dtypes.to_dict()


def test_types_outlive_the_record_and_are_checked(run):
    schema = run.record.schema
    assert TableSchema.of_plain(schema.plain()).dtypes == schema.dtypes
    with pytest.raises(UserError, match="dtypes"):
        TableSchema.of_plain(schema.plain() | {"dtypes": {"size": {"name": "object"}}})


@pytest.mark.parametrize("ending", ["parquet", "feather"])
def test_files_of_columns_keep_the_types_too(run, tmp_path, ending):
    pytest.importorskip("pyarrow")
    from reparam.evaluation.tables.write import write_tables

    filled = run.impute(frame_of(seed=1))
    write_tables(tmp_path / f"x.{ending}", [filled.table()], "draw")
    read = getattr(pandas, f"read_{ending}")(tmp_path / f"x.{ending}")
    kept = [name for name in read.columns if name != "grade"]  # Parquet has no categories of numbers
    assert read[kept].dtypes.to_dict() == filled.frame()[kept].dtypes.to_dict()
    assert read["grade"].tolist() == filled.frame()["grade"].tolist()

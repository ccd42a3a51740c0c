"""Tables of Python code as data sets: labels, splits, and other tables read by the schema of the first."""

import json
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch

from reparam.data import (
    DataRecord,
    Dataset,
    check_same_schema,
    data_like,
    evaluation_batches,
    examples_of,
    load_data,
    units,
)
from reparam.data.columns.table import TableSchema
from reparam.data.readers.cells import Cells, Column
from reparam.errors import UserError
from reparam.evaluation.tables.shown import shown_columns
from reparam.training.resolve import traits_of

RNG = np.random.default_rng(3)
N = 400
PEOPLE = pd.DataFrame(
    {
        "id": np.arange(N),
        "age": RNG.integers(18, 90, N),
        "income": RNG.normal(30_000, 5_000, N).round(2),
        "sex": RNG.choice(["f", "m"], N),
        "smoker": RNG.choice([True, False], N),
        "joined": pd.Timestamp("2020-01-01") + pd.to_timedelta(RNG.integers(0, 300, N), unit="D"),
        "country": "DE",
    }
)
PEOPLE["weight"] = np.where(RNG.random(N) < 0.1, np.nan, RNG.normal(75, 10, N).round(1))


def every(data):
    """All rows of a data set as a frame, in the splits' order."""
    return data.table.frame(torch.cat([split.x for split in data.splits.values()]))


def sort(frame):
    return frame.sort_values(list(frame.columns)).reset_index(drop=True)


def test_a_frame_is_given_back_to_the_type():
    data = Dataset.of(PEOPLE, name="people")
    back = every(data)
    pd.testing.assert_frame_equal(sort(back), sort(PEOPLE.drop(columns="id")), check_dtype=False)
    assert [str(back[name].dtype) for name in ("age", "income", "smoker", "weight")] == [
        "int64",
        "float64",
        "bool",
        "float64",
    ]
    assert back["joined"].dtype.kind == "M"
    notes = " ".join(data.notes)
    for said in ("'id' is left out, since it only names rows", "'country' is left out and given back"):
        assert said in notes
    assert data.table.summary.startswith(
        "table of 8 columns: 1 integer, 2 numbers, 1 category, 1 truth, 1 date; missing"
    )


@pytest.mark.parametrize("form", [pl.from_pandas, pa.Table.from_pandas, lambda df: df.to_dict("records")])
def test_other_forms_of_a_table_are_the_same_table(form):
    data, other = (Dataset.of(given) for given in (PEOPLE, form(PEOPLE)))
    assert other.table.families == data.table.families
    assert torch.equal(other.train.x, data.train.x)


def test_what_a_model_has_to_know():
    data = Dataset.of(PEOPLE)
    traits = traits_of(data)
    assert traits.columns == data.table.families
    assert traits.data_shape == (data.table.width,)
    assert (traits.mean.tolist(), traits.deviation.tolist()) == ([0.0] * data.table.width, [1.0] * data.table.width)
    assert [part.tolist() for part in units(data)] == [traits.mean.tolist(), traits.deviation.tolist()]
    x = torch.cat([batch for batch, _ in evaluation_batches(data.train, data, 64)])
    assert torch.equal(x, data.train.x)
    # numbers are in units of their spread
    place = data.table.width - 2
    assert abs(float(data.train.x[:, place].mean())) < 0.2
    with pytest.raises(UserError, match='kinds of their own: take binarization="none"'):
        Dataset.of(PEOPLE, binarization="dynamic")


def test_the_record_keeps_the_schema():
    data = Dataset.of(PEOPLE)
    plain = json.loads(json.dumps(DataRecord.of(data).plain()))
    record = DataRecord(**plain | {"data_shape": tuple(plain["data_shape"]), "range": tuple(plain["range"])})
    assert record.schema == data.table
    check_same_schema(record, data)
    assert DataRecord.of(load_data("ring")).table is None
    with pytest.raises(UserError, match="the schema of 'arrays' is no schema"):
        DataRecord("arrays", (1,), table={"columns": 3}).schema  # noqa: B018


def test_new_rows_are_read_by_the_schema_whatever_their_form_and_order():
    data = Dataset.of(PEOPLE)
    record, some = DataRecord.of(data), PEOPLE.iloc[:9]
    known = examples_of(some, record)
    back = data.table.frame(known)
    pd.testing.assert_frame_equal(back, some.drop(columns="id").reset_index(drop=True), check_dtype=False)
    frames = (some[some.columns[::-1]], some.drop(columns=["id", "country"]), pl.from_pandas(some))
    others = (some.to_dict("list"), some.to_dict("records"), pa.Table.from_pandas(some), data.table.cells(known))
    for given in (*frames, *others):
        assert torch.equal(examples_of(given, data), known)
    assert torch.equal(examples_of(some.to_dict("records")[0], data), known[:1])
    assert torch.equal(examples_of(data.test, data), data.test.x)
    assert torch.equal(examples_of(data, data), data.test.x)
    words = some.assign(joined=some["joined"].dt.strftime("%Y-%m-%d"), age=some["age"].astype(float))
    assert torch.equal(examples_of(words, data), known)


def test_what_is_not_used_of_new_rows_is_said():
    data, some = Dataset.of(PEOPLE), PEOPLE.iloc[:9]
    with pytest.warns(UserWarning, match="x: columns that are not used: 'shoe', 'hat'"):
        examples_of(some.assign(shoe=1, hat=2), data)
    with pytest.warns(UserWarning, match="'country' is 'DE' in every row of the data that models know, and in 3 rows"):
        examples_of(some.assign(country=["FR"] * 3 + ["DE"] * 6), data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        examples_of(some, data)


def test_what_new_rows_hold_that_the_data_do_not_is_said_at_once():
    data, some = Dataset.of(PEOPLE), PEOPLE.iloc[:9]
    bad = some.assign(age=[300, 300, *some["age"][2:]], sex=["q", "f", None, *some["sex"][3:]], income="much")
    with pytest.raises(UserError) as error:
        examples_of(bad, data)
    for said in (
        "'age' (integer: 18 to 89) also holds '300' 2 times (the first in row 1)",
        "'sex' (category: f, m) also holds 'q' (row 1)",
        "'sex' has 1 missing cell (row 3), where none was missing",
        "'income' (number: ",
        "also holds 'much' 9 times",
    ):
        assert said in str(error.value)
    with pytest.raises(UserError, match=r"x has no columns 'age', 'sex' \(is it 'Age'\?\)"):
        examples_of(some.rename(columns={"age": "Age", "sex": "Sex"}), data)
    with pytest.raises(UserError, match="x is no table"):
        examples_of("abc", data)
    with pytest.raises(UserError, match="3 columns without names, and the table that it is read by has 8"):
        examples_of(np.zeros((4, 3)), data)
    with pytest.raises(UserError, match="9 rows, and of its columns 'income' has 8"):
        examples_of({"age": some["age"], "income": some["income"][:8]}, data)


def test_other_tables_become_data_of_the_same_schema():
    data = Dataset.of(PEOPLE)
    record = DataRecord.of(data)
    assert data_like(record, PEOPLE).fingerprint == data.fingerprint
    assert data_like(record, data) is data
    half = PEOPLE.iloc[:200].drop(columns="id")
    assert Dataset.of(half).table != data.table
    for given in (half, Dataset.of(half)):
        again = data_like(record, given)
        assert again.table == data.table
        pd.testing.assert_frame_equal(sort(every(again)), sort(half), check_dtype=False)
    parts = data_like(record, {"train": PEOPLE.iloc[:300], "test": PEOPLE.iloc[300:]})
    assert [len(split) for split in parts.splits.values()] == [270, 30, 100]
    pd.testing.assert_frame_equal(
        parts.table.frame(parts.test.x), PEOPLE.iloc[300:].drop(columns="id").reset_index(drop=True), check_dtype=False
    )
    for given in (load_data("ring"), np.zeros((20, 3))):
        with pytest.raises(UserError, match=r"is no table|without names"):
            data_like(record, given)
    with pytest.raises(UserError, match=r"is a table of 8 columns.* and 'ring' no table"):
        check_same_schema(DataRecord.of(load_data("ring")), data)


def test_splits_are_kept_as_they_are_given():
    data = Dataset.of(PEOPLE.iloc[:300], PEOPLE.iloc[300:350], PEOPLE.iloc[350:], labels="sex")
    assert [len(split) for split in data.splits.values()] == [300, 50, 50]
    assert data.classes == ("f", "m")
    back = data.table.frame(data.test.x, data.test.y)
    assert back["sex"].tolist() == PEOPLE["sex"][350:].tolist()
    assert list(back.columns) == [name for name in PEOPLE.columns if name != "id"]
    with pytest.raises(UserError, match="test of 'arrays' has no column 'age', which train has"):
        Dataset.of(PEOPLE, test=PEOPLE.drop(columns="age"))


def labelled(values, name="label", n=None):
    n = n or len(values)
    return pd.DataFrame({"a": RNG.normal(size=n), name: values})


@pytest.mark.parametrize(
    ("frame", "classes"),
    [
        (labelled(np.tile(["b", "a"], 50)), ("a", "b")),
        (labelled(np.tile([3, 10, 2], 50), "y"), ("2", "3", "10")),
        (labelled(np.tile([1.0, 2.0], 50), "class"), ("1", "2")),
        (labelled(np.tile([True, False], 50), "Target"), ("False", "True")),
        (labelled(np.arange(100), "target"), ()),
        (labelled(RNG.normal(size=100), "y"), ()),
        (labelled(np.tile(np.arange(50), 2), "y"), ()),
        (labelled([None, *["a"] * 99], "label"), ()),
        (labelled(np.tile([0, 1], 50), "y").assign(x=1.5, z=RNG.normal(size=100)), ()),
    ],
)  # fmt: skip
def test_labels_are_few_and_repeat(frame, classes):
    data = Dataset.of(frame)
    assert data.classes == classes
    if classes:
        name = frame.columns[1]
        assert any(f'column {name!r} is read as labels (labels="none" makes it a value)' in note for note in data.notes)
        assert Dataset.of(frame, labels="none").classes == ()
        for split in data.splits.values():
            back = data.table.frame(split.x, split.y)
            assert [classes.index(str(label)) for label in back[name].tolist()] == split.y.tolist()


def test_labels_are_what_is_said():
    frame = labelled(np.arange(60) % 30, "house")
    assert len(Dataset.of(frame, labels="house").classes) == 30
    assert len(Dataset.of(frame, labels="2").classes) == 30
    assert Dataset.of(frame[["a"]], labels=["x", "y"] * 30).classes == ("x", "y")
    with pytest.raises(UserError, match="no column 'c' to take labels from: its columns are 'a', 'house'"):
        Dataset.of(frame, labels="c")
    with pytest.raises(UserError, match="'house' cannot be read as label: it has 1 missing cells"):
        Dataset.of(labelled([None, *["a"] * 29], "house"), labels="house")
    with pytest.raises(UserError, match="'house' is asked to be two things"):
        Dataset.of(frame, labels="house", drop=("house",))
    with pytest.raises(UserError, match="no column is left that a model could see: 'house'"):
        Dataset.of(frame[["house"]], labels="house")


def test_labels_of_other_tables_are_codes_of_the_same_classes():
    frame = labelled(np.tile(["a", "b", "c"], 60))
    record = DataRecord.of(Dataset.of(frame))
    some = data_like(record, frame[frame["label"] != "a"])
    assert some.classes == ("a", "b", "c")
    assert set(some.train.y.tolist()) == {1, 2}
    assert data_like(record, frame[["a"]]).train.y is None
    with pytest.raises(UserError, match=r"'label' \(label: a, b, c\) also holds 'd'"):
        data_like(record, frame.assign(label="d"))


def test_classes_are_split_by_their_shares():
    frame = pd.DataFrame({"a": RNG.normal(size=1002), "label": ["ill"] * 50 + ["well"] * 950 + ["rare"] * 2})
    data = Dataset.of(frame)
    counts = {name: np.bincount(split.y, minlength=3).tolist() for name, split in data.splits.items()}
    assert counts == {"train": [40, 2, 760], "validation": [5, 0, 95], "test": [5, 0, 95]}
    assert any("1 with fewer than 3 rows is in train alone" in note for note in data.notes)
    assert any("from seed 0" in note and "shares" not in note for note in Dataset.of(frame, split_by="random").notes)
    with pytest.raises(UserError, match='split_by="stratified" needs labels'):
        Dataset.of(frame[["a"]], split_by="stratified")


def test_groups_and_named_splits_of_a_table():
    frame = pd.DataFrame(
        {"a": RNG.normal(size=300), "who": np.arange(300) // 5, "part": ["train", "test", "val"] * 100}
    )
    data = Dataset.of(frame, groups="who", drop=("part",))
    rows = {float(a): who for a, who in zip(frame["a"], frame["who"], strict=True)}
    back = [
        {rows[min(rows, key=lambda v: abs(v - a))] for a in data.table.decode(split.x)["a"]}
        for split in data.splits.values()
    ]
    assert not (back[0] & back[1] | back[0] & back[2] | back[1] & back[2])
    assert [len(split) for split in data.splits.values()] == [240, 30, 30]
    data = Dataset.of(frame, split_by="part", drop=("who",))
    assert [len(split) for split in data.splits.values()] == [100, 100, 100]
    assert [kind.word for kind in data.table.columns] == ["number", "dropped", "dropped"]
    with pytest.raises(UserError, match="both decide the split"):
        Dataset.of(frame, groups="who", split_by="part")
    # what belongs to the split of the data, and not to what a model sees, need not be there again
    assert examples_of(frame[["a"]], data).shape == (300, 1)
    assert len(data_like(DataRecord.of(data), frame[["a"]]).train) == 240


def test_rows_that_do_not_fit_memory_as_vectors_are_made_as_they_are_needed():
    words = [f"word {at}" for at in range(200)]
    frame = pd.DataFrame({"word": RNG.choice(words, 2000), "a": RNG.normal(size=2000)})
    from reparam.data.readers.asked import Asked
    from reparam.data.readers.given_cells import cells_given
    from reparam.data.readers.table import table_reading

    lazy, eager = (table_reading(cells_given(frame, "it"), "it", Asked(0, limit)) for limit in (1000, 2**30))
    for split in ("train", "validation", "test"):
        assert not isinstance(lazy.splits[split].x, torch.Tensor)
        rows = torch.randperm(len(lazy.splits[split]))
        assert torch.equal(lazy.splits[split].x[rows], eager.splits[split].x[rows])


def test_a_table_is_refused_in_a_sentence():
    cells = Column("a", np.arange(5) % 2 + 0.5, np.zeros(5, bool))
    with pytest.raises(UserError, match="two columns are called 'a'"):
        Dataset.of(Cells((cells, cells)))
    with pytest.raises(UserError, match="'a' of 'arrays' holds 2 values that are not finite, the first in row 2"):
        Dataset.of(pd.DataFrame({"a": [1, np.inf, -np.inf, 2]}))
    with pytest.raises(UserError, match="0 rows"):
        Dataset.of(pd.DataFrame({"a": []}))
    with pytest.raises(UserError, match="no column is left"):
        Dataset.of(pd.DataFrame({"a": [3, 3, 3]}))
    with pytest.raises(UserError, match=r"2 rows.*at least 3"):
        Dataset.of(pd.DataFrame({"a": [0.25, 0.5]}))
    with pytest.raises(UserError, match="no kind of column 'age'"):
        Dataset.of(PEOPLE, columns={"age": "age"})
    with pytest.raises(UserError, match="'income' cannot be read as integer: it holds what is no whole number"):
        Dataset.of(PEOPLE, columns={"income": "integer"})
    with pytest.raises(UserError, match="'c' cannot be read as log: it holds 1 numbers that are not above 0"):
        Dataset.of(pd.DataFrame({"c": [0.0, 1.5, 2.5]}), columns={"c": "log"})
    assert isinstance(Dataset.of(PEOPLE).table, TableSchema)


def test_a_table_of_one_row_is_told_so(tmp_path):
    (tmp_path / "one.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match=r"'one.csv' has 1 row, .*: give a table of more rows"):
        load_data(tmp_path / "one.csv")


def test_truth_values_are_shown_as_they_are_written():
    frame = pd.DataFrame({"member": ["yes", "no", "yes", None] * 30, "x": np.arange(120.0) ** 1.5})
    data = Dataset.of(frame)
    (member, _) = shown_columns(data.table, data.train.x[:])
    assert set(member.there.tolist()) == {"yes", "no"}

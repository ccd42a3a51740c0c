"""The JSON of a schema: what a person may change, and what is refused of it, each in a sentence."""

import copy
import json

import numpy as np
import pytest

from reparam.data import load_data
from reparam.data.columns.guess import guess
from reparam.data.columns.kinds import KINDS, of_kind
from reparam.data.columns.table import TableSchema
from reparam.data.readers.asked import Asked
from reparam.data.readers.cells import Cells, Column
from reparam.data.readers.table import table_reading
from reparam.errors import UserError
from reparam.settings import ReadingConfig


def column(name, values, **more):
    values = np.array(values)
    return Column(
        name, values if values.dtype.kind != "U" else values.astype(object), np.zeros(len(values), bool), **more
    )


def every_kind():
    rng = np.random.default_rng(0)
    n = 200
    columns = [
        column("number", rng.normal(size=n)),
        column("log", rng.lognormal(size=n)),
        column("quantile", rng.standard_cauchy(n)),
        column("integer", rng.integers(0, 100, n)),
        column("levels", rng.integers(0, 3, n)),
        column("category", rng.choice(["a", "b"], n)),
        column("truth", rng.random(n) < 0.5, written="yes/no"),
        column("date", np.datetime64("2020-01-01") + rng.integers(0, 99, n), written="%d.%m.%Y"),
        column("constant", np.full(n, 3.25)),
        column("identifier", np.arange(n)),
        column("dropped", rng.normal(size=n)),
        column("label", rng.choice(["x", "y"], n)),
    ]
    return Cells(tuple(columns)), TableSchema(tuple(of_kind(each, each.name) for each in columns))


def test_there_is_a_schema_of_every_kind_and_it_is_read_back(tmp_path):
    _, schema = every_kind()
    assert {kind.word for kind in schema.columns} == set(KINDS)
    schema.write(tmp_path / "x.schema.json")
    assert TableSchema.read(tmp_path / "x.schema.json") == schema
    schema.write(tmp_path / "x.schema.json")  # it says who made it
    (tmp_path / "mine.json").write_text("{}")
    with pytest.raises(UserError, match="was not made by reparam"):
        schema.write(tmp_path / "mine.json")


def changed(name, key, value):
    """The schema of every kind with one thing changed in one column."""
    plain = copy.deepcopy(every_kind()[1].plain())
    at = next(at for at, each in enumerate(plain["columns"]) if each["name"] == name)
    holder = plain["columns"][at]
    if key in holder.get(name, {}):
        holder = holder[name]
    holder[key] = value
    return plain


@pytest.mark.parametrize(
    ("name", "key", "value", "sentence"),
    [
        ("number", "scale", 0, "scale: 0 will not do"),
        ("number", "scale", "1", "scale: '1' will not do"),
        ("number", "scale", True, "scale: True will not do"),
        ("number", "offset", 10**400, "a number of 401 digits"),
        ("number", "offset", None, "offset: None"),
        ("number", "offset", float("nan"), "NaN is no number"),
        ("number", "decimals", -1, "decimals: -1"),
        ("number", "decimals", 1.5, "decimals: 1.5"),
        ("number", "low", 1e6, "low=1e\\+06 is above high"),
        ("number", "more", 1, "'more', which columns of a schema do not have"),
        ("number", "number", [], "without what a number needs"),
        ("number", "number", {"self": 1}, "'self', which a number has not"),
        ("number", "kind", "nmber", "no kind of column 'nmber' .did you mean 'number'..; take number, log"),
        ("number", "kind", 3, "without a name or a kind"),
        ("number", "name", None, "without a name or a kind"),
        ("number", "name", "log", "two columns are called 'log'"),
        ("number", "missing", 1, "missing: 1 will not do"),
        ("quantile", "knots", [[0, 1], [0, 2]], "knots do not rise"),
        ("quantile", "knots", [[0, 1]], "knots: "),
        ("quantile", "knots", [[0, 1, 2], [3, 4, 5]], "knots"),
        ("integer", "high", 2**60, "high: "),
        ("integer", "high", 2**30, "no range of at most"),
        ("integer", "low", 500, "no range of at most"),
        ("integer", "low", 0.5, "low: 0.5"),
        ("integer", "offset", 2**40, "lies far from low"),
        ("levels", "levels", [1, 1], "levels do not rise"),
        ("levels", "levels", [], "levels: "),
        ("levels", "levels", [0.5, 1], "levels are not whole"),
        ("levels", "levels", list(range(5000)), "levels: "),
        ("category", "levels", ["a", "a"], "not different words"),
        ("category", "levels", [], "not different words, or none"),
        ("category", "levels", ["a", 3], "levels.1: 3"),
        ("category", "pooled", {"b": -1}, "pooled.b: -1"),
        ("category", "pooled", {"a": 1}, "not different words"),
        ("category", "type", "integers", "levels are not all integers"),
        ("truth", "written", "yes", "no pair of words"),
        ("truth", "written", "a/a", "no pair of words"),
        ("date", "low", "yesterday", "'yesterday' is no date"),
        ("date", "high", "1999-01-01", "is no range"),
        ("date", "grain", 7, "grain=7 is none of"),
        ("date", "offset", 2**50, "offset=1125899906842624 is no date"),
        ("date", "written", "%999999999d", "no format of dates"),
        ("constant", "value", [1], "value"),
        ("constant", "value", 10**299, "is no cell"),
        ("label", "classes", ["x", "x"], "classes are not different"),
    ],
)  # fmt: skip
def test_what_is_no_schema_is_refused_in_a_sentence(tmp_path, name, key, value, sentence):
    (tmp_path / "x.json").write_text(json.dumps(changed(name, key, value)))
    with pytest.raises(UserError, match=sentence):
        TableSchema.read(tmp_path / "x.json")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "is no schema of a table"),
        ("null", "is no schema of a table"),
        ('{"form": "table"}', "is no schema of a table"),
        ('{"form": "tree", "columns": []}', "is no schema of a table"),
        ('{"form": [], "columns": []}', "is no schema of a table"),
        ('{"form": "table", "columns": []}', "no column is left"),
        ('{"form": "table", "columns": [3]}', "without a name or a kind"),
        ('{"form": "table", "columns": [], "more": 1}', "holds 'more'"),
        ('{"form": "table", "columns": [{"name": "a", "kind": "number"}]}', "does not say what column 'a'"),
        ('{"form": "table", "columns": [{"name": "a", "kind": "dropped", "dropped": {}}]}', "no column is left"),
    ],
)
def test_what_is_not_even_like_one_is_refused(tmp_path, text, sentence):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(UserError, match=sentence):
        TableSchema.read(tmp_path / "x.json")


def test_a_file_that_is_no_text_or_not_there_is_refused(tmp_path):
    (tmp_path / "x.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="is no JSON"):
        TableSchema.read(tmp_path / "x.json")
    with pytest.raises(UserError, match="cannot be read"):
        TableSchema.read(tmp_path / "y.json")


def read(cells, **how):
    return table_reading(cells, "t", Asked(0, 2**30, ReadingConfig(**how)))


def test_a_person_writes_another_kind_and_the_rest_is_found_from_the_data(tmp_path):
    rng = np.random.default_rng(1)
    cells = Cells((column("income", rng.lognormal(10, 1, 500)), column("zip", rng.integers(10_000, 10_100, 500))))
    plain = read(cells).table.plain()
    for each, kind in zip(plain["columns"], ("log", "category"), strict=True):
        each["kind"] = kind
    (tmp_path / "t.schema.json").write_text(json.dumps(plain))
    schema = read(cells, schema_file=str(tmp_path / "t.schema.json")).table
    assert schema.columns == (
        of_kind(cells.columns[0], "log", "as t.schema.json says"),
        of_kind(cells.columns[1], "category", "as t.schema.json says"),
    )
    # what is said in a setting goes before the file
    schema = read(cells, schema_file=str(tmp_path / "t.schema.json"), columns={"zip": "integer"}).table
    assert [kind.word for kind in schema.columns] == ["log", "integer"]


def test_a_person_widens_a_range_and_adds_a_level(tmp_path):
    cells = Cells((column("age", [20, 50, 80] * 20), column("sex", ["f", "m", "f"] * 20)))
    plain = read(cells, columns={"age": "integer"}).table.plain()
    plain["columns"][0]["integer"]["high"] = 120
    plain["columns"][1]["category"]["levels"].append("x")
    (tmp_path / "t.schema.json").write_text(json.dumps(plain))
    schema = read(cells, schema_file=str(tmp_path / "t.schema.json")).table
    assert schema.families[0].high == 120
    assert schema.decode(schema.encode(Cells((column("age", [101]), column("sex", ["x"]))), "it"))["age"].tolist() == [
        101
    ]


def test_a_schema_of_other_columns_is_refused(tmp_path):
    cells, schema = every_kind()
    schema.write(tmp_path / "x.json")
    others = Cells((column("a", [1.5, 2.5, 3.5]),))
    with pytest.raises(UserError, match=r"'t' has no columns 'number', 'log'.*its columns are 'a'"):
        read(others, schema_file=str(tmp_path / "x.json"))
    assert read(cells, schema_file=str(tmp_path / "x.json")).classes == ("x", "y")


def test_what_a_kind_guesses_is_what_it_is_asked_for():
    cells, _ = every_kind()
    for each in cells.columns:
        kind = guess(each)
        if kind.word not in ("number", "levels"):
            assert of_kind(each, kind.word, kind.why) == kind
    assert load_data("ring").table is None

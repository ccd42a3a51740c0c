"""A table to what a model sees and back is the table again, to the type."""

import json
from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import reparam
from reparam.data.columns.guess import guess
from reparam.data.columns.table import TableSchema
from reparam.data.readers.cells import Cells, Column
from reparam.distributions.columns import Integer, places

FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%Y-%m-%d %H:%M:%S", "%Y%m%d", None)
LETTERS = np.array(list("abcäß図 ,;\"'\n"))


@st.composite
def tables(draw):
    """Up to five columns of any type and a number: hypothesis draws what they are like, a generator the cells."""
    n, rng = draw(st.integers(3, 400)), np.random.default_rng(draw(st.integers(0, 2**32)))
    makers = draw(st.lists(st.sampled_from([numbers, integers, words, truths, dates]), min_size=1, max_size=5))
    columns = [make(draw, rng, n, f"c{at}") for at, make in enumerate(makers)]
    for at, column in enumerate(columns):
        missing = rng.random(n) < draw(st.sampled_from([0.0, 0.0, 0.3, 1.0]))
        empty = {"f": np.nan, "O": "", "M": np.datetime64("NaT", "us")}.get(column.values.dtype.kind, 0)
        column.values[missing] = empty
        columns[at] = replace(column, missing=missing)
    # there is always a column that is not left out
    return Cells((*columns, Column("anchor", rng.normal(size=n), np.zeros(n, dtype=bool))))


def numbers(draw, rng, n, name):
    values = draw(st.sampled_from([1e-3, 1.0, 1e6])) * rng.standard_t(3, n) + draw(st.sampled_from([0.0, 1e8, -3e5]))
    decimals = draw(st.sampled_from([None, 0, 1, 3]))
    return Column(name, values if decimals is None else np.round(values, decimals), np.zeros(n, dtype=bool), decimals)


def integers(draw, rng, n, name):
    size, base = draw(st.sampled_from([3, 1000, 10**6, 10**9])), draw(st.sampled_from([0, -50, 10**12]))
    return Column(name, base + rng.integers(-size, size, n), np.zeros(n, dtype=bool))


def words(draw, rng, n, name):
    most, length = draw(st.sampled_from([1, 3, 1000])), draw(st.integers(1, 5))
    pool = ["".join(rng.choice(LETTERS, length)) for _ in range(most)]
    return Column(name, rng.choice(np.array(pool, dtype=object), n), np.zeros(n, dtype=bool))


def truths(draw, rng, n, name):
    written = draw(st.sampled_from([None, "yes/no", "True/False", "T/F"]))
    return Column(name, rng.random(n) < draw(st.sampled_from([0.0, 0.3])), np.zeros(n, dtype=bool), written=written)


def dates(draw, rng, n, name):
    written = draw(st.sampled_from(FORMATS))
    step = draw(st.sampled_from(["D", "s"] if written in ("%Y-%m-%d %H:%M:%S", None) else ["D"]))
    # a float32 holds seconds of some weeks
    made = np.datetime64("1969-03-05", step) + rng.integers(0, 40_000 if step == "D" else 2**21, n)
    return Column(name, made.astype("datetime64[us]"), np.zeros(n, dtype=bool), written=written)


def same(column, back, kind):
    assert back.values.dtype == column.values.dtype
    np.testing.assert_array_equal(back.missing, column.missing)
    there = ~column.missing
    if kind.word != "number":
        np.testing.assert_array_equal(back.values[there], column.values[there])
    else:
        # an entry u is right to 2^-24 of itself, and rounding moves what lies near to half a decimal by a whole one
        error = np.abs(column.values[there] - kind.offset) * 2.0**-23 + np.abs(column.values[there]) * 2.0**-50
        step = 0.0 if kind.decimals is None else 10.0**-kind.decimals
        bound = error if step == 0 else np.where(error < 0.4 * step, 1e-9 * step, step + error)
        assert (np.abs(back.values - column.values)[there] <= bound + np.abs(column.values[there]) * 2.0**-50).all()
    assert back.written == column.written


@given(tables())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_table_is_given_back(cells):
    schema = TableSchema(tuple(map(guess, cells.columns)))
    x = schema.encode(cells, "it")
    assert x.shape == (len(cells.columns[0].values), schema.width)
    assert x.dtype == np.float32
    back = {column.name: column for column in schema.cells(x).columns}
    for column, kind in zip(cells.columns, schema.columns, strict=True):
        if kind.word == "identifier":
            assert column.name not in back
        elif kind.word == "constant" and kind.value is None:
            assert back[column.name].missing.all()
        else:
            same(column, back[column.name], kind)
    assert TableSchema.of_plain(json.loads(json.dumps(schema.plain()))) == schema
    # what lies in a vector is what its family says: one-hot codes, zeros where a cell is missing, a float32 of size 1
    for kind, place in zip(schema.seen, places(schema.families), strict=True):
        part = x[:, place]
        if kind.missing:
            assert not part[part[:, -1] == 1, :-1].any()
        if isinstance(kind.family, Integer):
            k = part[:, 0].astype(np.float64) * kind.family.scale + kind.family.offset
            there = np.ones(len(k), bool) if not kind.missing else part[:, -1] == 0
            assert (np.rint(k[there]) >= kind.family.low).all()
            assert (np.rint(k[there]) <= kind.family.high).all()


def test_whole_numbers_that_float64_has_not_each_are_told(tmp_path):
    """2^53 + 1 is the first that is lost; up to 2^53 nothing is said."""
    rng = np.random.default_rng(0)
    for most, told in ((2**53, False), (2**53 + 2, True), (2**60, True)):
        rows = [
            f"{most - 2 * int(k)},{x:.3f}" for k, x in zip(rng.integers(0, 9, 60), rng.normal(size=60), strict=True)
        ]
        (tmp_path / "t.csv").write_text("\n".join(["big,x", f"{most},0.5", *rows, ""]))
        notes = [note for note in reparam.load_data(tmp_path / "t.csv").notes if "beyond 2^53" in note]
        assert bool(notes) == told, most
        if told:
            assert notes[0].startswith("whole numbers beyond 2^53 in 'big': a model knows those of 'big' to about ")
    kept = reparam.load_data(tmp_path / "t.csv", columns={"big": "category"})
    assert not [note for note in kept.notes if "beyond 2^53" in note]
    assert str(2**60) in kept.table.columns[0].levels

"""Each kind of column: what it is guessed from, what a model sees of it, and what is given back."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import chisquare, norm

from reparam.data.columns.guess import guess, heavy_tail
from reparam.data.columns.kinds import KINDS, of_kind
from reparam.data.columns.notes import notes_on
from reparam.data.columns.scaling import decimals_of, standard
from reparam.data.columns.table import TableSchema
from reparam.data.columns.texts import texts
from reparam.data.readers.cells import Cells, Column
from reparam.distributions.columns import Category, Integer, Number

RNG = np.random.default_rng(11)


def column(values, missing=None, **more):
    values = np.array(values)
    values = values.astype(object) if values.dtype.kind == "U" else values
    gaps = np.zeros(len(values), bool) if missing is None else np.array(missing)
    return Column("c", values, gaps, **more)


def schema_of(given, word=None):
    """The schema of one column beside which a model sees another, since there has to be one."""
    kind = guess(given) if word is None else of_kind(given, word)
    beside = Column("beside", np.linspace(0.1, 0.9, len(given.values)), np.zeros(len(given.values), bool))
    return TableSchema((kind, guess(beside))), Cells((given, beside))


def back(given, word=None, x=None):
    schema, cells = schema_of(given, word)
    return schema.cells(schema.encode(cells, "it") if x is None else x).columns[0]


@pytest.mark.parametrize(
    ("values", "word", "why"),
    [
        (RNG.normal(size=50), "number", "numbers"),
        (RNG.integers(0, 500, 50), "integer", "whole numbers"),
        (RNG.integers(0, 500, 50).astype(float), "integer", "whole numbers"),
        (RNG.integers(0, 10**9, 50), "number", "wide range"),
        (RNG.integers(-3, 3, 50), "levels", "few different"),
        (RNG.choice([10, 100, 1000], 100), "levels", "few different"),
        (RNG.choice([0.5, 0.25], 100), "levels", "2 different numbers"),
        (RNG.choice([0.5, 0.25], 30), "number", "numbers"),
        (RNG.choice(["a", "b"], 50), "category", "words, 2 different"),
        ([f"name {at}" for at in range(50)], "identifier", "different in every row"),
        (np.arange(1000, 1050), "identifier", "each one more"),
        (np.arange(1000, 1050)[::-1], "integer", "whole numbers"),
        (np.arange(50.0), "integer", "whole numbers"),
        (RNG.random(50) < 0.5, "truth", "true or false"),
        (np.datetime64("2020-01-01") + RNG.integers(0, 50, 50), "date", "dates"),
        ([3.7] * 50, "constant", "the same in every row"),
        (["x"] * 50, "constant", "the same in every row"),
    ],
)
def test_the_guess_and_its_reason(values, word, why):
    kind = guess(column(values))
    assert (kind.word, kind.missing) == (word, False)
    assert why in kind.why


def test_with_missing_cells_what_would_be_constant_or_a_row_number_is_seen():
    gaps = np.arange(50) % 5 == 0
    for values, word in ((np.full(50, 3.5), "levels"), (np.arange(50), "integer"), (np.full(50, "x"), "category")):
        kind = guess(column(values, gaps))
        assert (kind.word, kind.missing) == (word, True)
    assert guess(column(np.full(50, np.nan), np.ones(50, bool))).word == "constant"


def test_a_number_is_in_units_of_its_spread_and_log_and_quantile_of_what_they_make_of_it():
    x = np.random.default_rng(torch.randint(2**31, ()).item()).lognormal(8, 2, 2000).round(2)
    for word, t in (("number", x), ("log", np.log(x))):
        schema, cells = schema_of(column(x, decimals=2), word)
        family, u = schema.families[0], schema.encode(cells, "it")[:, 0].astype(np.float64)
        assert isinstance(family, Number)
        assert family.transform == ("none" if word == "number" else "log")
        np.testing.assert_allclose(u * family.scale + family.offset, t, atol=2e-7 * family.scale * np.abs(u).max())
        assert (abs(u.mean()), u.std()) == (pytest.approx(0, abs=2e-3), pytest.approx(1, abs=2e-3))
    # neighbouring numbers of two decimals in the middle of log x are so far apart in units of u
    middle = math.exp(family.offset)
    apart = (math.log(middle + 0.005) - math.log(middle - 0.005)) / family.scale
    assert family.step == pytest.approx(apart, rel=1e-4)
    schema, cells = schema_of(column(x), "quantile")
    u = schema.encode(cells, "it")[:, 0].astype(np.float64)
    # a normal by its quantiles, up to the knots' width
    shares = np.linspace(0.1, 0.9, 17)
    np.testing.assert_allclose(np.quantile(u, shares), norm.ppf(shares), atol=0.05)
    assert np.abs(u).max() < 4.5, "the largest of 2,000, however far out it is"
    family = schema.families[0]
    knots = np.array(family.knots)
    inside = (x > knots[0, 0]) & (x < knots[-1, 0])
    t = np.interp(x[inside], *knots.T)
    np.testing.assert_allclose(u[inside] * family.scale + family.offset, t, atol=1e-6)
    np.testing.assert_allclose(back(column(x), "quantile").values, x, rtol=1e-5, atol=0.02)


@pytest.mark.parametrize(
    ("values", "decimals"),
    [
        (1e8 + RNG.normal(size=800).round(3), 3),
        (1_700_000_000 + RNG.integers(0, 36_000, 800) / 10, 1),
        (1 + 1e-7 * RNG.normal(size=800), None),
        (1e-30 * RNG.normal(size=800), None),
        (1e30 * (1e6 + RNG.normal(size=800)), None),
        (-273.15 + RNG.normal(size=800).round(1), 2),
    ],
)
def test_a_large_offset_and_a_small_spread_are_kept(values, decimals):
    found = back(column(values, decimals=decimals))
    spread = np.ptp(values)
    if decimals is None:  # an entry of a few units is right to 2^-24 of itself
        np.testing.assert_allclose(found.values, values, rtol=2.0**-51, atol=spread * 2.0**-24)
    else:
        np.testing.assert_array_equal(found.values, values.round(decimals))
    assert len(np.unique(found.values)) > 0.95 * len(np.unique(values))


def test_what_a_model_makes_is_rounded_and_within_the_range():
    x = np.full((5, 3), 0.0)
    x[:, 0] = [-1e9, -1, 0, 1, 1e9]
    cases = [(RNG.normal(50, 9, 300).round(1), {"decimals": 1}, float)]
    cases += [(RNG.integers(0, most, 300), {}, int) for most in (99, 10**9)]
    for values, more, dtype in cases:
        schema, _ = schema_of(column(values, **more))
        made = schema.decode(x[:, : schema.width])["c"]
        assert made.dtype == dtype
        assert (made[0], made[-1]) == (values.min(), values.max())
        np.testing.assert_array_equal(made, made.round(more.get("decimals", 0)))
    for start in ("2020-03-01", "2020-03-01T12:00:00"):
        values = np.datetime64(start) + RNG.integers(1, 900, 300) * (1 if len(start) == 10 else 60)
        schema, _ = schema_of(column(values, written="%d.%m.%Y %H:%M"))
        made = schema.cells(x[:, : schema.width]).columns[0].values
        assert (made[0], made[-1]) == (values.min(), values.max())
        grain = np.timedelta64(1, "D") if len(start) == 10 else np.timedelta64(60, "s")
        assert not ((made - np.datetime64("1970-01-01")) % grain).astype(int).any()


def test_days_are_whole_numbers_and_moments_seconds():
    days = np.datetime64("2020-01-01") + RNG.integers(0, 400, 300)
    family = schema_of(column(days))[0].families[0]
    assert isinstance(family, Integer)
    assert (family.low, family.high) == tuple(days.astype("datetime64[D]").astype(int)[[days.argmin(), days.argmax()]])
    moments = np.datetime64("2020-01-01T00:00") + RNG.integers(0, 400, 300)
    family = schema_of(column(moments))[0].families[0]
    assert isinstance(family, Number)
    assert family.step * family.scale == pytest.approx(60)


def test_words_are_one_hot_and_rare_ones_are_pooled():
    frequent = [f"word {at}" for at in range(255)] * 40
    rare = [f"rare {at % 500}" for at in range(1000)] + ["often"] * 9
    words = column([*frequent, *rare])
    schema, cells = schema_of(words)
    kind = schema.columns[0]
    assert schema.families[0] == Category(levels=256)
    assert len(kind.pooled) == 501
    x = schema.encode(cells, "it")
    assert (x[:, :256].sum(1) == 1).all()
    assert (x[:, 255] == np.isin(words.values, list(kind.pooled))).all()
    (note,) = notes_on(schema.columns, cells, asked=["beside"])
    assert "all but the 255 most frequent are one level" in note
    # those that are not rare come back as they were, rare ones as one of them, by their shares
    found = schema.cells(x).columns[0].values
    same = ~np.isin(words.values, list(kind.pooled))
    assert (found[same] == words.values[same]).all()
    drawn = schema.cells(np.tile(x[-1:], (200_000, 1)), seed=4).columns[0].values
    assert set(drawn) <= set(kind.pooled)
    share = (drawn == "often").mean()
    assert share == pytest.approx(9 / 1009, abs=5 * math.sqrt(9 / 1009 / 200_000))
    assert (schema.cells(x, seed=4).columns[0].values == schema.cells(x, seed=4).columns[0].values).all()
    # a word that was never seen is a rare one
    new = Cells((column(["never seen"]), cells.columns[1].__class__("beside", np.array([0.5]), np.zeros(1, bool))))
    assert schema.encode(new, "it")[0, 255] == 1


def test_numbers_that_are_no_quantities_come_back_as_numbers():
    zips = column(RNG.integers(10_000, 10_040, 300))
    found = back(zips, "category")
    assert found.values.dtype == np.int64
    np.testing.assert_array_equal(found.values, zips.values)
    sizes = column(RNG.choice([1.5, 2.25], 300))
    np.testing.assert_array_equal(back(sizes, "category").values, sizes.values)
    schema, cells = schema_of(zips, "category")
    wide = Column("c", zips.values.astype(float), zips.missing)
    np.testing.assert_array_equal(schema.encode(Cells((wide, cells.columns[1])), "it"), schema.encode(cells, "it"))


def test_levels_between_those_seen_are_some_where_they_are_close():
    assert schema_of(column(RNG.choice([1, 2, 5], 300)))[0].columns[0].levels == (1, 2, 3, 4, 5)
    assert schema_of(column(RNG.choice([0, 50, 100], 300)))[0].columns[0].levels == (0, 50, 100)


def test_truths_are_read_as_they_are_written():
    truths = column(RNG.random(40) < 0.5, written="yes/no")
    schema, cells = schema_of(truths)
    x = schema.encode(cells, "it")
    assert schema.decode(x)["c"].tolist() == ["yes" if value else "no" for value in truths.values]
    for others in (truths.values.astype(int), np.where(truths.values, "YES", "No").astype(object), truths.values * 1.0):
        given = Cells((Column("c", others, truths.missing), cells.columns[1]))
        np.testing.assert_array_equal(schema.encode(given, "it"), x)


def test_constants_are_given_back_in_their_place_and_type():
    for value, more in ((3.7, {"decimals": 2}), (12, {}), ("x", {}), (True, {"written": "T/F"}), (False, {}),
                        (np.datetime64("2020-02-29"), {"written": "%d.%m.%y"})):  # fmt: skip
        given = column([value] * 4, **more)
        schema, cells = schema_of(given)
        assert schema.width == 1
        found = schema.cells(schema.encode(cells, "it")).columns[0]
        assert texts(found).tolist() == texts(given).tolist()
        assert found.values.dtype.kind == given.values.dtype.kind


@pytest.mark.parametrize("word", [word for word in KINDS if word not in ("dropped", "identifier")])
def test_what_a_column_cannot_be_is_refused_with_what_it_can(word):
    wrong = {
        "number": ["a", "b", "c"],
        "log": [0.0, 1.0, 2.0],
        "quantile": [1.0, 1.0, 1.0],
        "integer": [0.5, 1.5, 2.5],
        "levels": np.arange(2000) / 7,
        "category": np.full(3, np.nan),
        "truth": [1.0, 2.0, 3.0],
        "date": ["a", "b", "c"],
        "constant": [1, 2, 3],
        "label": np.full(3, np.nan),
    }[word]
    from reparam.errors import UserError

    given = column(wrong, np.isnan(wrong) if word in ("category", "label") else None)
    with pytest.raises(UserError, match=rf"^column 'c' cannot be read as {word}: it .*; take columns={{\"c\": "):
        of_kind(given, word)


def test_heavy_tails_are_said_and_nothing_is_done():
    income = column(RNG.lognormal(10, 1.5, 3000))
    kind = guess(income)
    assert (kind.word, heavy_tail(income, kind)) == ("number", "log")
    (note,) = notes_on([kind], Cells((income,)))
    assert 'columns={"c": "log"} may suit a model better' in note
    assert notes_on([kind], Cells((income,)), asked=["c"]) == ()
    spikes = column(np.append(RNG.normal(size=3000), 1e5 * RNG.normal(size=5)))
    assert heavy_tail(spikes, guess(spikes)) == "quantile"
    for plain in (RNG.normal(size=3000), RNG.uniform(size=3000), RNG.exponential(size=3000)):
        assert heavy_tail(column(plain), guess(column(plain))) is None


def test_offset_and_scale_have_as_many_digits_as_they_need():
    for values in (RNG.normal(123_456, 0.01, 500), RNG.normal(0, 1e-150, 500), 1e150 * RNG.normal(size=500)):
        offset, scale = standard(values)
        assert scale == pytest.approx(values.std(), rel=1e-3)
        assert abs(offset - values.mean()) <= 2e-3 * scale
        assert float(f"{scale:.4g}") == scale
    assert standard(np.full(5, 7.25)) == (7.25, 1.0)


def test_decimals_are_found_where_nothing_is_written():
    assert [decimals_of(RNG.normal(size=100).round(digits)) for digits in range(5)] == [0, 1, 2, 3, 4]
    assert decimals_of(RNG.normal(size=100)) is None
    assert decimals_of(1e12 + RNG.normal(size=100)) is None


def test_a_model_that_diverged_has_no_cells():
    from reparam.errors import UserError

    schema, _ = schema_of(column(RNG.normal(size=20)))
    with pytest.raises(UserError, match="2 of 3 rows hold values that are not finite"):
        schema.cells([[0.0, np.nan], [np.inf, 0.0], [0.0, 0.0]])
    with pytest.raises(UserError, match=r"vectors of 2, and x has shape \(3,\)"):
        schema.cells([0.0, 1.0, 2.0])


def test_a_light_table_writes_what_the_users_file_has(tmp_path):
    columns = (
        Column("a, b", np.array([1.5, np.nan]), np.array([False, True]), 2),
        Column("when", np.array(["2020-02-29", "2021-01-01"], "datetime64[us]"), np.zeros(2, bool), written="%d.%m.%Y"),
        Column("n", np.array([3, 0]), np.array([False, True])),
        Column("w", np.array(['say "x"', "ü\n"], object), np.zeros(2, bool)),
    )
    from reparam.data.columns.form import Table

    table = Table(columns)
    table.to_csv(tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes().decode() == (
        '"a, b",when,n,w\n1.50,29.02.2020,3,"say ""x"""\n,01.01.2021,,"ü\n"\n'
    )
    assert (len(table), table.columns) == (2, ("a, b", "when", "n", "w"))
    assert table["when"].tolist() == ["29.02.2020", "01.01.2021"]
    assert str(table).splitlines()[1].split() == ["1.50", "29.02.2020", "3", "say", '"x"']


def at_ends(values):
    kind = of_kind(column(values), "date" if np.array(values).dtype.kind == "M" else "integer")
    return kind.owns_below, kind.owns_above


ENDS = np.random.default_rng(12)
AMOUNTS = ENDS.integers(1, 5000, 300) * (ENDS.random(300) < 0.7)
AGES = np.minimum(ENDS.integers(18, 110, 500), 90)
PILES = {
    "flat": (ENDS.integers(0, 200, 1000), (False, False)),
    "flat, few rows": (ENDS.integers(0, 200, 60), (False, False)),
    "flat, by hundreds": (ENDS.integers(200, 900, 20_000) * 100, (False, False)),
    "falling from the lowest": (ENDS.geometric(1 / 30, 5000) - 1, (False, False)),
    "bell": (ENDS.normal(100, 15, 5000).round(), (False, False)),
    "amounts, many of them none": (AMOUNTS, (True, False)),
    "ages, those above 90 as 90": (AGES, (False, True)),
    "both": (np.clip(ENDS.normal(50, 40, 1000).round(), 0, 100), (True, True)),
    "days": (np.datetime64("2021-01-01") + ENDS.integers(0, 730, 1000), (False, False)),
    "days, all earlier ones as the first": (
        np.datetime64("2021-01-01") + ENDS.integers(-400, 300, 1000).clip(0),
        (True, False),
    ),
}


@pytest.mark.parametrize(("values", "owns"), PILES.values(), ids=PILES)
def test_an_end_owns_what_lies_beyond_it_where_values_pile_up_there(values, owns):
    assert at_ends(values) == owns
    for seed in range(5):  # whichever rows there are
        few = np.random.default_rng(seed).permutation(values)[: max(60, len(values) // 2)]
        assert at_ends(few) == owns


def test_an_end_owns_what_lies_beyond_it_in_schemas_that_do_not_say():
    kind = of_kind(column(ENDS.integers(0, 200, 1000)), "integer")
    assert (kind.family.owns_below, kind.family.owns_above) == (False, False)
    old = type(kind)(**{k: v for k, v in kind.model_dump().items() if not k.startswith("owns")})
    assert (old.family.owns_below, old.family.owns_above) == (True, True)


REALS = {
    "flat": (ENDS.uniform(10, 60, 2000), (False, False)),
    "flat, a digit behind the point": (ENDS.uniform(10, 60, 2000).round(1), (False, False)),
    "bell": (ENDS.normal(size=2000), (False, False)),
    "amounts, many of them none": (ENDS.lognormal(3, 1, 500).round(2) * (ENDS.random(500) < 0.7), (True, False)),
    "shares that were cut at 1": (np.minimum(ENDS.exponential(0.7, 500), 1.0), (False, True)),
    "moments": (np.datetime64("2021-01-01T00:00:00") + ENDS.integers(0, 10**7, 1000), (False, False)),
}


@pytest.mark.parametrize(("values", "owns"), REALS.values(), ids=REALS)
def test_numbers_beyond_the_range_are_mirrored_at_its_ends_or_owned_by_them(values, owns):
    given = column(values)
    schema, _ = schema_of(given, "date" if values.dtype.kind == "M" else "number")
    kind = schema.columns[0]
    assert (kind.owns_below, kind.owns_above) == owns
    numbers = values.astype("datetime64[s]").astype(np.int64).astype(float) if values.dtype.kind == "M" else values
    u = np.random.default_rng(5).normal(0, 1.5, 4000)
    x = np.zeros((4000, 2), np.float32)
    x[:, 0] = u
    t = x[:, 0].astype(np.float64) * kind.scale + kind.offset
    low, high = numbers.min(), numbers.max()
    expected = np.where((t < low) & (2 * low - t < high) & (not owns[0]), 2 * low - t, t)
    expected = np.where((t > high) & (2 * high - t > low) & (not owns[1]), 2 * high - t, expected).clip(low, high)
    made = schema.cells(x).columns[0].values
    made = made.astype("datetime64[us]").astype(np.int64) / 1e6 if values.dtype.kind == "M" else made
    # mirrored where what is rounded to the end ends: a whole step beside
    step = 1.0 if values.dtype.kind == "M" else 0.0 if kind.decimals is None else 10.0**-kind.decimals
    np.testing.assert_allclose(made, expected, rtol=2.0**-50, atol=1.5 * step + 1e-12)
    at_ends = [(made == end).mean() for end in (low, high)]
    assert [share > 0.02 for share in at_ends] == [
        (t < low).mean() > 0.02 and owns[0],
        (t > high).mean() > 0.02 and owns[1],
    ]


def test_numbers_of_few_digits_are_as_frequent_at_the_ends_as_beside_them():
    """Of a model that is flat far beyond the range, which a mirror brings into it."""
    schema, _ = schema_of(column(ENDS.integers(100, 150, 5000) / 10, decimals=1), "number")
    kind = schema.columns[0]
    x = np.zeros((200_000, 2), np.float32)
    x[:, 0] = (ENDS.uniform(7.95, 16.95, len(x)) - kind.offset) / kind.scale
    made = np.rint(10 * schema.cells(x).columns[0].values).astype(int)
    counts = np.bincount(made - 100, minlength=50)
    expected = np.full(50, 2000.0) + 2000.0 * np.r_[np.ones(20), np.zeros(10), np.ones(20)]
    expected = expected * len(x) / expected.sum()
    assert chisquare(counts, expected).pvalue > 1e-4


def test_flat_numbers_and_piles_are_said():
    cases = {
        "flat": (ENDS.uniform(3, 8, 400), 'in \'c\': columns={"c": "quantile"} may suit'),
        "piled": (ENDS.lognormal(3, 1, 500).round(2) * (ENDS.random(500) < 0.7), "pile up at an end of 'c'"),
        "bell": (ENDS.normal(size=2000), None),
        "half of a bell": (np.abs(ENDS.normal(size=400)), None),
        "flat, few rows": (ENDS.uniform(3, 8, 100), None),
        "whole numbers, which are cut off": (ENDS.integers(0, 500, 2000), None),
    }
    for name, (values, part) in cases.items():
        given = column(values)
        notes = notes_on([guess(given)], Cells((given,)))
        assert len(notes) == (part is not None), name
        assert part is None or part in notes[0]
        assert notes_on([guess(given)], Cells((given,)), asked=["c"]) == ()

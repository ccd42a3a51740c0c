"""Rows of tables by column: against scipy, quadrature, enumeration and a thousand digits; value and gradient."""

import math
from dataclasses import replace
from decimal import Decimal, localcontext
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats
from torch import distributions as reference

from helpers import agree
from oracles import within_error
from reparam.distributions import Bernoulli, Normal
from reparam.distributions.columns import Category, Integer, Number, places
from reparam.distributions.columnwise import Columns, Layout, StraightThroughColumns
from reparam.errors import UserError

SEEDS = st.integers(0, 2**31 - 1)
KNOTS = ((-1.0, -2.5), (0.0, -1.0), (0.5, 0.2), (4.0, 1.0), (20.0, 3.0))
FAMILIES = (
    Number(scale=2.5, offset=-3.0),
    Category(levels=3, missing=True),
    Integer(low=-2, high=9, scale=3.0, offset=2.5),
    Number(transform="log", scale=0.7, offset=1.5, missing=True),
    Category(levels=2),
    Number(transform="quantile", knots=KNOTS, scale=1.2, offset=0.1),
    Integer(low=4, high=5, missing=True),
    Category(levels=3),
    Number(transform="quantile", knots=KNOTS[:3], scale=0.8, offset=-0.1, missing=True),
    Integer(low=7, high=7),
    Integer(low=-3, high=20, scale=5.0, offset=9.5, owns_below=False, owns_above=False),
    Integer(low=3, high=11, scale=2.5, offset=6.0, missing=True, owns_above=False),
)
FLOAT64 = torch.float64


def parameters(families, seed, *shape):
    """An output and log-scales of some families, float64, requiring gradients."""
    g = torch.Generator().manual_seed(seed)
    layout = Layout(families)
    widths = layout.width, len(layout.scaled)
    drawn = [torch.randn(*shape, width, generator=g, dtype=FLOAT64) for width in widths]
    return [(scale * values).requires_grad_() for scale, values in zip((1.5, 0.5), drawn, strict=True)]


def one(family, *values):
    """A row of one column."""
    return torch.tensor(values, dtype=FLOAT64).reshape(-1, family.entries)


def t_of(family, x):
    """A number's transform of x, by numpy."""
    if family.transform == "log":
        return np.log(x)
    if family.transform == "none":
        return np.asarray(x)
    (x0, t0), (x1, t1) = family.knots[:2]
    (xa, ta), (xb, tb) = family.knots[-2:]
    inside = np.interp(x, *zip(*family.knots, strict=True))
    below, above = t0 + (x - x0) * (t1 - t0) / (x1 - x0), tb + (x - xb) * (tb - ta) / (xb - xa)
    return np.where(x < x0, below, np.where(x > xb, above, inside))


def x_of(family, t):
    """The inverse."""
    if family.transform == "log":
        return np.exp(t)
    swapped = tuple((t, x) for x, t in family.knots)
    return t_of(replace(family, knots=swapped), t)


def density(family, mean, log_scale, x):
    """p(x) in x's own units, as ours says it."""
    u = (t_of(family, np.asarray(x, dtype=np.float64)) - family.offset) / family.scale
    row = torch.as_tensor(u, dtype=FLOAT64).reshape(-1, 1)
    p = Columns([family], torch.tensor([mean], dtype=FLOAT64), torch.tensor([log_scale], dtype=FLOAT64))
    return p.log_prob(row).exp().numpy()


NUMBERS = [Number(scale=2.5, offset=-3.0), Number(transform="log", scale=0.7, offset=1.5)]
NUMBERS += [Number(transform="quantile", knots=knots, scale=1.2, offset=0.1) for knots in (KNOTS, KNOTS[:2])]


# numbers


@settings(max_examples=20, deadline=None)
@given(st.floats(-3, 3), st.floats(-2, 2), st.floats(-3, 3))
def test_a_number_is_normal_in_its_own_units(mean, log_scale, at):
    plain, logarithm = NUMBERS[:2]
    x = -3 + 2.5 * at
    expected = stats.norm(-3 + 2.5 * mean, 2.5 * math.exp(log_scale)).pdf(x)
    assert density(plain, mean, log_scale, x) == pytest.approx(expected, rel=1e-9)
    x = math.exp(1.5 + 0.7 * at)
    expected = stats.lognorm(0.7 * math.exp(log_scale), scale=math.exp(1.5 + 0.7 * mean)).pdf(x)
    assert density(logarithm, mean, log_scale, x) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("family", NUMBERS, ids=lambda family: f"{family.transform}-{len(family.knots)}")
@pytest.mark.parametrize(("mean", "log_scale"), [(0.0, 0.0), (1.2, -1.5), (-2.0, 0.7)])
def test_a_numbers_density_integrates_to_one_and_has_its_entropy(family, mean, log_scale):
    t = family.offset + family.scale * np.linspace(mean - 12 * math.exp(log_scale), mean + 12 * math.exp(log_scale), 60)
    edges = sorted([*x_of(family, t), *(x for x, _ in family.knots)])
    nodes, weights = np.polynomial.legendre.leggauss(60)
    whole, entropy = 0.0, 0.0
    for a, b in pairwise(edges):
        p = density(family, mean, log_scale, (a + b) / 2 + (b - a) / 2 * nodes)
        whole += (b - a) / 2 * weights @ p
        entropy -= (b - a) / 2 * weights @ special.xlogy(p, p)
    assert whole == pytest.approx(1, abs=1e-8)
    ours = Columns([family], torch.tensor([mean], dtype=FLOAT64), torch.tensor([log_scale], dtype=FLOAT64))
    assert ours.entropy().item() == pytest.approx(entropy, abs=1e-7)


def test_beyond_its_knots_a_transform_goes_on_straight():
    family = NUMBERS[2]
    slopes = [(b - a) / (d - c) for (c, a), (d, b) in zip(family.knots, family.knots[1:], strict=False)]
    for x, slope in ((-50.0, slopes[0]), (-0.5, slopes[0]), (0.2, slopes[1]), (2.0, slopes[2]), (90.0, slopes[3])):
        u = (t_of(family, x) - family.offset) / family.scale
        expected = stats.norm(0.3, math.exp(0.5)).pdf(u) * slope / family.scale
        assert density(family, 0.3, 0.5, x) == pytest.approx(expected, rel=1e-9)


# whole numbers

OWNS = st.fixed_dictionaries({"owns_below": st.booleans(), "owns_above": st.booleans()})


@settings(max_examples=25, deadline=None)
@given(st.integers(-1000, 1000), st.integers(0, 300), st.floats(0.05, 50), st.floats(-5, 5), st.floats(-7, 2), OWNS)
def test_whole_numbers_have_all_of_the_mass_between_their_ends(low, span, scale, location, log_scale, owns):
    family = Integer(low=low, high=low + span, scale=scale, offset=low + 0.3 * span, **owns)
    p = Columns([family], *(torch.tensor([v], dtype=FLOAT64) for v in (location, log_scale)))
    k = torch.arange(low, low + span + 1, dtype=FLOAT64)
    log_mass = p.log_prob(((k - family.offset) / scale).unsqueeze(1))
    # what lies beyond is taken away from logarithms as large as the location is far outside
    far = 6 * math.exp(-log_scale)
    assert log_mass.exp().sum().item() == pytest.approx(1, abs=1e-12 + 2.0**-50 * far)
    assert torch.isfinite(log_mass).all()
    assert p.entropy().item() == pytest.approx(-(log_mass.exp() * log_mass).sum().item(), abs=1e-10)
    for outside in (low - 1, low + span + 1, low + 0.5):
        assert p.log_prob(one(family, (outside - family.offset) / scale)).item() == -math.inf


def exact_log_mass(family, location, scale, k):
    """The log-mass of k by a thousand digits."""
    with localcontext(prec=1000):

        def below(edge):
            u = (Decimal(edge) - Decimal(family.offset)) / Decimal(family.scale)
            return 1 / (1 + ((Decimal(location) - u) / Decimal(scale)).exp())

        def mass(first, last):
            upper = 1 if last == family.high and family.owns_above else below(last + 0.5)
            return upper - (0 if first == family.low and family.owns_below else below(first - 0.5))

        all_of_it = 1 if family.owns_below and family.owns_above else mass(family.low, family.high)
        return float((mass(k, k) / all_of_it).ln())


@pytest.mark.parametrize(("dtype", "digits"), [(FLOAT64, 1e-12), (torch.float32, 4e-6)])
@pytest.mark.parametrize("scale", [2.0**-7, 0.25, 2.0**7])
@pytest.mark.parametrize(
    ("location", "owns"),
    [(0.0, (True, True)), (3.75, (True, True)), (3.75, (False, False)), (-5.0, (False, False)), (-5.0, (False, True))],
)
def test_no_digit_is_lost_in_either_tail(dtype, digits, location, scale, owns):
    """Everything here is a binary fraction, so that a thousand digits start from the very numbers that we are given."""
    family = Integer(low=-40, high=200, scale=16.0, offset=8.0, owns_below=owns[0], owns_above=owns[1])
    outside = max(-3 - location, location - 12, 0.0)
    p = Columns([family], torch.tensor([location], dtype=dtype), torch.tensor([math.log(scale)], dtype=dtype))
    scale = p.log_scale.double().exp().item()
    for k in (-40, -39, 0, 8, 68, 150, 199, 200):
        ours = p.log_prob(torch.tensor([(k - 8.0) / 16.0], dtype=dtype)).item()
        # of what is cut off, the logarithm is taken away: it is as large as the location is far outside
        off = digits * max(1.0, outside / scale)
        assert ours == pytest.approx(exact_log_mass(family, location, scale, k), rel=digits, abs=off)


CUT = Integer(low=18, high=80, scale=12.0, offset=40.0, owns_below=False, owns_above=False)
HALF = replace(CUT, owns_below=True)


def whole(family, location, log_scale, dtype=FLOAT64):
    """The distribution of one column, and the log-mass of each of its values."""
    p = Columns([family], torch.tensor([location], dtype=dtype), torch.tensor([log_scale], dtype=dtype))
    k = torch.arange(family.low, family.high + 1, dtype=FLOAT64)
    return p, p.log_prob(((k - family.offset) / family.scale).to(dtype).unsqueeze(1)).double()


def test_what_is_cut_off_is_the_logistic_on_what_is_left_and_flat_where_that_is_wide():
    edges = np.arange(17.5, 81)
    for location, log_scale in ((0.3, -0.4), (-2.5, 0.2), (4.0, -1.0)):
        below = stats.logistic(40 + 12 * location, 12 * math.exp(log_scale)).cdf(edges)
        _, log_mass = whole(CUT, location, log_scale)
        np.testing.assert_allclose(log_mass.exp(), np.diff(below) / (below[-1] - below[0]), rtol=1e-9)
        below[0] = 0
        _, log_mass = whole(HALF, location, log_scale)
        np.testing.assert_allclose(log_mass.exp(), np.diff(below) / below[-1], rtol=1e-9)
    _, log_mass = whole(CUT, 0.7, 12.0)
    np.testing.assert_allclose(log_mass, -math.log(63), rtol=1e-5)


@pytest.mark.parametrize("family", [CUT, HALF], ids=["cut", "half"])
@pytest.mark.parametrize(("location", "log_scale"), [(0.3, -0.4), (-3.0, 0.1), (6.0, -0.5), (0.4, 1.5), (0.4, 13.0)])
def test_draws_of_what_is_cut_have_the_shares_of_their_masses(family, location, log_scale):
    """In float32, where a wide logistic leaves few digits for so short a part of it."""
    p, log_mass = whole(family, location, log_scale, torch.float32)
    torch.manual_seed(0)
    k = (p.sample((20_000,))[:, 0].double() * 12 + 40).round().long()
    assert (k.min() >= 18, k.max() <= 80) == (True, True)
    expected = 20_000 * log_mass.softmax(0).numpy()
    # values of which fewer than ten are expected are counted together
    seen = np.bincount(k.numpy() - 18, minlength=63)
    rare = expected < 10
    counts = [np.append(each[~rare], each[rare].sum()) for each in (seen, expected)]
    counts = [each if counts[1][-1] > 0 else each[:-1] for each in counts]
    assert stats.chisquare(*counts).pvalue > 1e-4


@settings(max_examples=30, deadline=None)
@given(st.floats(-4, 6), st.floats(-3, 3), OWNS)
def test_a_whole_number_stands_for_its_column_that_has_half_of_the_mass_on_either_side(location, log_scale, owns):
    p, log_mass = whole(replace(CUT, **owns), location, log_scale)
    up_to = log_mass.exp().cumsum(0)
    at = round(p.mean.item() * 12 + 40) - 18
    if all(owns.values()):  # the logistic's own mean, brought between the ends
        assert at == round(min(max(40 + 12 * location, 18), 80)) - 18
    assert up_to[at].item() >= 0.5 - 1e-9
    assert at == 0 or up_to[at - 1].item() <= 0.5 + 1e-9


def test_a_long_column_of_whole_numbers_finds_each_of_them_in_float32():
    family = Integer(low=1_600_000_000, high=1_601_000_000, scale=250_000.0, offset=1_600_400_000.0)
    k = 1_600_000_000 + torch.randint(0, 1_000_001, (1000,), generator=torch.Generator().manual_seed(0))
    u = ((k.double() - family.offset) / family.scale).float().unsqueeze(1)
    p = Columns([family], torch.zeros(1), torch.zeros(1))
    assert torch.isfinite(p.log_prob(u)).all()
    assert p.log_prob(u + 0.5 / 250_000).isinf().all()
    draws = p.sample((1000,)).double() * family.scale + family.offset
    assert (draws - draws.round()).abs().max() < 0.25


# categories and missing cells


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(1, 6))
def test_a_category_agrees_with_the_reference(seed, levels):
    logits, nothing = parameters([Category(levels=levels)], seed, 5)
    other, _ = parameters([Category(levels=levels)], seed + 1, 5)
    theirs = reference.OneHotCategorical(logits=logits)
    x = theirs.sample()
    ours = Columns([Category(levels=levels)], logits, nothing.detach())
    agree(ours.log_prob(x), theirs.log_prob(x), [logits])
    agree(ours.entropy(), theirs.entropy(), [logits])
    kl = reference.kl_divergence(theirs, reference.OneHotCategorical(logits=other))
    agree(ours.kl(Columns([Category(levels=levels)], other, nothing)), kl, [logits, other])


def test_a_cell_is_missing_or_has_a_value_with_probability_one():
    missing = 1 / (1 + math.exp(-0.7))
    category = Columns([Category(levels=3, missing=True)], *_of([0.3, -1.0, 2.0, 0.7], []))
    rows = torch.eye(4, dtype=FLOAT64)
    assert category.log_prob(rows).exp().sum().item() == pytest.approx(1, abs=1e-12)
    assert category.log_prob(rows)[3].exp().item() == pytest.approx(missing, rel=1e-12)
    integer = Columns([Integer(low=0, high=3, missing=True)], *_of([1.2, 0.7], [-0.3]))
    rows = torch.tensor([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [0.0, 1.0]], dtype=FLOAT64)
    assert integer.log_prob(rows).exp().sum().item() == pytest.approx(1, abs=1e-12)
    number = Columns([Number(scale=2.0, missing=True)], *_of([1.2, 0.7], [-0.3]))
    seen = integrate.quad(lambda x: number.log_prob(one(Number(missing=True), x / 2, 0)).exp().item(), -30, 30)[0]
    assert seen + number.log_prob(one(Number(missing=True), 0, 1)).exp().item() == pytest.approx(1, abs=1e-9)


def _of(output, log_scale):
    return torch.tensor(output, dtype=FLOAT64), torch.tensor(log_scale, dtype=FLOAT64)


# all of them beside each other


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.permutations(FAMILIES))
def test_a_row_is_the_product_of_its_columns(seed, families):
    """In whatever order they stand: each column alone says what it says among the others."""
    output, log_scale = parameters(families, seed, 4)
    other = [p.detach() for p in parameters(families, seed + 1, 4)]
    p, q = Columns(families, output, log_scale), Columns(families, *other)
    torch.manual_seed(seed % 1000)
    x = p.sample((3,))
    alone = [_alone(families, i, output, log_scale) for i in range(len(families))]
    parts = [x[..., place] for place in places(families)]
    columns = torch.stack([c.log_prob(part) for c, part in zip(alone, parts, strict=True)], -1)
    torch.testing.assert_close(p.log_prob_columns(x), columns)
    agree(p.log_prob(x), columns.sum(-1), [output, log_scale])
    agree(p.entropy(), torch.stack([c.entropy() for c in alone]).sum(0), [output, log_scale])
    apart = [c.kl(_alone(families, i, *other)) for i, c in enumerate(alone)]
    agree(p.kl(q), torch.stack(apart).sum(0), [output, log_scale])
    torch.testing.assert_close(p.mean, torch.cat([c.mean for c in alone], -1))


def _alone(families, i, output, log_scale):
    scaled = Layout(families).scaled
    own = [scaled.index(i)] if i in scaled else []
    return Columns([families[i]], output[..., places(families)[i]], log_scale[..., own])


def test_divergences_are_those_of_the_families():
    """Whatever the units: a normal's of numbers; with missing cells, a coin's and the rest as often as it is seen."""
    family = Number(transform="log", scale=3.0, offset=2.0)
    p, q = (Columns([family], *_of([mean], [scale])) for mean, scale in ((0.3, -0.2), (-1.0, 0.4)))
    normals = [Normal.from_log_scale(c.output, c.log_scale) for c in (p, q)]
    torch.testing.assert_close(p.kl(q), normals[0].kl(normals[1]))
    with_missing = Number(scale=3.0, missing=True)
    p, q = (Columns([with_missing], *_of(*each)) for each in (([0.3, 1.1], [-0.2]), ([-1.0, -0.4], [0.4])))
    coins = [Bernoulli(c.output[1:]) for c in (p, q)]
    expected = coins[0].kl(coins[1]) + torch.sigmoid(torch.tensor(-1.1)) * normals[0].kl(normals[1])
    torch.testing.assert_close(p.kl(q), expected)
    whole = Integer(low=0, high=20, scale=4.0, offset=10.0)
    p, q = (Columns([whole], *_of([m], [s])) for m, s in ((0.3, -1.2), (-1.0, 0.4)))
    rows = ((torch.arange(21.0, dtype=FLOAT64) - 10) / 4).unsqueeze(1)
    torch.testing.assert_close(p.kl(q), (p.log_prob(rows).exp() * (p.log_prob(rows) - q.log_prob(rows))).sum())


def test_gradients_are_those_of_finite_differences():
    output, log_scale = parameters(FAMILIES, 3, 2)
    torch.manual_seed(3)
    x = Columns(FAMILIES, output, log_scale).sample().detach()
    assert torch.autograd.gradcheck(lambda o, s: Columns(FAMILIES, o, s).log_prob_columns(x), (output, log_scale))
    # and of plain numbers to the value itself
    number = Columns(NUMBERS[:2], *_of([0.3, -0.2], [0.1, 0.4]))
    assert torch.autograd.gradcheck(number.log_prob, (torch.tensor([0.7, -1.2], dtype=FLOAT64, requires_grad=True),))


IMPOSSIBLE = {
    "two levels": (Category(levels=3), [1, 1, 0]),
    "no level": (Category(levels=3), [0, 0, 0]),
    "half a level": (Category(levels=2), [0.5, 0.5]),
    "a negative one": (Category(levels=2), [-1, 0]),
    "not a number of a category": (Category(levels=2), [math.nan, 1]),
    "a half": (Integer(low=0, high=9), [2.5]),
    "below": (Integer(low=0, high=9), [-1]),
    "above": (Integer(low=0, high=9), [10]),
    "an infinite whole number": (Integer(low=0, high=9), [math.inf]),
    "not a whole number": (Integer(low=0, high=9), [math.nan]),
    "an infinite number": (Number(), [-math.inf]),
    "not a number": (Number(transform="log"), [math.nan]),
    "missing and there": (Number(missing=True), [1.0, 1]),
    "missing and a level": (Category(levels=2, missing=True), [0, 1, 1]),
    "half missing": (Number(missing=True), [0.0, 0.5]),
    "no number whether missing": (Number(missing=True), [0.0, math.nan]),
    "neither missing nor there": (Category(levels=2, missing=True), [0, 0, 0]),
}


@pytest.mark.parametrize(("family", "row"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_a_row_that_cannot_be_has_no_probability_and_no_gradient_that_is_none(family, row):
    families = [Number(), family, Category(levels=2, missing=True)]
    output, log_scale = parameters(families, 1, 2)
    x = torch.tensor([0.3, *row, 0, 1, 0], dtype=FLOAT64, requires_grad=True)
    columns = Columns(families, output, log_scale).log_prob_columns(x)
    assert columns.isneginf().tolist() == [[False, True, False]] * 2
    assert Columns(families, output, log_scale).log_prob(x).isneginf().all()
    for gradient in torch.autograd.grad(columns.sum(), [output, log_scale, x]):
        assert torch.isfinite(gradient).all()


def test_a_value_of_a_missing_cell_carries_no_gradient():
    families = [Number(missing=True), Integer(low=5, high=9, missing=True), Category(levels=2, missing=True)]
    output, log_scale = parameters(families, 1, 2)
    x = torch.tensor([0, 1, 0, 1, 0, 0, 1], dtype=FLOAT64)
    log_p = Columns(families, output, log_scale).log_prob(x)
    logits = output[:, [1, 3, 6]]
    agree(log_p, torch.nn.functional.logsigmoid(logits).sum(-1), [output])
    (gradient,) = torch.autograd.grad(log_p.sum(), log_scale)
    assert torch.equal(gradient, torch.zeros_like(log_scale))


def test_draws_are_rows_that_can_be_as_often_as_they_say():
    output, log_scale = (p.detach() for p in parameters(FAMILIES, 7))
    p = Columns(FAMILIES, output, log_scale)
    torch.manual_seed(0)
    x = p.sample((40_000,))
    assert torch.isfinite(p.log_prob(x)).all()
    # E[-log p] is the entropy, column by column, each by quadrature or enumeration above
    for i, family in enumerate(FAMILIES):
        column = _alone(FAMILIES, i, output, log_scale)
        own = x[..., places(FAMILIES)[i]]
        if family != Integer(low=7, high=7):
            assert within_error(-column.log_prob(own), column.entropy().item())
    gone = x[:, places(FAMILIES)[1]][:, -1]
    assert within_error(gone, torch.sigmoid(output[places(FAMILIES)[1]][-1]).item())
    assert torch.isfinite(p.log_prob(p.mean))


def test_a_gradient_reaches_numbers_through_their_draws():
    output, log_scale = parameters([Number(), Category(levels=2), Number()], 5)
    torch.manual_seed(0)
    p = Columns([Number(), Category(levels=2), Number()], output, log_scale)
    x = p.sample((3,))
    gradients = torch.autograd.grad(x.sum(), [output, log_scale])
    assert gradients[0].tolist() == [3, 0, 0, 3]
    torch.testing.assert_close(gradients[1], (x - output)[:, [0, 3]].sum(0))


def test_parameters_and_values_broadcast():
    families = [Number(), Category(levels=2, missing=True), Integer(low=0, high=3)]
    output, _ = parameters(families, 1, 5, 4)
    wide = Columns(families, output, torch.zeros(2, dtype=FLOAT64))
    x = wide.sample()
    assert (wide.batch_shape, wide.event_shape, x.shape) == ((5, 4), (5,), (5, 4, 5))
    assert wide.log_prob(x[0, 0]).shape == (5, 4)
    alone = Columns(families, output[2, 3], wide.log_scale)
    torch.testing.assert_close(wide.log_prob(x[0])[2, 3], alone.log_prob(x[0, 3]))
    scales = torch.randn(7, 1, 2, dtype=FLOAT64)
    by_scale = Columns(families, output[0], scales)
    assert (by_scale.batch_shape, by_scale.sample((2,)).shape) == ((7, 4), (2, 7, 4, 5))
    torch.testing.assert_close(by_scale.log_prob(x[0])[3], Columns(families, output[0], scales[3]).log_prob(x[0]))
    assert not wide.detached().log_prob(x.detach()).requires_grad


# a generator's draws


def test_a_generators_rows_can_be_and_every_choice_passes_a_gradient():
    output, log_scale = parameters(FAMILIES, 11, 200)
    layout = Layout(FAMILIES)
    torch.manual_seed(0)
    x = StraightThroughColumns(layout, output, 0.5).sample()
    assert torch.isfinite(Columns(FAMILIES, output, log_scale).log_prob(x)).all()
    (gradient,) = torch.autograd.grad((x * torch.randn_like(x)).sum(), output)
    reached = (gradient != 0).any(0)
    values_missing = [i for i, family in enumerate(FAMILIES) if family.missing]
    assert reached.all(), (reached, values_missing)


def test_a_generators_choices_have_the_probabilities_of_its_logits():
    families = [Category(levels=3, missing=True)]
    output = torch.tensor([0.5, -0.5, 1.0, 0.4], dtype=FLOAT64)
    torch.manual_seed(0)
    x = StraightThroughColumns(Layout(families), output, 0.5).sample((40_000,))
    exact = Columns(families, output, torch.zeros(0, dtype=FLOAT64))
    for row in torch.eye(4, dtype=FLOAT64):
        assert within_error((x == row).all(-1).double(), exact.log_prob(row).exp().item())


def test_a_generators_gradient_is_that_of_the_softmax_at_the_same_noise():
    output = torch.tensor([0.5, -0.5, 1.0], dtype=FLOAT64, requires_grad=True)
    torch.manual_seed(5)
    x = StraightThroughColumns(Layout([Category(levels=3)]), output, 0.7).sample()
    torch.manual_seed(5)
    noise = -torch.empty(3, dtype=FLOAT64).exponential_().log()
    weights = torch.tensor([1.0, 2.0, 4.0], dtype=FLOAT64)
    (ours,) = torch.autograd.grad((x * weights).sum(), output)
    (soft,) = torch.autograd.grad((((output + noise) / 0.7).softmax(-1) * weights).sum(), output)
    torch.testing.assert_close(ours, soft)
    assert torch.equal(x, torch.nn.functional.one_hot((output + noise).argmax(), 3).double())


def test_what_a_generator_draws_has_no_density():
    drawn = StraightThroughColumns(Layout([Number()]), torch.zeros(3, 1), 0.5)
    assert (drawn.has_density, drawn.mean.shape) == (False, (3, 1))
    for quantity in (lambda: drawn.log_prob(torch.zeros(1)), drawn.entropy):
        with pytest.raises(UserError, match="no closed form"):
            quantity()


# refusals

WRONG = {
    "families are empty": lambda: Layout([]),
    "hold a str": lambda: Layout(["age"]),
    "do not fit the columns: give \\(\\*batch, 2\\)": lambda: Columns([Category()], torch.zeros(3), torch.zeros(0)),
    "and \\(\\*batch, 1\\)": lambda: Columns([Number()], torch.zeros(1), torch.zeros(2)),
    "do not broadcast": lambda: Columns([Number()], torch.zeros(3, 1), torch.zeros(2, 1)),
    "knots will not do": lambda: Number(transform="quantile", knots=((0.0, 0.0), (1.0, 0.0))),
    "and 0 knots": lambda: Layout([Number(transform="quantile")]),
    "and 5 knots": lambda: Layout([Number(knots=KNOTS)]),
    "scale=0 will not do": lambda: Number(scale=0),
    "transform='square'": lambda: Number(transform="square"),
    "high=2 will not do": lambda: Integer(low=3, high=2),
    "levels=0": lambda: Category(levels=0),
    "offset=inf": lambda: Number(offset=math.inf),
    "step=-1": lambda: Number(step=-1),
    "owns_below='no' will not do": lambda: Integer(owns_below="no"),
}


@pytest.mark.parametrize("said", WRONG)
def test_what_does_not_go_together_is_refused(said):
    with pytest.raises(UserError, match=said):
        WRONG[said]()


def test_a_column_that_is_too_long_is_not_summed_over_and_other_columns_do_not_compare():
    long = Columns([Integer(low=0, high=10_000, scale=1000.0)], torch.zeros(1), torch.zeros(1))
    for sum_over in (long.entropy, lambda: long.kl(long)):
        with pytest.raises(UserError, match="a column of 10,001 whole numbers"):
            sum_over()
    with pytest.raises(UserError, match="no closed form"):
        long.kl(Columns([Number()], torch.zeros(1), torch.zeros(1)))

"""Columns of which something is known: masses against SciPy and sums, draws against the truncated laws."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from reparam.distributions.columns import Category, Integer, Number
from reparam.distributions.columnwise import Columns
from reparam.distributions.columnwise.within import Interval, OneOf, log_prob_within, sample_within

FAMILIES = (
    Number(scale=3.0, offset=2.0),
    Integer(low=18, high=80, scale=12.0, offset=40.0),
    Category(levels=4, missing=True),
)
WIDTH = 1 + 1 + 5


OWNS = [(True, True), (False, False), (True, False)]


def columns(batch=1, owns=(True, True)):
    families = list(FAMILIES)
    families[1] = replace(families[1], owns_below=owns[0], owns_above=owns[1])
    return Columns(families, torch.randn(batch, WIDTH), torch.randn(2) * 0.3 - 0.5)


def u_of(k):
    return (k - 40.0) / 12.0


@pytest.mark.parametrize("ends", [(-0.3, 1.2), (4.0, 4.5), (-9.0, -7.5), (1.0, math.inf), (-math.inf, -2.0)])
def test_the_mass_of_an_interval_of_numbers_is_that_of_the_normal(ends):
    p = columns()
    mean, scale = p.output[0, 0].item(), p.log_scale[0].exp().item()
    a, b = ((end - mean) / scale for end in ends)
    # one float32 rounding of each end and of the logarithm, on values of up to 200 nats
    known = stats.norm.logcdf(b) if math.isinf(a) else stats.norm.logsf(a) if math.isinf(b) else _log_between(a, b)
    np.testing.assert_allclose(log_prob_within(p, {0: Interval(*ends)}).item(), known, rtol=1e-5, atol=1e-5)


def _log_between(a, b):
    """By quadrature of the density, scaled so that neither tail underflows."""
    peak = min(abs(a), abs(b)) if a * b > 0 else 0.0
    mass, _ = integrate.quad(lambda t: math.exp(-0.5 * (t * t - peak * peak)), a, b, epsabs=0, epsrel=1e-10)
    return math.log(mass) - 0.5 * peak * peak - 0.5 * math.log(2 * math.pi)


@pytest.mark.parametrize("owns", OWNS)
@pytest.mark.parametrize("ends", [(18, 80), (30, 40), (18, 18), (80, 80), (79, 80), (40, 40)])
def test_the_mass_of_whole_numbers_is_the_sum_over_them(ends, owns):
    p = columns(owns=owns)
    rows = torch.zeros(ends[1] - ends[0] + 1, WIDTH)
    rows[:, 1] = u_of(torch.arange(ends[0], ends[1] + 1))
    known = p.log_prob_columns(rows)[:, 1].logsumexp(0).item()
    found = log_prob_within(p, {1: Interval(u_of(ends[0]), u_of(ends[1]))}).item()
    np.testing.assert_allclose(found, known, rtol=1e-5, atol=1e-5)


def test_the_mass_of_levels_is_their_sum_and_the_cell_is_there():
    p = columns(3)
    logits, missing = p.output[:, 2:6], p.output[:, 6]
    known = logits.softmax(-1)[:, [1, 3]].sum(-1) * (-missing).sigmoid()
    torch.testing.assert_close(log_prob_within(p, {2: OneOf((False, True, False, True))}).exp(), known)


def test_masses_of_a_partition_sum_to_one():
    p = columns(5)
    parts = [Interval(-math.inf, -1.0), Interval(-1.0, 0.5), Interval(0.5, math.inf)]
    total = sum(log_prob_within(p, {0: part}).exp() for part in parts)
    torch.testing.assert_close(total, torch.ones(5))


@pytest.mark.parametrize("ends", [(-0.4, 0.9), (3.0, 3.5), (-6.0, -5.0)])
def test_draws_of_numbers_follow_the_truncated_normal(ends):
    p = columns()
    drawn = sample_within(p, {0: Interval(*ends)}, (20_000,))[:, 0, 0].double().numpy()
    mean, scale = p.output[0, 0].item(), p.log_scale[0].exp().item()
    law = stats.truncnorm(*((end - mean) / scale for end in ends), loc=mean, scale=scale)
    assert drawn.min() >= np.float32(ends[0])
    assert drawn.max() <= np.float32(ends[1])
    assert stats.kstest(drawn, law.cdf).pvalue > 1e-4


@pytest.mark.parametrize("owns", OWNS)
@pytest.mark.parametrize(("low", "high"), [(35, 42), (18, 26), (68, 80)])
def test_draws_of_whole_numbers_have_the_shares_of_their_masses(low, high, owns):
    p = columns(owns=owns)
    drawn = sample_within(p, {1: Interval(u_of(low), u_of(high))}, (20_000,))[:, 0, 1]
    k = (drawn * 12 + 40).round().long()
    rows = torch.zeros(high - low + 1, WIDTH)
    rows[:, 1] = u_of(torch.arange(low, high + 1))
    shares = p.log_prob_columns(rows)[:, 1].double().softmax(0).numpy()
    counts = np.bincount(k.numpy() - low, minlength=high - low + 1)
    assert len(counts) == high - low + 1
    assert stats.chisquare(counts, 20_000 * shares).pvalue > 1e-4


def test_draws_are_rows_that_can_be_and_other_columns_are_left_as_they_are():
    p = columns(4)
    rows = sample_within(p, {2: OneOf((True, False, False, True))}, (500,))
    assert torch.isfinite(p.log_prob(rows)).all()
    assert (rows[..., 6] == 0).all()
    assert (rows[..., [3, 4]] == 0).all()
    mean, scale = p.output[:, 0], p.log_scale[0].exp()
    assert ((rows[..., 0].mean(0) - mean).abs() < 5 * scale / 500**0.5).all()


def test_a_point_has_the_density_of_the_normal():
    p = columns()
    known = stats.norm.logpdf(0.7, p.output[0, 0].item(), p.log_scale[0].exp().item())
    np.testing.assert_allclose(log_prob_within(p, {0: Interval(0.7, 0.7)}).item(), known, rtol=1e-5)

"""Rows of which something is known, and filled cells, against the exact law of a model of one latent, by quadrature."""

import numpy as np
import pytest
import torch

from reparam.data.columns.guess import guess
from reparam.data.columns.table import TableSchema
from reparam.data.readers.cells import Cells, Column
from reparam.distributions.columns import places
from reparam.errors import UserError
from reparam.evaluation.tables.conditional import _resampled
from reparam.evaluation.tables.conditions import conditions
from reparam.evaluation.tables.impute import _filled
from reparam.models import VAE, StandardNormal
from reparam.models.vae.columns import ColumnsLikelihood
from reparam.networks import MLP

GRID = torch.linspace(-6, 6, 2001).unsqueeze(1)


@pytest.fixture
def model():
    """A VAE of a number, a whole number and a word whose latent matters."""
    rng = np.random.default_rng(1)
    n = 300
    whole = np.zeros(n, dtype=bool)
    cells = Cells(
        (
            Column("height", rng.normal(170, 10, n), whole),
            Column("age", rng.integers(18, 80, n), whole),
            Column("town", rng.choice(["A", "B", "C"], n).astype(object), whole),
        )
    )
    schema = TableSchema(tuple(guess(each) for each in cells.columns))
    likelihood = ColumnsLikelihood(schema.families)
    width = likelihood.data_shape[0]
    decoder, encoder = MLP(1, [8], (width,)), MLP((width,), [8], 2)
    with torch.no_grad():
        for part in decoder.parameters():
            part.mul_(3.0)
        encoder[-1].weight.zero_()
        encoder[-1].bias.zero_()
        likelihood.excess.copy_(torch.expm1(np.log(0.5) - likelihood.floor).log())  # scales of one half
    return VAE(encoder, decoder, StandardNormal(1), likelihood=likelihood).eval(), schema


def weights():
    """The prior on a grid of z."""
    return (-0.5 * GRID.squeeze(1).double().square()).softmax(0)


@torch.no_grad()
def test_resampled_rows_have_the_conditional_law(model):
    vae, schema = model
    asked = conditions({"town": "A|B", "age": (25, 40)}, schema)
    n = 20_000
    rows, words = _resampled(vae, asked, n, 200_000)
    assert asked.hold(rows, schema).all()
    p = vae.decode(GRID)
    ages = (torch.arange(25, 41) - schema.families[1].offset) / schema.families[1].scale
    row = torch.zeros(len(ages), 1, rows.shape[1])
    row[..., 1] = ages[:, None]
    age_mass = p.log_prob_columns(row)[..., 1].double().logsumexp(0).exp()
    town = p.output[:, places(schema.families)[2]].double().softmax(-1)
    posterior = weights() * age_mass * town[:, :2].sum(-1)
    posterior /= posterior.sum()
    mean = float((posterior * p.output[:, 0]).sum())
    share = float((posterior * town[:, 0] / town[:, :2].sum(-1)).sum())
    found = rows[:, 0].double()
    # five standard errors, as if 2,000 of the codes were worth keeping
    assert abs(found.mean() - mean) < 5 * found.std() / 2_000**0.5
    assert abs(rows[:, places(schema.families)[2]][:, 0].double().mean() - share) < 5 * 0.5 / 2_000**0.5
    assert "effective sample size" in words


@torch.no_grad()
def test_what_no_code_makes_probable_is_refused(model):
    vae, schema = model
    vae.decoder = torch.nn.Linear(1, vae.data_shape[0])
    vae.decoder.weight[-1], vae.decoder.bias[-1] = 100.0, -400.0  # the last word only where z is above 4
    with pytest.raises(UserError, match=r"of 5,000 codes only \d+ are worth keeping where town=C"):
        _resampled(vae, conditions({"town": "C"}, schema), 10, 5_000)


@torch.no_grad()
def test_filled_cells_have_the_law_given_the_others(model):
    vae, schema = model
    x = torch.zeros(1, sum(family.entries for family in schema.families))
    x[0, 1] = (30 - schema.families[1].offset) / schema.families[1].scale
    there = torch.tensor([[False, True, False]])
    draws = 4_000
    rows, mean, spread, effective = _filled(vae, schema, x, there, draws, 4_000)
    p = vae.decode(GRID)
    posterior = weights() * p.log_prob_columns(x)[..., 1].double().exp()
    posterior /= posterior.sum()
    known = float((posterior * p.output[:, 0]).sum())
    variance = float((posterior * (p.output[:, 0].square() + (2 * p.log_scale[..., 0]).exp())).sum()) - known**2
    town = (posterior[:, None] * p.output[:, places(schema.families)[2]].double().softmax(-1)).sum(0)
    error = 5 * variance**0.5 / min(float(effective), draws) ** 0.5
    assert float(effective) > 100
    assert abs(float(mean[0, 0]) - known) < error
    assert abs(float(rows[:, 0, 0].mean()) - known) < 2 * error
    assert abs(float(spread[0, 0]) - variance**0.5) < error
    assert (rows[:, 0, 1] == x[0, 1]).all()
    assert spread[0, 1] == 0
    shares = rows[:, 0, places(schema.families)[2]].double().mean(0)
    assert (shares - town).abs().max() < 2 * 5 * 0.5 / min(float(effective), draws) ** 0.5
    assert mean[0, places(schema.families)[2]].argmax() == town.argmax()

"""Training on a table: rows that cannot be are refused, and a density that only its floor bounds is warned of."""

import pytest
import torch

from helpers import quiet_fit
from oracles import MixedLaw
from reparam.data import Dataset
from reparam.distributions.columns import Category, Integer, Number
from reparam.errors import UserError
from reparam.models import VAE, ColumnsLikelihood, StandardNormal
from reparam.networks import MLP
from reparam.training import Callback


class Notes(Callback):
    """What is said."""

    def __init__(self):
        self.said = []

    def note(self, session, text):
        self.said.append(text)


def vae_of(families, latent=2):
    likelihood = ColumnsLikelihood(families)
    (width,) = likelihood.output_shape
    encoder, decoder = MLP(width, [16], 2 * latent), MLP(latent, [16], width)
    return VAE(encoder, decoder, StandardNormal(latent), likelihood=likelihood)


def test_rows_of_the_columns_are_trained_on():
    law = MixedLaw()
    data = Dataset.of(law.sample(400, seed=0).float(), name="law")
    run = quiet_fit(vae_of(law.families), data, epochs=1)
    assert run.test["elbo"] < 0


WRONG = {
    "column 3 of example 7 .* is 0, 0, which no Category is": lambda x: x[6, 2:].zero_(),
    "column 2 of example 12 .* is 0.25, which no Integer is": lambda x: x[11, 1:2].fill_(0.25),
    "column 2 of example 1 .* is 9, which no Integer is": lambda x: x[:, 1:2].fill_(9.0),
}


@pytest.mark.parametrize("said", WRONG)
def test_a_row_that_cannot_be_is_refused_before_training(said):
    families = (Number(), Integer(low=0, high=4), Category())
    x = torch.tensor([[0.3, 2.0, 1.0, 0.0]]).repeat(50, 1)
    WRONG[said](x)
    splits = Dataset.of(x, torch.clone(x[:5]), torch.clone(x[:5]), name="rows")
    with pytest.raises(UserError, match=said):
        quiet_fit(vae_of(families), splits)


def test_a_column_that_is_told_exactly_is_named_in_the_end_and_no_other():
    torch.manual_seed(0)
    a, b = torch.randn(2, 400)
    families = [Number(), Number(step=0.5)]
    for x, told in ((torch.stack([a, b], 1), False), (torch.stack([a, torch.full_like(b, 0.5)], 1), True)):
        notes = Notes()
        usual = {"steps": 300, "learning_rate": 0.05, "gradient_clip": 10.0}
        quiet_fit(vae_of(families), Dataset.of(x, name="pairs"), callbacks=[notes], **usual)
        found = [text for text in notes.said if "told as exactly" in text]
        assert bool(found) == told
        assert all(text.startswith("warning: column 2: ") and "columns=..." in text for text in found)

"""The defaults on real MNIST reach the bound that the README promises."""

import pytest

from reparam.kinds import VAEConfig
from reparam.runs.config import RunConfig
from reparam.settings import TrainingConfig
from reparam.training.start import train


@pytest.mark.slow
def test_the_default_vae_reaches_minus_102_and_a_half_nats(tmp_path):
    run = train(RunConfig(model=VAEConfig(), training=TrainingConfig(seed=1)), tmp_path / "run", quiet=True)
    assert run.config.training.epochs == 12
    assert -543.4 - 12 < run.rows[0]["elbo"] < -543.4 + 5
    assert run.test["elbo"] > -102.5

"""Active units and the aggregate posterior, where both are known exactly."""

import math

import pytest
import torch
from torch import nn

from reparam.bounds import sampled_kl
from reparam.data import Dataset, Split
from reparam.distributions import Normal
from reparam.errors import UserError
from reparam.evaluation.codes.latent_usage import aggregate, latent_usage
from reparam.models import (
    ELBO,
    GAN,
    VAE,
    Autoencoder,
    FlowPosterior,
    FlowPrior,
    HierarchicalPosterior,
    HierarchicalPrior,
    MixturePrior,
    NormalLikelihood,
    StandardNormal,
    VampPrior,
)
from reparam.models.vae.implicit import Implicit
from reparam.networks import MLP
from reparam.runs.config import RunConfig
from reparam.training import Run


class Copy(nn.Module):
    """The first two posterior means are the first two columns of x; the others' are 0. Scales make q(z) = N(0, I)."""

    def forward(self, x):
        mean = torch.cat([x[:, :2], torch.zeros(len(x), 2)], 1)
        variance = torch.tensor([0.36, 0.96, 1.0, 1.0]).expand(len(x), 4)
        return torch.cat([mean, variance.log()], 1)


def points(scale=1.0, n=3000):
    """Columns of standard deviations 0.8, 0.2 and 1: variances 0.64 and 0.04 with what the encoder adds make 1."""
    x = torch.randn(n, 3) * torch.tensor([0.8, 0.2, 1.0]) * scale
    return Dataset("points", *(Split(part) for part in x.split([n // 3] * 3)), data_shape=(3,), fingerprint="0" * 64)


def run_of(model, data=None):
    return Run(model, RunConfig(), dataset=data or points())


def vae():
    return VAE(Copy(), MLP(4, [4], 3), StandardNormal(4), likelihood=NormalLikelihood((3,)))


def test_active_units_and_moments_are_exact():
    found = latent_usage(run_of(vae()))
    assert found.active == 2
    assert found.signal == pytest.approx([0.64, 0.04, 0, 0], abs=0.1)
    assert found.signal[2:] == (0, 0)
    assert found.scale == pytest.approx([1] * 4, abs=0.1)
    assert found.prior_scale == pytest.approx([1] * 4, abs=0.1)
    assert (found.n, found.split, found.prior) == (1000, "test", "N(0, I)")


def test_an_aggregate_that_is_the_prior_cannot_be_told_from_it_and_another_can():
    found = latent_usage(run_of(vae()))
    assert abs(found.accuracy - 0.5) < 4 * found.accuracy_error
    assert found.p_value > 0.001
    apart = latent_usage(run_of(vae(), points(scale=4.0)))
    assert apart.accuracy > 0.6
    assert apart.p_value < 1e-6


class Pushed(nn.Module):
    """An implicit posterior z = (x₁ + noise, noise): two units, one of which carries x."""

    latent_dim = 2

    def encode(self, x):
        return Implicit(self, x[:, :1], 2)

    def forward(self, context_and_noise):
        context, noise = context_and_noise.split([1, 2], -1)
        return torch.cat([context, torch.zeros_like(context)], -1) + noise

    def __init__(self):
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(()))


def test_a_posterior_without_a_mean_has_the_variance_of_its_true_mean():
    x = 0.5 * torch.randn(20_000, 3)
    signal, z = aggregate(Pushed(), x.split(5000))
    assert signal.tolist() == pytest.approx([0.25, 0], abs=0.01)
    assert z.var(0).tolist() == pytest.approx([1.25, 1], abs=0.05)
    again, _ = aggregate(Pushed(), x.split(5000))
    assert torch.equal(signal, again)


def test_an_autoencoders_codes_are_compared_with_what_it_samples_from():
    model = Autoencoder(MLP(3, [4], 2), MLP(2, [4], 3), 2, likelihood=NormalLikelihood((3,)))
    found = latent_usage(run_of(model), n=200)
    assert (found.prior, found.n, len(found.signal)) == ("N(0, I)", 200, 2)
    codes = model.encode(points().test.x).value
    assert found.mean == pytest.approx(codes.mean(0).tolist(), abs=0.3)


def test_a_learned_prior_is_named():
    class Shifted(StandardNormal):
        def forward(self, encode=None):
            return Normal(torch.full((4,), 3.0), torch.ones(4))

    model = VAE(Copy(), MLP(4, [4], 3), Shifted(4), likelihood=NormalLikelihood((3,)))
    found = latent_usage(run_of(model))
    assert found.prior == "the model's prior"
    assert found.prior_mean == pytest.approx([3] * 4, abs=0.2)
    assert found.accuracy > 0.95


class Scaled(nn.Module):
    """Posterior means of standard deviations ``means`` over x, and scales ``scales``."""

    def __init__(self, means, scales):
        super().__init__()
        self.means, self.scales = torch.tensor(means), torch.tensor(scales)

    def forward(self, x):
        mean = x[:, 2:] * self.means  # that column is N(0, 1)
        return torch.cat([mean, self.scales.square().log().expand(len(x), -1)], 1)


MEANS, SCALES = [1e-3, 0.5, 40.0, 0.0], [1e-3, 100.0, 30.0, 1.0]
SHARES = [0.5, 0.25 / 10_000.25, 0.64, 0.0]
"""mean² / (mean² + scale²): small and half of it x, large and next to none, large and most of it, nothing."""
PARTS = {"likelihood": NormalLikelihood((3,)), "objective": ELBO(kl=sampled_kl)}
PRIORS = {
    "flow": lambda: FlowPrior(4, hidden=(4,)),
    "spline": lambda: FlowPrior(4, hidden=(4,), kind="spline"),
    "mixture": lambda: MixturePrior(4, 3),
    "vamp": lambda: VampPrior(4, torch.randn(3, 3)),
}


@pytest.mark.parametrize("name", PRIORS)
def test_where_the_prior_has_a_scale_of_its_own_a_unit_is_active_by_its_share_of_it(name):
    model = VAE(Scaled(MEANS, SCALES), MLP(4, [4], 3), PRIORS[name](), **PARTS)
    found = latent_usage(run_of(model, points(n=9000)))
    # 3,000 examples: a share's error is below that of a correlation, 1 / √3000
    assert found.signal == pytest.approx(SHARES, abs=4 * 3000**-0.5 / 2)
    assert found.signal[1] < 0.001
    assert found.signal[3] == 0
    assert found.active == 2
    assert found.share
    assert "share of the variance" in found.figure().axes[0].get_xlabel() + found.figure().axes[0].get_ylabel()


def test_no_scale_of_z_changes_what_is_active_under_a_flow():
    found = []
    for times in (1e-3, 0.1, 1.0):
        torch.manual_seed(0)
        encoder = Scaled([times * mean for mean in MEANS], [times * scale for scale in SCALES])
        model = VAE(encoder, MLP(4, [4], 3), FlowPrior(4, hidden=(4,)), **PARTS)
        found.append(latent_usage(run_of(model)).signal)
    assert found[0] == pytest.approx(found[1], rel=1e-4, abs=1e-9)  # float32's rounding of 1e-3
    assert found[2] == pytest.approx(found[1], rel=1e-4, abs=1e-9)


def test_a_flow_posterior_under_a_standard_prior_is_judged_by_variances_of_its_mean():
    """Its flow does nothing: a linear layer of zeros shifts by 0 and scales by 1."""
    posterior = FlowPosterior(2, context=0, transforms=1, hidden=(4,))
    for parameter in posterior.parameters():
        nn.init.zeros_(parameter)

    class Encoder(nn.Module):
        def forward(self, x):
            return torch.stack([x[:, 0], 0 * x[:, 0], torch.full_like(x[:, 0], 0.36).log(), 0 * x[:, 0]], dim=1)

    model = VAE(Encoder(), MLP(2, [4], 3), StandardNormal(2), posterior=posterior, **PARTS)
    found = latent_usage(run_of(model, points(n=9000)))
    assert found.signal[0] == pytest.approx(0.64, abs=0.1)
    assert abs(found.signal[1]) < 4 / 8 / 3000**0.5  # means of 8 draws, and 3,000 examples
    assert (found.active, found.share) == (1, False)


def test_what_has_no_codes_or_no_examples_is_refused_in_words():
    with pytest.raises(UserError, match="a GAN has no encoder"):
        latent_usage(run_of(GAN(MLP(2, [4], 3), MLP(3, [4], 1), 2, (3,))))
    with pytest.raises(UserError, match="30 test examples are too few"):
        latent_usage(run_of(vae(), points(n=90)))


def test_a_layer_that_only_repeats_what_is_above_it_is_not_active():
    """The bottom layer's posterior is its prior, twice z above plus noise: it varies with x, and says nothing of it."""
    prior, posterior = HierarchicalPrior(2, hidden=[4]), HierarchicalPosterior(2, context=0, hidden=[4])
    for network in (prior.networks[0], posterior.networks[0]):
        nn.init.constant_(network[0].weight, 1.0)
        network[0].bias.data.copy_(torch.tensor([9.0, 9.0, 9.0, 9.0]))  # linear where z is
        network[2].weight.data.copy_(torch.tensor([[0.5] * 4, [0.0] * 4]))
        network[2].bias.data.copy_(torch.tensor([-18.0, 0.0]))

    class Top(nn.Module):
        """Mean x_1 and variance 0.36 of the top layer, nothing of the bottom one."""

        def forward(self, x):
            return torch.stack([x[:, 0], 0 * x[:, 0], torch.full_like(x[:, 0], 0.36).log(), 0 * x[:, 0]], dim=1)

    model = VAE(Top(), MLP(2, [4], 3), prior, posterior=posterior, likelihood=NormalLikelihood((3,)))
    run = run_of(model)
    found = latent_usage(run)
    assert found.active == 1
    assert found.signal == pytest.approx([0.64, 0], abs=0.1)
    assert found.scale[1] == pytest.approx(5**0.5, rel=0.1)
    mean = run.data.test.x[:, 0].double()
    exact = 0.5 * (0.36 + mean.square().mean() - 1 - math.log(0.36))
    assert found.layer_kl == pytest.approx([float(exact), 0], abs=1e-5)
    assert "KL by layer, the top one first: 0.5, 0.0 nats" in str(found)

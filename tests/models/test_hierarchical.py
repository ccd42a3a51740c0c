"""A VAE with layers of latents: what it is composed of, and its gradient against finite differences."""

import pytest
import torch
from torch import nn

from reparam import bounds
from reparam.errors import UserError
from reparam.kinds import VAEConfig, build_model
from reparam.kinds.vae import usual_kl
from reparam.models import VAE, Batch, DiagonalNormal, HierarchicalPosterior, HierarchicalPrior, StandardNormal
from reparam.models.vae.hierarchical import split_evenly
from reparam.networks import MLP


def layered(dim=5, layers=2, **parts):
    """One of points of 6 values."""
    posterior = HierarchicalPosterior(dim, layers, context=3, hidden=[7])
    return VAE(
        MLP(6, [8], posterior.outputs, "tanh"),
        MLP(dim, [8], 6, "tanh"),
        HierarchicalPrior(dim, layers, hidden=[7]),
        **{"posterior": posterior, **parts},
    )


def test_the_gradient_of_the_bound_is_that_of_finite_differences():
    torch.manual_seed(0)
    vae = layered(layers=3).double()
    x = (torch.rand(9, 6) > 0.5).double()

    def loss():
        torch.manual_seed(1)
        return vae.loss(Batch(x))["loss"]

    parameters = list(vae.parameters())
    gradients = torch.autograd.grad(loss(), parameters)
    assert all(gradient.abs().sum() > 0 for gradient in gradients), "every part moves"
    for parameter, gradient in zip(parameters, gradients, strict=True):
        direction = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
        with torch.no_grad():
            parameter += 1e-6 * direction
            above = loss()
            parameter -= 2e-6 * direction
            below = loss()
            parameter += 1e-6 * direction
        slope = float((above - below) / 2e-6)
        assert slope == pytest.approx(float((gradient * direction).sum()), rel=2e-5, abs=1e-6)


def test_python_composes_it_without_an_objective():
    assert layered().objective.kl is bounds.layerwise_kl
    plain = VAE(MLP(6, [8], 10), MLP(5, [8], 6), HierarchicalPrior(5), posterior=DiagonalNormal(5))
    assert plain.objective.kl is bounds.layerwise_kl
    assert VAE(MLP(6, [8], 10), MLP(5, [8], 6), StandardNormal(5)).objective.kl is bounds.analytic_kl


def test_the_settings_compose_what_python_does():
    settings = VAEConfig(posterior="hierarchical", prior="hierarchical", latent_dim=7, layers=3, likelihood="bernoulli")
    model = build_model(settings, (1, 8, 8))
    assert model.posterior.widths == model.prior_module.widths == [2, 2, 3] == split_evenly(7, 3)
    assert model.objective.kl is bounds.layerwise_kl
    assert [n.out_features for n in model.prior_module.networks[1] if isinstance(n, nn.Linear)] == [128, 6]


@pytest.mark.parametrize(
    ("parts", "kl"),
    [
        ({}, "analytic"),
        ({"posterior": "full"}, "analytic"),
        ({"posterior": "hierarchical"}, "layerwise"),
        ({"prior": "hierarchical"}, "layerwise"),
        ({"posterior": "full", "prior": "hierarchical"}, "sampled"),
        ({"posterior": "hierarchical", "prior": "mixture"}, "sampled"),
        ({"posterior": "iaf", "prior": "hierarchical"}, "sampled"),
    ],
)
def test_auto_takes_the_kl_of_least_noise(parts, kl):
    assert usual_kl(VAEConfig(**parts)) == kl


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"posterior": "hierarchical", "layers": 9, "latent_dim": 8}, "layers=9 cannot share latent_dim=8"),
        ({"posterior": "hierarchical", "prior": "flow", "kl": "layerwise"}, 'no sum over layers: use kl="sampled"'),
        ({"kl": "layerwise"}, 'no sum over layers: use kl="analytic"'),
        ({"posterior": "hierarchical", "kl": "analytic"}, 'no closed form: use kl="layerwise"'),
        ({"posterior": "iaf", "kl": "analytic"}, 'no closed form: use kl="sampled"'),
        ({"prior": "hierarchical", "free_bits": 0.1}, "free bits count the KL of each dimension"),
        ({"posterior": "hierarchical", "prior": "vamp"}, "a VampPrior is a mixture of diagonal normals"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings, words):
    with pytest.raises(UserError, match=words):
        build_model(VAEConfig(likelihood="bernoulli", **settings), (1, 8, 8))

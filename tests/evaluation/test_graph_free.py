"""Evaluation keeps no graph: memory does not grow with draws or temperatures, and the public bounds keep theirs."""

import pytest
import torch

from helpers import quiet_fit, small_data, small_vae
from reparam import bounds, evaluation
from reparam.evaluation.codes.latent_usage import latent_usage
from reparam.evaluation.likelihood.annealed import (
    Annealing,
    annealed_estimate,
    bidirectional_gap,
    reverse_annealed_estimate,
)
from reparam.evaluation.likelihood.importance import importance_estimate
from reparam.models import ELBO, VAE, FlowPrior, HierarchicalPrior, MixturePrior, VampPrior
from reparam.networks import MLP
from reparam.runs.config import RunConfig
from reparam.runs.run import Run
from reparam.training.validation import average


class Kept:
    """Counts the tensors that autograd holds for a backward pass: how many there ever were, and at most at a time."""

    def __init__(self):
        self.ever = self.now = self.most = 0

    def __enter__(self):
        counter = self

        class Holder:
            def __init__(self, tensor):
                self.tensor = tensor.detach()  # the tensor itself would hold its own graph, in a circle
                counter.ever, counter.now = counter.ever + 1, counter.now + 1
                counter.most = max(counter.most, counter.now)

            def __del__(self):
                counter.now -= 1

        self.hooks = torch.autograd.graph.saved_tensors_hooks(Holder, lambda holder: holder.tensor)
        self.hooks.__enter__()
        return self

    def __exit__(self, *error):
        self.hooks.__exit__(*error)


@pytest.fixture(scope="module")
def run():
    """Of a plane with everything that can be evaluated."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return quiet_fit(small_vae(latent=2), small_data(), epochs=1)


def flow_run(prior):
    """An untrained plane whose prior is learned."""
    objective = ELBO(kl=bounds.sampled_kl)
    model = VAE(MLP((1, 6, 6), [16], 4), MLP(2, [16], (1, 6, 6)), prior, objective=objective).eval()
    return Run(model, RunConfig(), rows=[{"split": "test"}], dataset=small_data())


CALLS = {
    "sample": lambda run: evaluation.sample(run, 5),
    "reconstruct": lambda run: evaluation.reconstruct(run, 5),
    "interpolate": lambda run: evaluation.interpolate(run, 3),
    "manifold": lambda run: evaluation.manifold(run, 4),
    "latents": lambda run: evaluation.latents(run, 50),
    "latent usage": lambda run: latent_usage(run, 50),
    "importance": lambda run: evaluation.log_likelihood(run, 10, images=5),
    "naive": lambda run: evaluation.log_likelihood(run, 10, "prior", images=5),
    "measures": lambda run: evaluation.measures(run, 100),
    "validation": lambda run: average(run.model, run.data.test, run.data, 0),
}


@pytest.mark.parametrize("name", CALLS)
def test_no_evaluation_of_a_run_keeps_a_tensor_for_a_backward_pass(run, name):
    with Kept() as kept:
        CALLS[name](run)
    assert kept.ever == 0


@pytest.mark.parametrize("name", ["sample", "manifold", "latent usage", "importance", "naive"])
@pytest.mark.parametrize(
    "prior",
    [
        lambda: FlowPrior(2, 1, [8]),
        lambda: HierarchicalPrior(2, hidden=[8]),
        lambda: MixturePrior(2, 3),
        lambda: VampPrior(2, torch.rand(3, 1, 6, 6)),
    ],
)
def test_nor_does_one_with_a_learned_prior(name, prior):
    with Kept() as kept:
        CALLS[name](flow_run(prior()))
    assert kept.ever == 0


@pytest.mark.parametrize("proposal", ["posterior", "prior"])
def test_importance_sampling_called_alone_keeps_no_graph(proposal):
    model, x = small_vae(), torch.ones(2, 1, 6, 6)
    with Kept() as kept:
        found = importance_estimate(model, x, 20, proposal)
    assert kept.ever == 0
    assert not found.log_mean.requires_grad


def annealed(model, x, z, settings):
    return annealed_estimate(x, model.prior, model.decode, settings).log_weights


def reverse(model, x, z, settings):
    return reverse_annealed_estimate(x, z, model.prior, model.decode, settings).log_weights


def gap(model, x, z, settings):
    return torch.tensor(bidirectional_gap(model.prior, model.decode, 2, settings).width)


@pytest.mark.parametrize("estimate", [annealed, reverse, gap])
def test_annealing_holds_one_gradient_at_a_time_however_many_temperatures_there_are(estimate):
    model, x = flow_run(MixturePrior(2, 3)).model, torch.ones(2, 1, 6, 6)
    most = []
    for steps in (2, 9):
        z = model.prior.sample((2,))  # of a learned prior: it carries a graph
        assert z.requires_grad
        with Kept() as kept:
            found = estimate(model, x, z, Annealing(steps, leapfrog=2, chains=3, pilots=2))
        assert not found.requires_grad
        assert kept.now == 0
        most.append(kept.most)
    assert most[0] == most[1] > 0


def test_the_public_bounds_keep_their_gradients():
    model, x = small_vae(), torch.ones(2, 1, 6, 6)
    parts = x, model.encode(x), model.prior, model.decode
    weights = bounds.log_importance_weights(*parts, 3)
    for value in (
        bounds.elbo(*parts).elbo.mean(),
        bounds.importance_weighted(weights).mean(),
        bounds.doubly_reparameterized(*parts, 3)[1],
    ):
        gradients = torch.autograd.grad(value, [*model.encoder.parameters()], retain_graph=True)
        assert all(gradient.abs().sum() > 0 for gradient in gradients)

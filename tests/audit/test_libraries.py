"""The audit on code that nobody here wrote, and on every model of this project."""

from dataclasses import replace

import pytest
import torch
import torch.distributions as D
from torch import nn

import reparam
from catalogue import CATALOGUE
from reparam.training.optimizers import moving_parameters

# adaptive contrast takes its posterior's moments without a gradient on purpose: see AVB.contrast
DETACHING = [entry for entry in CATALOGUE if "adaptive_contrast" in entry.name]


@pytest.mark.parametrize("entry", [entry for entry in CATALOGUE if entry not in DETACHING], ids=str)
def test_nothing_is_blocked_in_any_turn_of_our_models(entry):
    model = entry.build()
    batch, turns = entry.batch(model), list(model.turns())

    def loss(turn):
        """In a step of its own, in which the turns before have left what they share."""
        within = replace(batch, shared={})
        for before in turns[: turns.index(turn)] if getattr(model, "shared_samples", False) else ():
            before.loss(within)
        return turn.loss(within)["loss"]

    for turn in turns:
        names = {id(p): name for name, p in model.named_parameters()}
        moves = {names[id(p)]: p for p in moving_parameters(turn.moves)}
        report = reparam.audit(lambda turn=turn: loss(turn), moves)
        assert report.ok, f"{turn.name}\n{report}"
        assert "unknown" not in report.verdicts(), f"{turn.name}\n{report}"
        assert all(group.verdict == "pathwise" for group in report.groups), f"{turn.name}\n{report}"


@pytest.mark.parametrize("entry", DETACHING, ids=str)
def test_the_moments_of_adaptive_contrast_are_all_that_is_held_back_in_our_models(entry):
    """The one stop-gradient there is on purpose is found, and nothing else is blocked."""
    model = entry.build()
    batch = entry.batch(model)
    report = reparam.audit(lambda: model.autoencoder_loss(batch)["loss"], model.autoencoder)
    blocked = [node for node in report.nodes if node.verdict == "blocked"]
    assert len(blocked) == 1
    assert "no_grad" in blocked[0].reason
    assert blocked[0].shape[0] == model.contrast_samples
    assert all(node.verdict != "unknown" for node in report.nodes)


def test_pythaes_vae_is_reparameterized():
    from pythae.data.datasets import DatasetOutput
    from pythae.models import VAE, VAEConfig

    model = VAE(VAEConfig(input_dim=(1, 6, 6), latent_dim=3))
    data = DatasetOutput(data=torch.rand(5, 1, 6, 6))
    report = reparam.audit(lambda: model(data).loss, model)
    assert report.verdicts() == ["reparameterized"]
    assert {group.verdict for group in report.groups} == {"pathwise"}
    (node,) = report.nodes
    assert "model(data).loss" in node.text
    assert "vae_model.py" in node.inside
    assert report.warnings == []


def test_pythaes_vae_with_its_sample_spoilt_is_blocked(monkeypatch):
    from pythae.data.datasets import DatasetOutput
    from pythae.models import VAE, VAEConfig

    model = VAE(VAEConfig(input_dim=(1, 6, 6), latent_dim=3))
    monkeypatch.setattr(model, "_sample_gauss", lambda mu, std: (torch.normal(mu, std), None))
    data = DatasetOutput(data=torch.rand(5, 1, 6, 6))
    report = reparam.audit(lambda: model(data).loss, model)
    assert report.verdicts() == ["blocked"]
    assert all(name.startswith("encoder") for name in report.nodes[0].blocked)


@pytest.mark.parametrize("flow", ["MAF", "NSF", "RealNVP"])
def test_zukos_flows(flow):
    import zuko

    made = getattr(zuko.flows, flow)(2, 3, transforms=2, hidden_features=(8,))
    context = torch.randn(5, 3)
    report = reparam.audit(lambda: made(context).rsample().square().sum(-1).mean(), made)
    assert report.verdicts() == ["reparameterized"]
    report = reparam.audit(lambda: made(context).sample().square().sum(-1).mean(), made)
    assert report.verdicts() == ["blocked"]
    report = reparam.audit(lambda: -made(context).log_prob(torch.randn(5, 2)).mean(), made)
    assert report.ok


class TestPyro:
    @pytest.fixture(autouse=True)
    def clean(self):
        pyro = pytest.importorskip("pyro")
        pyro.clear_param_store()
        yield
        pyro.clear_param_store()

    @staticmethod
    def guide(family):
        import pyro

        def guide():
            loc = pyro.param("loc", torch.tensor(0.3))
            log_scale = pyro.param("log_scale", torch.tensor(-0.3))
            pyro.sample("z", family(loc, log_scale.exp()))

        return guide

    @staticmethod
    def model():
        import pyro
        import pyro.distributions as dist

        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        pyro.sample("x", dist.Normal(z, 1.0), obs=torch.tensor(0.7))

    def test_a_guide_is_reparameterized(self):
        import pyro.distributions as dist
        from pyro.infer import Trace_ELBO

        loss = Trace_ELBO().differentiable_loss
        report = reparam.audit(lambda: loss(self.model, self.guide(dist.Normal)))
        assert report.verdicts() == ["reparameterized"]
        assert {group.verdict for group in report.groups} == {"pathwise"}

    def test_a_guide_without_a_pathwise_form_is_estimated(self):
        from pyro.distributions.testing.fakes import NonreparameterizedNormal
        from pyro.infer import Trace_ELBO

        loss = Trace_ELBO().differentiable_loss
        report = reparam.audit(lambda: loss(self.model, self.guide(NonreparameterizedNormal)))
        assert report.verdicts() == ["estimated"]
        assert "cosine 1.000" in report.nodes[0].reason


@pytest.mark.parametrize(
    ("make", "pathwise"),
    [
        (lambda p: D.Normal(p, p.exp()), True),
        (lambda p: D.LogNormal(p, p.exp()), True),
        (lambda p: D.Laplace(p, p.exp()), True),
        (lambda p: D.Gumbel(p, p.exp()), True),
        (lambda p: D.Cauchy(p, p.exp()), True),
        (lambda p: D.HalfNormal(p.exp()), True),
        (lambda p: D.Uniform(p, p + 1), True),
        (lambda p: D.Exponential(p.exp()), True),
        (lambda p: D.Gamma(p.exp(), p.exp()), True),
        (lambda p: D.InverseGamma(3 + p.exp(), p.exp()), True),
        (lambda p: D.Chi2(p.exp()), True),
        (lambda p: D.Beta(p.exp(), p.exp()), True),
        (lambda p: D.Kumaraswamy(p.exp(), p.exp()), True),
        (lambda p: D.Dirichlet(p.exp()), True),
        (lambda p: D.Weibull(p.exp(), p.exp()), True),
        (lambda p: D.StudentT(3 + p.exp(), p), True),
        (lambda p: D.LowRankMultivariateNormal(p, p.exp().unsqueeze(-1), p.exp()), True),
        (lambda p: D.MultivariateNormal(p, torch.diag_embed(p.exp())), True),
        (lambda p: D.Independent(D.Normal(p, 1.0), 1), True),
        (lambda p: D.TransformedDistribution(D.Normal(p, 1.0), [D.TanhTransform()]), True),
        (lambda p: D.ContinuousBernoulli(p.sigmoid()), True),
        (lambda p: D.Bernoulli(logits=p), False),
        (lambda p: D.Categorical(logits=p), False),
        (lambda p: D.OneHotCategorical(logits=p), False),
        (lambda p: D.Multinomial(5, logits=p), False),
        (lambda p: D.Binomial(5, logits=p), False),
        (lambda p: D.NegativeBinomial(5.0, logits=p), False),
        (lambda p: D.Poisson(p.exp()), False),
        (lambda p: D.Geometric(logits=p), False),
        (lambda p: D.VonMises(p, p.exp()), False),
        (lambda p: D.MixtureSameFamily(D.Categorical(logits=p), D.Normal(p, 1.0)), False),
    ],
)
def test_torchs_distributions(make, pathwise):
    p = nn.Parameter(0.3 * torch.randn(4))
    report = reparam.audit(lambda: make(p).sample().float().sum() + p.sum(), [p])
    assert "blocked" in report.verdicts(), str(report)
    assert set(report.verdicts()) <= {"blocked", "not needed"}, str(report)
    if pathwise:
        report = reparam.audit(lambda: make(p).rsample().sum(), [p])
        assert set(report.verdicts()) == {"reparameterized"}, str(report)
    else:

        def surrogate():
            q = make(p)
            sample = q.sample()
            return (q.log_prob(sample) * sample.float().sum().detach()).sum()

        if not isinstance(make(p), D.VonMises | D.MixtureSameFamily):
            report = reparam.audit(surrogate, [p])
            # the score of what these draw inside is not known here
            unsure = isinstance(make(p), D.NegativeBinomial | D.Geometric)
            assert set(report.verdicts()) == {"unknown" if unsure else "estimated"}, str(report)

"""A flow in the posterior, a flow in the prior: the same bound in two coordinates, and what each is good for."""

import math
from collections.abc import Callable
from functools import partial
from typing import Literal

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from reparam import bounds
from reparam.distributions import Distribution, Normal
from reparam.distributions.flow import AutoregressiveTransforms
from reparam.divergences import grid, interval
from reparam.labs.lab import Check, Findings, Lab, Numbers
from reparam.labs.linear_gaussian import LinearGaussian
from reparam.models import VAE, NormalLikelihood, StandardNormal
from reparam.models.model import Batch, Terms, Turn
from reparam.models.vae.objectives import ELBO
from reparam.models.vae.posteriors import DiagonalNormal, FlowPosterior
from reparam.models.vae.priors import FlowPrior, Prior
from reparam.networks import MLP
from reparam.plots.style import BLUE, INK, ORANGE, SOFT, dress, new_figure
from reparam.training import minimize

TEXT = """
A flow g is an invertible network whose volume change is known. It can stand at either end of a VAE. As a posterior,
u = g(z) with z ~ q(z|x) normal; as a prior, z = g⁻¹(u) with u ~ N(0, I). These are one model in two coordinates: a VAE
with prior flow g⁻¹ and any decoder has, draw by draw and so in its gradient, the bound of the VAE with standard normal
prior, posterior flow g and the decoder applied to g⁻¹(u); and the same log p(x).

What differs is what is held fixed. With the decoder kept simple, a flow prior changes the model: data on a parabola,
a linear decoder. Under a normal prior log p(x) can be no higher than that of one normal fitted to the data, known in
closed form; a flow prior comes close to the data's own density, above which, on average, no model gets.

With the whole model kept, a flow posterior cannot change log p(x); it closes the gap below it. Here x = z₁² + z₂ +
noise, whose posterior is a parabola, cut in two where x is large. log p(x) is a one-dimensional integral. A diagonal
normal leaves a gap of 0.7 nats; an affine flow that sees x leaves less than a tenth of it: nothing where the posterior
is in one piece, and about log 2 where it covers one of two.
"""
SOURCE = "Rezende & Mohamed 2015, section 3; Kingma et al. 2016, section 3; Chen et al. 2017, section 3.2"
WIDTH, BATCH, RATE = 32, 256, 5e-3
BEND, SPREAD = 0.5, 0.3  # data of the flow prior: x = (u, BEND u² + SPREAD v)
SCALE = 0.4  # noise of the model whose posterior is sought
AT = torch.tensor([[2.5]])  # the x whose posterior the figure shows


def measure(seed: int, quick: bool) -> Findings:
    """Priors compared on a parabola of data, one of them turned into a posterior flow, posteriors on a known model."""
    priors, (plain, flow) = _compare_priors(400 if quick else 3000, quick)
    posteriors, numbers = _compare_posteriors(300 if quick else 3000, quick)
    identity, draws = _identity(flow)
    pictures = {"data": parabola(1500), "plain": plain.sample(1500), "flow": flow.sample(1500)}
    shown = {name: tensor.detach().numpy() for name, tensor in pictures.items()}
    return Findings((*identity, *priors, *posteriors), {**draws, **shown, **numbers})


# --- the identity ---------------------------------------------------------------------------------------------------


class _Through(nn.Module):
    """The decoder in the other coordinates: u ↦ decoder(g⁻¹(u))."""

    def __init__(self, transforms: AutoregressiveTransforms, decoder: nn.Module) -> None:
        super().__init__()
        self.transforms, self.decoder = transforms, decoder

    def forward(self, u: Tensor) -> Tensor:
        return self.decoder(self.transforms().inv(u))  # type: ignore[no-any-return]


def moved(vae: VAE) -> VAE:
    """The same model with its prior's flow in the posterior; all weights are shared."""
    flow = vae.prior_module
    assert isinstance(flow, FlowPrior)
    posterior = FlowPosterior(vae.latent_dim, context=0)
    posterior.transforms = flow.transforms
    decoder = _Through(flow.transforms, vae.decoder)
    prior = StandardNormal(vae.latent_dim).to(flow.zeros)
    return VAE(vae.encoder, decoder, prior, posterior=posterior, likelihood=vae.likelihood, objective=vae.objective)


def _identity(vae: VAE) -> tuple[list[Check], dict[str, np.ndarray]]:
    """Both forms of a trained model under the same noise: bounds of single draws, gradients, log p(x)."""
    vae = vae.double()
    other, x = moved(vae), parabola(1000).double()
    one, two = _draws(vae, x), _draws(other, x)
    parameters = [p for p in vae.parameters() if p.requires_grad]
    slopes = [torch.autograd.grad(bound.mean(), parameters) for bound in (one, two)]
    apart = max(float((a - b).abs().max()) for a, b in zip(*slopes, strict=True))
    largest = max(float(a.abs().max()) for a in slopes[0])
    difference = float((one - two).detach().abs().max())
    evidences = [evidence(model, x[:20], 50).mean().item() for model in (vae, other)]
    checks = [
        Check("identity: largest difference of the bounds of a draw, nats", 0.0, difference, 1e-9),
        Check("identity: largest difference of their gradients, relative", 0.0, apart / largest, 1e-9),
        Check("identity: log p(x) in both coordinates, nats", evidences[0], evidences[1], 1e-3),
    ]
    return checks, {"prior_form": one.detach().numpy(), "posterior_form": two.detach().numpy()}


def _draws(vae: VAE, x: Tensor) -> Tensor:
    """One draw's bound for each x, ``(n,)`` in nats, from noise that is the same at each call."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return bounds.elbo(x, vae.encode(x), vae.prior, vae.decode, kl=bounds.sampled_kl).elbo


@torch.no_grad()
def evidence(vae: VAE, x: Tensor, panels: int = 20) -> Tensor:
    """Log p(x) by quadrature over the part of the plane of codes where the prior has mass, ``(n,)`` in nats."""
    codes = vae.prior.sample((20_000,)).double()
    low, high = codes.min(0).values, codes.max(0).values
    margin = 0.25 * (high - low)
    nodes = grid((low - margin).tolist(), (high + margin).tolist(), panels)
    z = nodes.points.to(vae.prior.sample())
    log_prior = vae.prior.log_prob(z).double() + nodes.weights.log()
    means = vae.decode(z)
    rows = [means.log_prob(one).double() for one in x]
    return torch.stack([(row + log_prior).logsumexp(-1) for row in rows])


# --- a flow prior: the model changes --------------------------------------------------------------------------------


def parabola(n: int) -> Tensor:
    """Data x = (u, BEND u² + SPREAD v) with standard normal u and v, ``(n, 2)``."""
    u, v = torch.randn(2, n)
    return torch.stack([u, BEND * u**2 + SPREAD * v], dim=1)


def own_density(x: Tensor) -> Tensor:
    """Log-density of the parabola's own law, ``(n,)`` in nats: u ↦ x has volume SPREAD."""
    u, v = x[:, 0], (x[:, 1] - BEND * x[:, 0] ** 2) / SPREAD
    return _unit(torch.stack([u, v], dim=1)) - math.log(SPREAD)


def one_normal(x: Tensor) -> Tensor:
    """Log-density of the normal with the parabola's moments, the best there is, ``(n,)`` in nats.

    Its variances are 1 and 2 BEND² + SPREAD², uncorrelated since E[u³] = 0.
    """
    scales = torch.tensor([1.0, math.sqrt(2 * BEND**2 + SPREAD**2)])
    return Normal(torch.tensor([0.0, BEND]), scales).log_prob(x)


def _unit(z: Tensor) -> Tensor:
    return Normal(torch.zeros(2), torch.ones(2)).log_prob(z)


def _compare_priors(steps: int, quick: bool) -> tuple[list[Check], tuple[VAE, VAE]]:
    """Linear decoders under a normal and a flow prior: log p(x) on fresh data beside what theory says there."""
    plain = _linear(StandardNormal(2), nn.Linear(2, 4))  # no more is needed: its exact posterior's mean is linear
    flow = _linear(FlowPrior(2, 3, (WIDTH, WIDTH)), MLP(2, [WIDTH, WIDTH], 4))
    _train(plain, plain.loss, lambda: parabola(16 * BATCH), steps, 10 * RATE)
    _train(flow, flow.loss, lambda: parabola(BATCH), steps)
    x = parabola(400 if quick else 1000)
    normal, own = one_normal(x), own_density(x)
    # the flow's codes are bent and narrow; in the posterior's coordinates they are a standard normal
    found = [_linear_evidence(plain, x), evidence(moved(flow), x).float()]
    errors = [5 * _error(found[0] - normal), 5 * _error(found[1] - own)]
    checks = [
        _mean(
            "normal prior: log p(x), the best normal's, nats", normal, found[0], errors[0] + (0.1 if quick else 0.02)
        ),
        _mean("flow prior: log p(x), at most the data's own, nats", own, found[1], errors[1], "<="),
        _mean("flow prior: log p(x), the data's own, nats", own, found[1], errors[1] + (0.3 if quick else 0.05)),
    ]
    return checks, (plain, flow)


def _mean(
    what: str, predicted: Tensor, measured: Tensor, tolerance: float, relation: Literal["=", ">=", "<="] = "="
) -> Check:
    return Check(what, predicted.mean().item(), measured.mean().item(), tolerance, relation)


def _linear(prior: Prior, encoder: nn.Module) -> VAE:
    """A VAE in the plane whose decoder is linear, its noise narrower than the parabola."""
    likelihood = NormalLikelihood((2,), 0.5 * SPREAD, learned=False)
    return VAE(encoder, nn.Linear(2, 2), prior, likelihood=likelihood, objective=ELBO(kl=bounds.sampled_kl))


def _linear_evidence(vae: VAE, x: Tensor) -> Tensor:
    """Log p(x) ``(n,)`` of a linear decoder under the normal prior, in closed form."""
    learned = {name: tensor.detach() for name, tensor in vae.state_dict().items()}
    log_scale = torch.tensor(math.log(0.5 * SPREAD))
    return LinearGaussian(learned["decoder.weight"], learned["decoder.bias"], log_scale).evidence(x)


# --- a flow posterior: the model stays ------------------------------------------------------------------------------


def known_likelihood(z: Tensor) -> Normal:
    """p(x|z) of the model whose posteriors are parabolas, for z ``(*leading, 2)``."""
    mean = (z[..., 0] ** 2 + z[..., 1]).unsqueeze(-1)
    return Normal(mean, torch.full_like(mean, SCALE))


def known_evidence(x: Tensor) -> Tensor:
    """Log p(x) ``(n,)`` in nats: given z₁ it is normal about z₁² with variance 1 + SCALE², so one integral is left."""
    nodes = interval(-10.0, 10.0, 100)
    given = Normal(nodes.points.square(), torch.full_like(nodes.points, math.hypot(1, SCALE)))
    unit = Normal(torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64))
    rows = given.log_prob(x.double().unsqueeze(1)) + unit.log_prob(nodes.points) + nodes.weights.log()
    return rows.logsumexp(-1)


def _compare_posteriors(steps: int, quick: bool) -> tuple[list[Check], dict[str, np.ndarray]]:
    """A diagonal normal and an affine flow trained on the bound of a model that stays as it is."""
    x, numbers, gaps = _known_draws(1000 if quick else 4000), {}, []
    for name, posterior in (("diagonal", DiagonalNormal(2)), ("affine", FlowPosterior(2, 8, 3, (WIDTH, WIDTH)))):
        encode = nn.Sequential(MLP(1, [WIDTH, WIDTH], posterior.outputs), posterior)
        _train(encode, partial(_loss, encode), lambda: _known_draws(BATCH), steps)
        with torch.no_grad():
            gaps.append(known_evidence(x) - _bound(encode, x, 20).double())
            numbers[f"z_{name}"] = encode(AT).sample((1500,))[:, 0].numpy()
        numbers[f"gap_{name}"] = _by_x(x, gaps[-1])
    wide, narrow = (gap.mean().item() for gap in gaps)
    checks = [
        Check("diagonal posterior: gap below log p(x), at least, nats", 0.3, wide, relation=">="),
        Check("flow posterior: gap below log p(x), never negative, nats", 0.0, narrow, 5 * _error(gaps[1]), ">="),
        Check(
            "flow posterior: gap, as a share of the diagonal's", 0.5 if quick else 0.15, narrow / wide, relation="<="
        ),
    ]
    return checks, numbers


def _loss(encode: nn.Module, batch: Batch) -> Terms:
    return {"loss": -_bound(encode, batch.x).mean()}


def _known_draws(n: int) -> Tensor:
    """Draws of x from the known model, ``(n, 1)``."""
    return known_likelihood(torch.randn(n, 2)).sample()


def _bound(encode: Callable[[Tensor], Distribution], x: Tensor, samples: int = 1) -> Tensor:
    """The known model's bound under a posterior, ``(n,)`` in nats."""
    prior = Normal(torch.zeros(2), torch.ones(2))
    return bounds.elbo(x, encode(x), prior, known_likelihood, samples, bounds.sampled_kl).elbo


def _error(values: Tensor) -> float:
    return float(values.std() / len(values) ** 0.5)


BINS = np.linspace(-2, 8, 11)


def _by_x(x: Tensor, gap: Tensor) -> np.ndarray:
    """The gap averaged over the x in each of ``BINS``; NaN in an empty one."""
    places = np.digitize(x[:, 0].numpy(), BINS)
    means = [gap.numpy()[places == k].mean() if (places == k).any() else np.nan for k in range(1, len(BINS))]
    return np.array(means)


def _train(
    module: nn.Module, loss: Callable[[Batch], Terms], draws: Callable[[], Tensor], steps: int, rate: float = RATE
) -> None:
    """Minimize on fresh draws, the rate falling to 0 as a cosine."""
    minimize([Turn("bound", module, loss)], lambda number: draws(), steps, learning_rate=rate)


# --- the figure -----------------------------------------------------------------------------------------------------


def draw(numbers: Numbers) -> Figure:
    """The identity draw by draw; data and models' samples; a posterior with its approximations; the gap over x."""
    figure = new_figure(10.4, 8.8)
    first, second, third, fourth = figure.subplots(2, 2).flat
    dress(first, x="flow in the prior (nats)", y="flow in the posterior (nats)", title="one draw's bound, both ways")
    ends = [numbers["prior_form"].min(), numbers["prior_form"].max()]
    first.plot(ends, ends, color=SOFT, linewidth=1)
    first.plot(numbers["prior_form"], numbers["posterior_form"], ".", color=BLUE, markersize=3)
    dress(second, x="x₁", y="x₂", title="the prior's flow: samples of linear decoders")
    for name, colour, label in (
        ("plain", ORANGE, "normal prior"),
        ("data", SOFT, "data"),
        ("flow", BLUE, "flow prior"),
    ):
        second.plot(*numbers[name].T, ".", color=colour, markersize=3, alpha=0.6, label=label)
    second.set_ylim(-2, 5)
    _posterior(third, numbers)
    dress(fourth, x="x", y="nats per example", title="the posterior's flow: gap between bound and log p(x)")
    middles = (BINS[1:] + BINS[:-1]) / 2
    fourth.plot(middles, numbers["gap_diagonal"], "o-", color=ORANGE, label="diagonal normal")
    fourth.plot(middles, numbers["gap_affine"], "s-", color=BLUE, label="affine flow")
    fourth.axhline(0, color=INK, linewidth=0.8)
    for axes, place, scale in ((second, "upper center", 2), (third, "upper left", 2), (fourth, "upper left", 1)):
        axes.legend(fontsize=8, frameon=False, loc=place, markerscale=scale)
    return figure


def _posterior(axes: Axes, numbers: Numbers) -> None:
    """Contours of the exact posterior at one x, and draws of both approximations."""
    dress(axes, x="z₁", y="z₂", title=f"the posterior's flow: x = {AT.item():g}")
    side = torch.linspace(-3.5, 3.5, 150)
    z = torch.cartesian_prod(side, side)
    log_joint = known_likelihood(z).log_prob(AT) - 0.5 * z.square().sum(-1)
    density = (log_joint - log_joint.max()).exp().reshape(150, 150).numpy()
    for name, colour, label in (("diagonal", ORANGE, "diagonal normal"), ("affine", BLUE, "affine flow")):
        axes.plot(*numbers[f"z_{name}"].T, ".", color=colour, markersize=3, alpha=0.6, label=label)
    axes.contour(side, side, density.T, levels=[0.05, 0.3, 0.7], colors=INK, linewidths=0.8)
    axes.set_xlim(-3, 3)
    axes.set_ylim(-3, 3.5)


LAB = Lab("flow-vae", "A flow in the posterior, a flow in the prior", TEXT, SOURCE, measure, draw)
run = LAB.run

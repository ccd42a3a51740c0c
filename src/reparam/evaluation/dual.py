"""The Kantorovich-Rubinstein dual of the Wasserstein distance by a critic, beside the exact value of the points."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from reparam import checks
from reparam.adversarial import gradient_norms, interpolates, wasserstein_critic
from reparam.errors import UserError
from reparam.hardware import exact, in_float64
from reparam.models.gan.constraints import Constraint, GradientPenalty, WeightClipping, spectrally_normalized
from reparam.models.model import Batch, Terms, Turn
from reparam.networks import MLP
from reparam.randomness import noise
from reparam.training import each_step
from reparam.transport import wasserstein
from reparam.transport.checks import check_points

ConstraintName = Literal["gradient-penalty", "clipping", "spectral-norm"]
STRENGTHS = {"gradient-penalty": 10.0, "clipping": 0.1, "spectral-norm": 0.0}


@dataclass(frozen=True)
class DualEstimate:
    """What a critic f says of W1, and what is true.

    ``raw``: mean f(x) - mean f(y). ``lipschitz``: the largest slope of f between a point of one set and one of the
    other. ``gradient_norm``: the largest gradient of f on segments between them. ``estimate``: ``raw / lipschitz``,
    never above ``exact``, since f/lipschitz is a feasible potential of these points. ``exact``: W1 of the same
    points. ``gap``: ``exact - estimate``. ``history``: (step, raw, lipschitz) while training.
    """

    estimate: float
    raw: float
    lipschitz: float
    gradient_norm: float
    exact: float
    gap: float
    history: tuple[tuple[int, float, float], ...]
    critic: nn.Module


@exact()
def dual_by_critic(
    x: Tensor,
    y: Tensor,
    constraint: ConstraintName = "gradient-penalty",
    *,
    strength: float | None = None,
    hidden: Sequence[int] = (64, 64),
    steps: int = 1000,
    learning_rate: float = 2e-3,
    seed: int = 0,
) -> DualEstimate:
    """W1 = max over 1-Lipschitz f of E f(x) - E f(y) (Villani 2009, 5.16), f a perceptron trained on all points.

    Source of the constraints: Arjovsky et al. 2017 (clipping), Gulrajani et al. 2017 (gradient penalty), Miyato et
    al. 2018 (spectral norm).

    Args:
        x: ``(n, d)``.
        y: ``(m, d)``.
        constraint: what keeps the critic's slope bounded.
        strength: weight of the penalty (10 unless given), or bound on every weight (0.1 unless given).
        hidden: widths of the critic.
        steps: updates by Adam.
        learning_rate: its step size.
        seed: of the critic's weights and of the penalty's points.

    Raises:
        UserError: if points are not finite or differ in dimensions, or an argument is unknown or out of range.
    """
    checks.whole("steps", steps)
    checks.positive("learning_rate", learning_rate)
    check_points(x, y)
    rule, normalize = _constraint(constraint, STRENGTHS.get(constraint, 0.0) if strength is None else strength)
    with noise(seed, "dual critic"):
        critic = normalize(MLP(x.shape[1], hidden, 1).to(x))
        rule.after(critic)
        history = [(0, *_reading(critic, x, y))]
        turn = _turn(critic, rule, x, y, learning_rate)
        for step in each_step([turn], lambda number: x, steps, schedule="constant"):
            if step % max(1, steps // 40) == 0 or step == steps:
                history.append((step, *_reading(critic, x, y)))
        steepest = gradient_norms(critic, interpolates(*_equal(x, y))).max().item()
    _, raw, lipschitz = history[-1]
    exact, estimate = wasserstein(x, y).item(), raw / lipschitz if lipschitz > 0 else 0.0
    return DualEstimate(estimate, raw, lipschitz, steepest, exact, exact - estimate, tuple(history), critic)


def _constraint(name: str, strength: float) -> tuple[Constraint, Callable[[nn.Module], nn.Module]]:
    """The rule, and what is done to the network before training."""
    if name == "spectral-norm":
        return Constraint(), spectrally_normalized
    if name not in STRENGTHS:
        checks.one_of("constraint", name, STRENGTHS)
    if not strength > 0:
        raise UserError(f"a {name} of strength {strength:g} constrains nothing: give a positive one")
    return (GradientPenalty if name == "gradient-penalty" else WeightClipping)(strength), lambda network: network


def _turn(critic: nn.Module, rule: Constraint, x: Tensor, y: Tensor, learning_rate: float) -> Turn:
    """The critic's updates on all points."""

    def loss(batch: Batch) -> Terms:
        distance = wasserstein_critic(critic(x), critic(y))
        penalty = rule.penalty(critic, *_equal(x, y))
        return {"loss": distance if penalty is None else distance + penalty}

    optimizer = {"learning_rate": learning_rate, "betas": (0.5, 0.9)}
    return Turn("critic", critic, loss, after=partial(rule.after, critic), optimizer=optimizer)


def _equal(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """As many points of each, a fresh random choice, for the segments between them."""
    n = min(len(x), len(y))
    return x[torch.randperm(len(x))[:n]], y[torch.randperm(len(y))[:n]]


@torch.no_grad()
def _reading(critic: nn.Module, x: Tensor, y: Tensor) -> tuple[float, float]:
    """The dual's value and the largest slope between the two sets, with the critic's weights as they are."""
    critic.eval()  # spectral normalization moves its estimate in training mode
    f, g = (in_float64(critic(z).squeeze(1)) for z in (x, y))
    critic.train()
    distances = torch.cdist(in_float64(x), in_float64(y), compute_mode="donot_use_mm_for_euclid_dist")
    slopes = torch.where(distances > 0, (f[:, None] - g).abs() / distances, 0.0)
    return (f.mean() - g.mean()).item(), slopes.max().item()

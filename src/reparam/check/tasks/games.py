"""Tasks about games: the optimal discriminator, both players' losses, the critic's, and the KL from a discriminator."""

import torch
from torch import Tensor
from torch.nn import functional as F

from reparam import adversarial
from reparam.adversarial.optimal import optimal_discriminator
from reparam.check.task import SIZES, Inputs, Mistake, Task


def ours_optimal(p_data: Tensor, p_model: Tensor) -> Tensor:
    """D* of densities."""
    return optimal_discriminator(p_data.log(), p_model.log())


def ours_ratio(d: Tensor) -> Tensor:
    """The mean over draws of q₁ of log D/(1 - D)."""
    return torch.logit(d).mean()


def _densities(generator: torch.Generator, number: int) -> Inputs:
    batch, _ = SIZES[number]
    return tuple(2 * torch.rand(batch, generator=generator, dtype=torch.float64) + 0.01 for _ in range(2))


def _logits(generator: torch.Generator, number: int) -> Inputs:
    batch, _ = SIZES[number]
    return tuple(2 * torch.randn(batch, generator=generator, dtype=torch.float64) for _ in range(2))


def _fake(generator: torch.Generator, number: int) -> Inputs:
    return _logits(generator, number)[:1]


def _probabilities(generator: torch.Generator, number: int) -> Inputs:
    return (_logits(generator, number)[0].sigmoid(),)


def _non_saturating(fake: Tensor) -> Tensor:
    return adversarial.non_saturating_generator(fake, fake)


SURE = (torch.tensor([2000.0, -2000.0], dtype=torch.float64), torch.tensor([2000.0, -2000.0], dtype=torch.float64))
LARGE = "logits of ±2000 (a sigmoid that has rounded to 0 or 1)"
LOGITS_FOR_D = "the logits are taken for probabilities"

OPTIMAL = Task(
    name="optimal_discriminator",
    takes=("p_data", "p_model"),
    asks="takes the densities of data and model at points, each (points,), and gives D* there, (points,)",
    ours=ours_optimal,
    draw=_densities,
    mistakes=(
        Mistake(lambda p, q: q / (p + q), "real and generated are exchanged: 1 is to mean real"),
        Mistake(lambda p, q: p / q, "it is the ratio of the densities, which is no probability"),
        Mistake(lambda p, q: (p / q).log(), "it is the logit of D*, and not D*"),
        Mistake(lambda p, q: (p > q).double(), "it is a decision, and not a probability"),
        Mistake(lambda p, q: p, "it is the data's density alone"),
        Mistake(lambda p, q: (p / q).sigmoid(), "the sigmoid was taken of the ratio, and not of its logarithm"),
    ),
)

DISCRIMINATOR = Task(
    name="discriminator_loss",
    takes=("real", "fake"),
    asks=(
        "takes the discriminator's logits of real and of generated examples, each (batch,), and gives the scalar "
        "J_D = -½ E[log D(x)] - ½ E[log(1 - D(G(z)))], in nats"
    ),
    ours=adversarial.minimax_discriminator,
    draw=_logits,
    mistakes=(
        Mistake(lambda r, f: 0.5 * (F.softplus(r) + F.softplus(-f)).mean(), "real and generated are exchanged"),
        Mistake(lambda r, f: 0.5 * F.softplus(-r).mean(), "the generated examples are missing"),
        Mistake(lambda r, f: 0.5 * F.softplus(f).mean(), "the real examples are missing"),
        Mistake(
            lambda r, f: 0.5 * (F.softplus(-r) + F.softplus(-f)).mean(),
            "generated examples are labelled real, as in the generator's loss",
        ),
        Mistake(
            lambda r, f: 0.5 * (F.softplus(-r.sigmoid()) + F.softplus(f.sigmoid())).mean(),
            "the logits went through two sigmoids",
        ),
        Mistake(lambda r, f: 0.5 * (f - r).mean(), "it is a critic's loss: the logarithms are missing"),
    ),
    hard=((SURE[0], SURE[1]), LARGE),
)

GENERATOR = Task(
    name="generator_loss",
    takes=("fake",),
    asks=(
        "takes the discriminator's logits of generated examples, (batch,), and gives the scalar non-saturating loss "
        "J_G = -½ E[log D(G(z))], in nats"
    ),
    ours=_non_saturating,
    draw=_fake,
    mistakes=(
        Mistake(
            lambda f: -0.5 * F.softplus(f).mean(),
            "it is the minimax loss, ½ E[log(1 - D(G(z)))]: its gradient vanishes where D is sure",
        ),
        Mistake(lambda f: 0.5 * F.softplus(f).mean(), "it is the discriminator's loss: G would help D"),
        Mistake(lambda f: -f.mean(), "it is a critic's loss: the logarithm is missing"),
        Mistake(lambda f: 0.5 * F.softplus(-f.sigmoid()).mean(), "the logits went through two sigmoids"),
    ),
    hard=((SURE[0],), LARGE),
)

CRITIC = Task(
    name="critic_loss",
    takes=("real", "fake"),
    asks=(
        "takes the critic's heights of real and of generated examples, each (batch,), and gives the scalar that the "
        "critic minimizes"
    ),
    ours=adversarial.wasserstein_critic,
    draw=_logits,
    mistakes=(
        Mistake(lambda r, f: (f.sigmoid() - r.sigmoid()).mean(), "a critic has no sigmoid"),
        Mistake(lambda r, f: (F.softplus(-r) + F.softplus(f)).mean(), "it is a discriminator's loss, with logarithms"),
        Mistake(lambda r, f: (f.mean() - r.mean()).abs(), "the absolute value lets the critic prefer generated ones"),
        Mistake(lambda r, f: f.mean(), "the real examples are missing"),
    ),
)

RATIO = Task(
    name="kl_from_discriminator",
    takes=("d",),
    asks=(
        "takes D's probabilities at draws of q₁, (draws,), D being the best discriminator of q₁ (1) from q₂ (0), and "
        "gives the scalar estimate of KL(q₁ ‖ q₂), in nats"
    ),
    ours=ours_ratio,
    draw=_probabilities,
    mistakes=(
        Mistake(
            lambda d: (d / (1 - d)).mean(),
            "it is the mean of the ratio D/(1 - D) itself: that is no divergence, it is 1 where q₁ = q₂",
        ),
        Mistake(
            lambda d: (d / (1 - d)).mean().log(), "it is the logarithm of a mean: a mean of logarithms is asked for"
        ),
        Mistake(lambda d: d.log().mean(), "the part of 1 - D is missing"),
        Mistake(lambda d: (d.log() + (1 - d).log()).mean(), "it is the logarithm of a product, not of a ratio"),
    ),
)

TASKS = (OPTIMAL, DISCRIMINATOR, GENERATOR, CRITIC, RATIO)

"""The stochastic operations: their distributions in words, their scores, and what to write instead."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

SCORE_ADVICE = (
    "a discrete draw has no pathwise form: use the score function, (log_prob(sample.detach()) * reward.detach()), "
    "{or_relaxed}or sum over the outcomes"
)


@dataclass(frozen=True)
class Family:
    """A family of draws.

    Attributes:
        title: its name.
        parameters: arguments of the operation that are parameters of the distribution.
        discrete: whether its outcomes are.
        advice: what to write instead of a blocked draw.
        log_prob: ``(sample, **parameters) -> log-density`` (or log-mass), elementwise.
    """

    title: str
    parameters: tuple[str, ...] = ()
    discrete: bool = False
    advice: str = ""
    log_prob: Callable[..., Tensor] | None = None


def _normal(x: Tensor, mean: Any, std: Any = 1.0) -> Tensor:
    std = torch.as_tensor(std, dtype=x.dtype, device=x.device)
    standardized: Tensor = (x - mean) / std
    density: Tensor = -0.5 * standardized.square() - std.log() - 0.5 * math.log(2 * math.pi)
    return density


def _bernoulli(x: Tensor, p: Tensor) -> Tensor:
    return x * p.clamp_min(1e-12).log() + (1 - x) * (1 - p).clamp_min(1e-12).log()


def _multinomial(x: Tensor, self: Tensor) -> Tensor:
    return (self / self.sum(-1, keepdim=True)).clamp_min(1e-30).log().gather(-1, x)


def _poisson(x: Tensor, self: Tensor) -> Tensor:
    return x * self.clamp_min(1e-30).log() - self - torch.lgamma(x + 1)


def _binomial(x: Tensor, count: Tensor, prob: Tensor) -> Tensor:
    ways = torch.lgamma(count + 1) - torch.lgamma(x + 1) - torch.lgamma(count - x + 1)
    return ways + x * prob.clamp_min(1e-12).log() + (count - x) * (1 - prob).clamp_min(1e-12).log()


NORMAL = Family(
    "Normal",
    ("mean", "std"),
    advice="write mean + std * torch.randn_like(mean), or Normal(mean, std).rsample(): torch.normal passes no gradient",
    log_prob=_normal,
)
UNIFORM = Family("Uniform", ("from", "to"), advice="write low + (high - low) * torch.rand_like(low)")
COIN = SCORE_ADVICE.format(or_relaxed="a relaxed (concrete) or straight-through draw, ")
CATEGORY = SCORE_ADVICE.format(or_relaxed="torch.nn.functional.gumbel_softmax, ")
COUNT = SCORE_ADVICE.format(or_relaxed="")
FAMILIES: dict[str, Family] = {
    "normal": NORMAL,
    "normal_functional": NORMAL,
    "randn": Family("Normal(0, 1)", advice=NORMAL.advice),
    "rand": Family("Uniform(0, 1)", advice=UNIFORM.advice),
    "uniform": UNIFORM,
    "randint": Family("uniform integers", discrete=True, advice=COUNT),
    "random": Family("uniform integers", discrete=True, advice=COUNT),
    "randperm": Family("permutation", discrete=True),
    "bernoulli": Family("Bernoulli", ("p",), True, COIN, _bernoulli),
    "multinomial": Family("Categorical", ("self",), True, CATEGORY, _multinomial),
    "poisson": Family("Poisson", ("self",), True, COUNT, _poisson),
    "binomial": Family("Binomial", ("count", "prob"), True, COUNT, _binomial),
    "geometric": Family("Geometric", ("p",), True, COUNT),
    "exponential": Family("Exponential", ("lambd",), advice="write torch.empty_like(rate).exponential_() / rate"),
    "cauchy": Family(
        "Cauchy", ("median", "sigma"), advice="write median + sigma * noise, noise a standard Cauchy draw"
    ),
    "log_normal": Family("LogNormal", ("mean", "std"), advice="write (mean + std * torch.randn_like(mean)).exp()"),
    "_standard_gamma": Family("Gamma", ("self",), advice="use Gamma(...).rsample(): its gradient is implicit"),
    "_sample_dirichlet": Family(
        "Dirichlet", ("self",), advice="use Dirichlet(...).rsample(): its gradient is implicit"
    ),
    "native_dropout": Family("Bernoulli", ("p",), True),
}
# where the operation spells its argument otherwise
SPELLED = {("bernoulli", "p"): "self"}


def family(op: str) -> Family:
    """The family of an operation; an unknown one keeps the operation's name."""
    base = op.removesuffix("_")
    found = FAMILIES.get(base, FAMILIES.get(base.removesuffix("_like")))
    return found or Family(op)


def arguments(op: str, named: dict[str, Any]) -> dict[str, Any]:
    """The parameters of the distribution that an operation was called with, tensors or numbers."""
    base = op.removesuffix("_")
    values = {}
    for name in family(op).parameters:
        spelled = name if name in named else SPELLED.get((base, name), name)
        if spelled in named and (spelled != "self" or not op.endswith("_")):
            values[name] = named[spelled]
    return values


def is_stated(op: str, named: dict[str, Any]) -> bool:
    """Whether tensors say what the distribution is, as in ``torch.normal(x, 1.0)``; a ``randn`` is mere noise."""
    return any(isinstance(value, Tensor) for value in arguments(op, named).values())


def describe(op: str, values: dict[str, Any]) -> str:
    """The distribution in words, such as ``Normal(mean: (3, 2), std: 1)``."""
    words = []
    for name, value in values.items():
        name = {"self": "rate" if op in ("poisson", "_standard_gamma") else "weights"}.get(name, name)
        words.append(f"{name}: {tuple(value.shape) if isinstance(value, Tensor) else format(value, 'g')}")
    title = family(op).title
    return f"{title}({', '.join(words)})" if words else title


def score(draw_op: str, values: dict[str, Any], sample: Tensor) -> Tensor | None:
    """The log-probability of a sample, elementwise, or None where it is not known here."""
    log_prob = family(draw_op).log_prob
    if log_prob is None or not values:
        return None
    try:
        return log_prob(sample.detach(), **{name: _attached(value) for name, value in values.items()})
    except (RuntimeError, TypeError, IndexError):
        return None


def _attached(value: Any) -> Any:
    """A view that was taken under no_grad, as ``sample()`` of torch.distributions does, taken again with a graph."""
    if isinstance(value, Tensor) and value.grad_fn is None and value._is_view():
        base = value._base
        if base is not None and base.requires_grad:
            return base.as_strided(value.size(), value.stride(), value.storage_offset())
    return value


def not_positive(op: str, named: dict[str, Any]) -> str | None:
    """What is wrong with a scale or rate that ought to be positive, naming its first such entry."""
    values = arguments(op, named)
    for name in ("std", "sigma", "lambd") if op.rstrip("_") not in ("poisson", "_standard_gamma") else ("self",):
        value = values.get(name)
        bad = first_bad(value, strict=op.rstrip("_") != "poisson") if isinstance(value, Tensor) else None
        if bad is not None:
            return f"the {'rate' if name == 'self' else name} of {family(op).title} is not positive: {bad}"
    return None


def first_bad(tensor: Tensor, strict: bool = True) -> str | None:
    """The first entry that is not positive (``strict``) or is negative, in words; NaN counts as both.

    >>> first_bad(torch.tensor([1.0, -0.5, -2.0]))
    'element [1] is -0.5'
    """
    wrong = ~(tensor > 0) if strict else ~(tensor >= 0)
    if not bool(wrong.any()):
        return None
    index = [int(i) for i in wrong.nonzero()[0]]
    return f"element {index} is {tensor[tuple(index)].item():g}"

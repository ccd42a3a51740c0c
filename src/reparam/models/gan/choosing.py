"""Choosing among a generator's draws by the density ratio that its discriminator has learned."""

from collections.abc import Callable

import torch
from torch import Tensor

from reparam import checks


def resample(draw: Callable[[], Tensor], log_ratio: Callable[[Tensor], Tensor], candidates: int) -> Tensor:
    """Draws chosen from ``candidates`` each, with probabilities proportional to a density ratio, ``(n, *shape)``.

    Sampling-importance-resampling (Rubin 1987) with a group of candidates for each result, so that results stay
    independent: from q towards p = r q / E_q[r], which is reached in the limit of many candidates. For one candidate it
    is ``draw()``. Memory holds two candidates a result, however many there are; no gradient passes through the choice.

    Args:
        draw: n fresh draws of q, ``(n, *shape)``; called once per candidate.
        log_ratio: log r(x) in nats up to a constant, ``(n,)``: a discriminator's logits.
        candidates: how many of q's draws each result is chosen from.

    Raises:
        UserError: if there is not even one candidate.

    >>> _ = torch.manual_seed(0)
    >>> rarer = resample(lambda: torch.rand(10_000), lambda x: torch.where(x < 0.5, 0.0, -100.0), candidates=2)
    >>> round(float((rarer > 0.5).float().mean()), 2)  # both candidates above 1/2
    0.25
    """
    checks.whole("candidates", candidates)
    kept = draw()
    best = _perturbed(log_ratio(kept))
    for _ in range(candidates - 1):
        x = draw()
        score = _perturbed(log_ratio(x))
        kept = torch.where((score > best).reshape(-1, *[1] * (x.dim() - 1)), x, kept)
        best = torch.maximum(score, best)
    return kept


def _perturbed(logits: Tensor) -> Tensor:
    """Logits plus standard Gumbel noise: the largest of several belongs to each with softmax probability."""
    return logits - torch.empty_like(logits).exponential_().log()

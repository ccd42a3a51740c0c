"""What a run says of examples that it is given: their codes, log p(x), and how well they fit."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from reparam.data import at_once
from reparam.data.columns.outside import INSIDE, Outside
from reparam.data.columns.wording import counted
from reparam.data.incoming import seen_of
from reparam.errors import UserError
from reparam.evaluation.codes.encoding import codes_of, device_of
from reparam.evaluation.likelihood.estimate import bits_per_dimension, explanation, has_density, log_p, log_p_and_error
from reparam.hardware import exact
from reparam.models.model import Batch, Model
from reparam.models.protocols import Conditional, Evaluates, Judges, can, named
from reparam.pace import work
from reparam.randomness import noise
from reparam.result import Arrays
from reparam.runs.given import of_run
from reparam.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MEANINGS = {
    "estimated_elbo": "the bound on log p(x) as a discriminator estimates it, in nats (no bound where that lags)",
    "reconstruction": "log p(x|z) at the code, in nats: how well x is given back, and no likelihood of x",
}
"""Of what a model without log p(x) evaluates."""
LOGIT = (
    "the discriminator's logit, above 0 where it takes x for data: it compares examples within a run, and is no density"
)
CRITIC = "the critic's value, higher where x looks more like data: its zero and unit mean nothing, and it is no density"


@dataclass(frozen=True, repr=False)
class Scores(Arrays):
    """How well each example fits, the higher the better.

    Attributes:
        values: ``(n,)``.
        meaning: what they are.
        errors: of log p(x) the standard error of each from the draws' noise, ``(n,)``; None of what is not sampled.
        bits_per_dimension: of a likelihood of 8-bit values, the mean, nothing being dequantized; else None.
        outside: of rows of a table why each has no value (NaN), ``(n,)`` texts, ``""`` where it has; None: all have.
    """

    values: np.ndarray
    meaning: str
    errors: np.ndarray | None = None
    bits_per_dimension: float | None = None
    outside: np.ndarray | None = None

    @property
    def known(self) -> np.ndarray:
        """The values that there are."""
        return self.values if self.outside is None else self.values[self.outside == INSIDE]

    @property
    def title(self) -> str:
        """Of how many, and what."""
        left = len(self.values) - len(self.known)
        more = f" ({left:,} more are outside of what the model knows)" if left else ""
        return f"scores of {len(self.known):,} examples{more}, {self.known.mean():.4g} on average: {self.meaning}"

    def figure(self) -> "Figure":
        """How they spread."""
        from reparam.plots import histogram

        what, _, _ = self.meaning.partition(":")
        return histogram(self.known, title=f"Scores of {len(self.known):,} examples", unit=what.partition(",")[0])


@of_run
def encode(run: Run, x: Any, outside: Outside = "skip") -> np.ndarray:
    """The codes of examples, ``(n, *event_shape)``: the centre of q(z|x).

    Args:
        run: of a model with an encoder.
        x: the examples, in any form that :func:`reparam.data.examples_of` takes.
        outside: of rows of a table that the run's data do not know: see :func:`score`.

    Raises:
        UserError: if the model has no encoder, or x cannot be read as the run's data were.
    """
    seen = seen_of(x, run.record, outside=outside)
    return seen.spread(codes_of(run.model, seen.x).numpy())


@of_run
def log_prob(run: Run, x: Any, samples: int = 1000, seed: int = 0, outside: Outside = "skip") -> np.ndarray:
    """Log p(x) of examples, ``(n,)`` in nats: by importance sampling, in expectation a lower bound.

    Args:
        run: of a model with a prior and a posterior that has a density.
        x: the examples, in any form that :func:`reparam.data.examples_of` takes.
        samples: draws for each.
        seed: of the draws.
        outside: of rows of a table that the run's data do not know: see :func:`score`.

    Raises:
        UserError: if the model gives no log p(x), or x cannot be read as the run's data were.
    """
    if not has_log_prob(run.model):
        raise UserError(
            f"a {type(run.model).__name__} gives no log p(x) of single examples: see run.score(x), or estimate that of "
            "a split by annealing (reparam.log_likelihood)"
        )
    seen = seen_of(x, run.record, outside=outside)
    return seen.spread(log_p(run, seen.x, samples, seed).numpy())


@of_run
def score(run: Run, x: Any, samples: int = 1000, seed: int = 0, outside: Outside = "skip") -> Scores:
    """How well examples fit what the model has learned, with words about what the number is.

    Log p(x) where the model gives it, else what training raises (a bound as estimated, a reconstruction), else the
    logit of a game's discriminator.

    Args:
        run: a trained run, or its folder.
        x: the examples, in any form that :func:`reparam.data.examples_of` takes.
        samples: draws for each, for log p(x).
        seed: of the draws.
        outside: of rows of a table with cells that the run's data do not know, as a number beyond the range or a word
            never seen: ``"skip"``: NaN, with the reason in ``outside``; ``"clip"``: numbers and dates are taken at the
            end of their range, and what has none is skipped; ``"refuse"``: all rows are.

    Raises:
        UserError: if the model has nothing to judge examples by, or x cannot be read as the run's data were.
    """
    model, seen = run.model, seen_of(x, run.record, outside=outside)
    if has_log_prob(model):
        meaning = (
            f"log p(x) in nats by importance sampling, {counted(samples, 'draw')} each: in expectation a lower bound"
        )
        values, errors = log_p_and_error(run, seen.x, samples, seed)
        each = (seen.spread(part.numpy()) for part in (values, errors))
        return Scores(next(each), meaning, next(each), bits_per_dimension(run, values), seen.left_out)
    judge, meaning = judge_of(model)
    judged = seen.spread(_judged(judge, seen.x, device_of(model), seed))
    return Scores(judged, meaning, outside=seen.left_out)


def has_log_prob(model: Model) -> bool:
    """Whether log p(x) of single examples is had by importance sampling."""
    return explanation(model) is not None and has_density(model)


def judge_of(model: Model) -> tuple[Callable[[Tensor], Tensor], str]:
    """What judges examples, and what its number means."""
    name = model.monitor or model.curve
    if name is not None and can(model, Evaluates):
        meaning = MEANINGS.get(name, f"{name}, which training raises")
        return lambda x: model.evaluate(Batch(x))[name], meaning
    if not can(model, Judges):
        raise UserError(f"{named(model)} has no bound and no discriminator, and so nothing to score x by")
    if can(model, Conditional):
        raise UserError(
            f"this {type(model).__name__} is told classes, and its discriminator judges no x without one: score by a "
            "game that is not conditional"
        )
    return model.judge, CRITIC if model.critic else LOGIT


@exact()
@torch.no_grad()
def _judged(judge: Callable[[Tensor], Tensor], x: Tensor, device: torch.device, seed: int) -> np.ndarray:
    parts = []
    with noise(seed, "score"), work("scoring", len(x), "the number of examples") as add:
        for part in torch.split(x, at_once(x.shape[1:])):
            parts.append(judge(part.to(device)).cpu())
            add(len(part))
    return torch.cat(parts).double().numpy()

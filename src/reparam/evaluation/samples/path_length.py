"""The path length: how far the picture moves when a code moves a little, beside how far it has to."""

from collections.abc import Callable
from dataclasses import dataclass
from math import hypot, nan, sqrt

import torch
from torch import Tensor

from reparam import checks
from reparam.errors import UserError
from reparam.evaluation.codes.encoding import code_form, decode_mean
from reparam.evaluation.codes.interpolation import linear, spherical
from reparam.evaluation.samples.scorecard import Score
from reparam.hardware import exact
from reparam.models.model import Model
from reparam.models.protocols import Conditional, Decodes, HasPrior, can, prior_of
from reparam.randomness import generator, noise

NAME = "path length"
PAIRS = 500
EPSILON = 1e-3
WAYS = {"spherical": spherical, "linear": linear}


@dataclass(frozen=True)
class PathLength:
    """A mean squared speed in feature space, of paths between two codes that take one unit of time.

    Attributes:
        value: the mean.
        standard_error: of it.
        straight: the mean squared distance of the features of the ends, below which no path of these ends can come.
        n: paths.
    """

    value: float
    standard_error: float
    straight: float
    n: int


@exact()
@torch.no_grad()
def path_length(
    decode: Callable[[Tensor], Tensor],
    features: Callable[[Tensor], Tensor],
    starts: Tensor,
    ends: Tensor,
    seed: int = 0,
    path: str = "spherical",
    epsilon: float = EPSILON,
) -> PathLength:
    """The mean of |f(g(z_t+ε)) - f(g(z_t))|²/ε² over paths z and times t (Karras et al. 2019, section 4.1).

    Theirs is of their own metric of images, and crops; this one is of any features, and drops no path. By Cauchy and
    Schwarz it is at least the mean squared distance of the ends, and that where features move evenly along straight
    lines: a generator that makes the data's own variety cannot come below the mean squared distance of two real
    examples, and one that does has less variety than the data.

    Args:
        decode: g, from codes ``(k, *shape)`` to data.
        features: f, from data to ``(k, width)``.
        starts: codes ``(n, *shape)``.
        ends: as many.
        seed: of the times.
        path: ``spherical``, over the sphere, or ``linear``.
        epsilon: the step in time.

    Raises:
        UserError: if there are fewer than two paths, another number of ends, or epsilon is not between 0 and 1.

    >>> z = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0))
    >>> found = path_length(lambda z: z, lambda x: x, z[0], z[1], path="linear")
    >>> abs(found.value - found.straight) < 1e-4 * found.value
    True
    """
    checks.one_of("path", path, WAYS)
    if not 0 < epsilon < 1:
        raise UserError(f"epsilon={epsilon:g} is no step within a path: give a small number above 0, as {EPSILON:g}")
    if len(starts) < 2 or starts.shape != ends.shape:
        raise UserError(
            f"there are {tuple(starts.shape)} starts and {tuple(ends.shape)} ends of paths: give two or more of each"
        )
    times = (1 - epsilon) * torch.rand(len(starts), generator=generator(seed, NAME, "times"), dtype=torch.float64)
    way, pairs = WAYS[path], zip(starts.flatten(1).double(), ends.flatten(1).double(), times, strict=True)
    near = torch.stack([way(a, b, torch.stack([t, t + epsilon])) for a, b, t in pairs], 1)
    first, second = (features(decode(z.reshape(starts.shape).to(starts))).double() for z in near)
    squares = (second - first).square().sum(1) / epsilon**2
    straight = (features(decode(ends)).double() - features(decode(starts)).double()).square().sum(1).mean()
    return PathLength(float(squares.mean()), float(squares.std()) / sqrt(len(squares)), float(straight), len(squares))


def path_length_of(model: Model, features: Callable[[Tensor], Tensor], seed: int = 0) -> PathLength | None:
    """Between draws of a model's prior, of the means that it decodes; None where it has no such codes."""
    if not can(model, HasPrior) or not can(model, Decodes) or can(model, Conditional) or not code_form(model).real:
        return None
    with noise(seed, NAME):
        starts, ends = prior_of(model).sample((2, PAIRS)).cpu()
    return path_length(lambda z: decode_mean(model, z), features, starts, ends, seed)


def score(found: PathLength | None, real: Tensor) -> Score:
    """The measure of a run; its ideal is the mean squared distance of two real examples with features ``(n, width)``.

    A run without codes to walk between has no number.
    """
    best = between_examples(real)
    if found is None:
        return Score(NAME, nan, None, best.best)
    return Score(NAME, found.value, hypot(found.standard_error, best.standard_error or 0.0), best.best)


def between_examples(real: Tensor, beside: Tensor | None = None) -> Score:
    """The least that a path length can be of examples with features ``real``; the ideal is that of ``beside``."""
    value, error = _spread(real)
    best, its = (value, 0.0) if beside is None else _spread(beside)
    return Score(NAME, value, hypot(error, its), best)


def _spread(real: Tensor) -> tuple[float, float]:
    """E|f - f'|² of two examples, which is twice the trace of the covariance, with its standard error."""
    x = real.double()
    squares = 2 * (x - x.mean(0)).square().sum(1)
    return float(squares.sum()) / (len(x) - 1), float(squares.std()) / sqrt(len(x))

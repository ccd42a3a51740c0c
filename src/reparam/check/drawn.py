"""Checks of functions that draw: is what they give distributed as it should be, and does the gradient pass?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from reparam.check.compare import called
from reparam.check.task import Task
from reparam.check.verdict import Verdict
from reparam.randomness import generator, noise

ROWS = 20_000
ERRORS = 6.0
"""Standard errors within which a moment is right: by chance one check in a hundred million fails."""


@dataclass(frozen=True)
class Drawing:
    """A sampler that is asked for.

    Args:
        name: of the check, and of the function.
        takes: the names of its arguments; the first has the shape of the draws.
        asks: what it is given and gives.
        moments: the means and standard deviations that are asked for, from the arguments; None: any positive ones.
        wrong: standard deviations of known mistakes, and what they are.
    """

    name: str
    takes: tuple[str, ...]
    asks: str
    moments: Callable[..., tuple[Tensor, Tensor]] | None
    wrong: Sequence[tuple[Callable[..., Tensor], str]] = ()

    def check(self, function: Callable[..., Any], seed: int) -> Verdict:
        """Draw often, with arguments that are the same in every row."""
        columns = generator(seed, "check", self.name)
        spread = torch.tensor([-1.6, -0.5, 0.9, 1.8], dtype=torch.float64)
        rows = [
            spread[torch.randperm(4, generator=columns)] + 0.1 * torch.rand(4, generator=columns) for _ in self.takes
        ]
        inputs = tuple(row.expand(ROWS, 4).clone() for row in rows)
        task = Task(self.name, self.takes, self.asks, lambda *x: x[0], lambda g, n: inputs)
        z, fault = called(task, function, inputs)
        if fault is not None or z is None:
            return Verdict(self.name, (fault or "",))
        faults = self._shape(z, inputs) or self._noise(function, z.detach(), inputs, rows)
        faults = faults or self._gradients(function, inputs)
        return Verdict(self.name, tuple(faults), f"distribution and gradient of {ROWS:,} draws")

    def _shape(self, z: Tensor, inputs: tuple[Tensor, ...]) -> list[str]:
        if z.shape != inputs[0].shape:
            return [
                f"its shape is {tuple(z.shape)} where {tuple(inputs[0].shape)}, that of {self.takes[0]}, is asked for"
            ]
        if not torch.isfinite(z).all():
            return ["some draws are not a number: a variance or a standard deviation below zero has been used"]
        return []

    def _noise(
        self, function: Callable[..., Any], z: Tensor, inputs: tuple[Tensor, ...], rows: Sequence[Tensor]
    ) -> list[str]:
        with noise(1, "check again", self.name):
            again = function(*(value.clone() for value in inputs)).detach()
        if torch.equal(z, again):
            return ["two calls give the same numbers: there is no noise in it, or its seed is set within"]
        mean, scale = z.mean(0), z.std(0)
        if (scale < 1e-9).all():
            return ["every example of the batch gets the same noise"]
        if (scale < 1e-9).any():
            return ["where the argument is negative nothing is drawn at all: the standard deviation is zero there"]
        standard = (z - mean) / scale
        if ((standard[:, 0] * standard[:, 1:].T).mean(1).abs() > 0.9).any():
            return ["every dimension of an example gets the same noise"]
        if ((standard**4).mean(0) - 3).abs().max() > ERRORS * (96 / ROWS) ** 0.5:
            return ["the noise is not normal (torch.rand is uniform)"]
        return self._moments(mean, scale, rows)

    def _moments(self, mean: Tensor, scale: Tensor, rows: Sequence[Tensor]) -> list[str]:
        zeros, ones = torch.zeros_like(mean), scale
        right_mean, right_scale = self.moments(*rows) if self.moments else (zeros, ones)
        if not _same_scale(scale, right_scale):
            for wrong, what in self.wrong:
                if _same_scale(scale, wrong(*rows)):
                    return [what]
            return ["the standard deviations are not those asked for"]
        if ((mean - right_mean).abs() > ERRORS * right_scale / ROWS**0.5).any():
            return ["the means are not those asked for"]
        return []

    def _gradients(self, function: Callable[..., Any], inputs: tuple[Tensor, ...]) -> list[str]:
        leaves = [value.clone().requires_grad_() for value in inputs]
        with noise(0, "check", self.name):
            z = function(*leaves)
        if not z.requires_grad:
            return [_blocked(name) for name in self.takes]
        found = torch.autograd.grad(z.sum(), leaves, allow_unused=True)
        faults = [_blocked(name) for name, g in zip(self.takes, found, strict=True) if g is None or not g.any()]
        if faults or self.moments is None:
            return faults
        again = [value.clone().requires_grad_() for value in inputs]
        mean, scale = self.moments(*again)
        right = torch.autograd.grad((mean + scale * ((z - mean) / scale).detach()).sum(), again, allow_unused=True)
        pairs = zip(self.takes, found, right, strict=True)
        return [
            f"the draws are right, but the gradient in {name} is not: part of it is cut off"
            for name, g, truth in pairs
            if g is not None and truth is not None and not torch.allclose(g.double(), truth, rtol=1e-4, atol=1e-6)
        ]


def _same_scale(scale: Tensor, other: Tensor) -> bool:
    """Within the error of an empirical standard deviation, σ/√(2n)."""
    return bool(((scale - other).abs() <= ERRORS * other / (2 * ROWS) ** 0.5).all())


def _blocked(name: str) -> str:
    return (
        f"the draws are right, but no gradient reaches {name}: the draw is made from a finished distribution "
        "(torch.normal, .sample()), detached, or under no_grad"
    )


REPARAMETERIZE = Drawing(
    name="reparameterize",
    takes=("mean", "log_variance"),
    asks=(
        "takes the mean and the logarithm of the variance, each (batch, dimensions), and gives one draw of "
        "N(mean, diag(exp(log_variance))) of the same shape, through which gradients pass"
    ),
    moments=lambda m, v: (m, (0.5 * v).exp()),
    wrong=(
        (
            lambda m, v: v.exp(),
            "the variance is taken for the standard deviation: a root, or a factor of ½, is missing",
        ),
        (lambda m, v: v.abs(), "the log-variance is taken for the standard deviation: it may be negative"),
        (lambda m, v: torch.ones_like(v), "the standard deviation is 1 whatever the log-variance says"),
        (lambda m, v: (0.25 * v).exp(), "the root has been taken twice"),
        (lambda m, v: (-0.5 * v).exp(), "the sign of the log-variance is wrong"),
        (lambda m, v: v.exp().square(), "the standard deviation is squared where a root is asked for"),
    ),
)
SHIFTED = Drawing(
    name="shifted_normal",
    takes=("h",),
    asks="takes h, (batch, dimensions), and gives one draw of N(h, I) of the same shape, through which gradients pass",
    moments=lambda h: (h, torch.ones_like(h)),
    wrong=((torch.abs, "h is the scale of the noise where it should be its mean"),),
)
POSITIVE = Drawing(
    name="positive_scale",
    takes=("output",),
    asks=(
        "takes the output of a linear layer, (batch, dimensions), of any sign, and gives one draw of N(0, diag(h)), h "
        "being a positive function of it, through which gradients pass"
    ),
    moments=None,
)

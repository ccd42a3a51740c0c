"""Four small models with a sampled variable each: is reparameterization needed, and is the model well defined?

The losses are written the way a student writes them, wrong ones included, so that the audit can be seen at work.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from reparam.audit.api import audit
from reparam.audit.report import Report
from reparam.randomness import generator, noise

DIM = 3


@dataclass(frozen=True)
class Question:
    """One way of writing a model.

    Attributes:
        model: the model in symbols.
        written: how its sample is written in code.
        answer: what theory says.
        verdict: what the audit must say of the sampled variable.
        loss: the loss; takes nothing.
        parameters: whose gradients are meant.
    """

    model: str
    written: str
    answer: str
    verdict: str
    loss: Callable[[], Tensor]
    parameters: nn.Module


class Exercise:
    """Networks g and f and data x ``(batch, 3)`` shared by the four models; every loss is a mean squared length.

    Args:
        batch: how many examples.
        seed: seed of networks and data.
    """

    def __init__(self, batch: int = 32, seed: int = 0) -> None:
        self.x = torch.randn(batch, DIM, generator=generator(seed, "exercise data"))
        with noise(seed, "exercise networks"):
            self.g, self.f = nn.Linear(DIM, DIM), nn.Linear(DIM, DIM)

    def questions(self) -> list[Question]:
        """The four models, the second and the fourth in their wrong and their right form."""
        both = nn.ModuleDict({"g": self.g, "f": self.f})
        return [
            Question(
                "z ~ N(x, I), h = g(z)",
                "torch.normal(x, 1.0)",
                "not needed: no parameter before the draw",
                "not needed",
                self.data_and_noise,
                self.g,
            ),
            Question(
                "h = g(x), z ~ N(h, I)",
                "torch.normal(h, 1.0)",
                "needed, and missing: g never learns",
                "blocked",
                self.blocked,
                both,
            ),
            Question(
                "h = g(x), z ~ N(h, I)",
                "h + torch.randn_like(h)",
                "needed, and done",
                "reparameterized",
                self.mended,
                both,
            ),
            Question(
                "h = g(x), z ~ N(0, I), f(h + z)",
                "torch.normal(zeros, 1.0)",
                "not needed: z's law has no parameter, h enters outside of it",
                "not needed",
                self.added_outside,
                both,
            ),
            Question(
                "h = g(x), z ~ N(0, diag(h))",
                "h.sqrt() * torch.randn_like(h)",
                "not well defined: a linear layer gives variances below zero",
                "reparameterized",
                self.ill_defined,
                both,
            ),
            Question(
                "h = exp(g(x)), z ~ N(0, diag(h))",
                "h.sqrt() * torch.randn_like(h)",
                "well defined, needed, and done",
                "reparameterized",
                self.well_defined,
                both,
            ),
        ]

    def data_and_noise(self) -> Tensor:
        """Model 1: noise on the data, then a network."""
        z = torch.normal(self.x, 1.0)
        return _size(self.g(z))

    def blocked(self) -> Tensor:
        """Model 2 as it must not be written."""
        z = torch.normal(self.g(self.x), 1.0)
        return _size(self.f(z))

    def mended(self) -> Tensor:
        """Model 2 as a function of noise."""
        h = self.g(self.x)
        z = h + torch.randn_like(h)
        return _size(self.f(z))

    def added_outside(self) -> Tensor:
        """Model 3: a draw from a fixed law, added to what the network gives."""
        h = self.g(self.x)
        z = torch.normal(torch.zeros_like(h), 1.0)
        return _size(self.f(h + z))

    def ill_defined(self) -> Tensor:
        """Model 3 with a learned variance, straight from a linear layer: not a number as soon as one is negative."""
        h = self.g(self.x)
        z = h.sqrt() * torch.randn_like(h)
        return _size(self.f(z))

    def well_defined(self) -> Tensor:
        """The same with a variance that is positive by construction."""
        h = self.g(self.x).exp()
        z = h.sqrt() * torch.randn_like(h)
        return _size(self.f(z))

    def answers(self, check: bool = True, seed: int = 0, seeds: int = 32) -> list[tuple[Question, Report]]:
        """Every question with its audit.

        >>> [report.verdicts()[0] for _, report in Exercise().answers(check=False)]
        ['not needed', 'blocked', 'reparameterized', 'not needed', 'reparameterized', 'reparameterized']
        """
        return [(q, audit(q.loss, q.parameters, check=check, seed=seed, seeds=seeds)) for q in self.questions()]


def _size(h: Tensor) -> Tensor:
    """Squared length of the vectors in ``h``, averaged over examples."""
    return h.square().sum(-1).mean()

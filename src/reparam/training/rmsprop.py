"""RMSprop in few operations: to the bit as ``torch.optim`` has it, or in a single pass over memory."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from reparam.training.moving import Moving, State

NUMBERS = {"alpha", "eps", "weight_decay", "momentum"}
KNOWN = {*NUMBERS, "centered", "fused"}


def serves(kind: str, settings: Mapping[str, Any]) -> bool:
    """Whether :class:`RMSprop` is this update rule with these settings; what is out of range is torch's to refuse.

    >>> serves("rmsprop", {"momentum": 0.9}), serves("rmsprop", {"maximize": True}), serves("rmsprop", {"eps": -1.0})
    (True, False, False)
    """
    numbers = (settings[name] for name in NUMBERS & settings.keys())
    return kind == "rmsprop" and settings.keys() <= KNOWN and all(number >= 0 for number in numbers)


def in_one_pass(settings: Mapping[str, Any]) -> bool:
    """Whether PyTorch's kernel of Adam can be this rule: Adam without a mean of gradients is.

    >>> in_one_pass({}), in_one_pass({"momentum": 0.9}), in_one_pass({"centered": True})
    (True, False, False)
    """
    plain = not settings.get("momentum") and not settings.get("centered") and settings.get("alpha", 0.99) < 1
    return hasattr(torch, "_fused_adam_") and serves("rmsprop", settings) and plain


class RMSprop(Moving):
    """Gradients divided by the root of a running mean of their squares (Tieleman & Hinton 2012, lecture 6e).

    Args:
        groups: of parameters, ``params`` and ``lr`` each.
        alpha: decay of the running mean.
        eps: added to its root.
        weight_decay: times the weight, added to the gradient.
        momentum: of the updates; 0: none.
        centered: whether gradients are divided by their standard deviation instead (Graves 2013, equation 40).
        fused: all in one pass over memory, on the CPU and where :func:`in_one_pass`. Its rounding is not torch's, so
            a run that was written without it goes on without.

    >>> weight = nn.Parameter(torch.ones(2))
    >>> weight.grad = torch.tensor([1.0, -2.0])
    >>> RMSprop([{"params": [weight], "lr": 0.01}], fused=True).step()
    >>> weight.data
    tensor([0.9000, 1.1000])
    """

    def __init__(
        self,
        groups: Sequence[Mapping[str, Any]],
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        fused: bool = False,
    ) -> None:
        super().__init__(groups)
        self.alpha, self.eps, self.weight_decay = alpha, eps, weight_decay
        self.momentum, self.centered = momentum, centered
        self.fused = fused and in_one_pass({"alpha": alpha, "momentum": momentum, "centered": centered})
        self._forever = torch.tensor(math.inf)  # a step makes no tensor of a number
        self.kept = ("square_avg", *["momentum_buffer"] * (momentum > 0), *["grad_avg"] * centered)

    def _counted_on(self, parameter: nn.Parameter) -> torch.device:
        """No update depends on the number of steps."""
        return torch.device("cpu")

    def _move(self, parameters: list[nn.Parameter], states: list[State], rate: float) -> None:
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        if self.weight_decay:
            gradients = list(torch._foreach_add(gradients, list[Tensor](parameters), alpha=self.weight_decay))
        moved = self._at_once if self.fused and parameters[0].device.type == "cpu" else self._one_by_one
        moved(list(parameters), gradients, states, rate)

    def _at_once(self, parameters: list[Tensor], gradients: list[Tensor], states: list[State], rate: float) -> None:
        """Adam with a mean of gradients that forgets all at once, after infinitely many steps: nothing is corrected."""
        squares, steps = [state["square_avg"] for state in states], [self._forever] * len(states)
        how: dict[str, Any] = {"lr": rate, "beta1": 0.0, "beta2": self.alpha, "eps": self.eps, "weight_decay": 0.0}
        # the mean of gradients is the gradient itself, in its own memory
        means = gradients
        torch._fused_adam_(parameters, gradients, means, squares, [], steps, amsgrad=False, maximize=False, **how)

    def _one_by_one(self, parameters: list[Tensor], gradients: list[Tensor], states: list[State], rate: float) -> None:
        """Operation by operation as torch does, each for all parameters."""
        squares = [state["square_avg"] for state in states]
        torch._foreach_mul_(squares, self.alpha)
        torch._foreach_addcmul_(squares, gradients, gradients, value=1 - self.alpha)
        roots = self._roots(squares, gradients, states)
        torch._foreach_add_(roots, self.eps)
        if self.momentum:
            updates = [state["momentum_buffer"] for state in states]
            torch._foreach_mul_(updates, self.momentum)
            torch._foreach_addcdiv_(updates, gradients, roots)
            torch._foreach_add_(parameters, updates, alpha=-rate)
        else:
            torch._foreach_addcdiv_(parameters, gradients, roots, value=-rate)

    def _roots(self, squares: list[Tensor], gradients: list[Tensor], states: list[State]) -> list[Tensor]:
        """Of the mean square, or the standard deviation."""
        if not self.centered:
            return list(torch._foreach_sqrt(squares))
        means = [state["grad_avg"] for state in states]
        torch._foreach_lerp_(means, gradients, 1 - self.alpha)
        roots = list(torch._foreach_addcmul(squares, means, means, value=-1))
        torch._foreach_sqrt_(roots)
        return roots

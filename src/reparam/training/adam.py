"""Adam by PyTorch's fused kernel alone."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from reparam.training.moving import Moving, State

KERNELS: Mapping[str, str] = {"adam": "_fused_adam_", "adamw": "_fused_adamw_"}
KNOWN = {"betas", "eps", "weight_decay"}


def serves(kind: str, settings: Mapping[str, Any]) -> bool:
    """Whether :class:`FusedAdam` is this update rule with these settings; what is out of range is torch's to refuse.

    >>> serves("adam", {"betas": (0.5, 0.999)}), serves("adam", {"amsgrad": True}), serves("sgd", {})
    (True, False, False)
    """
    betas, eps, decay = (
        settings.get(name, usual) for name, usual in (("betas", (0, 0)), ("eps", 0), ("weight_decay", 0))
    )
    return (
        kind in KERNELS
        and hasattr(torch, KERNELS[kind])
        and settings.keys() <= KNOWN
        and len(betas) == 2
        and all(0 <= beta < 1 for beta in betas)
        and eps >= 0
        and decay >= 0
    )


class FusedAdam(Moving):
    """Adam, or AdamW, to the bit as ``torch.optim`` has it with ``fused=True`` (Kingma & Ba 2015, algorithm 1).

    Args:
        kind: adam or adamw.
        groups: of parameters, ``params`` and ``lr`` each.
        betas: decay of the running means of gradients and of their squares.
        eps: added to the root of the latter.
        weight_decay: decoupled from the gradient with adamw.

    >>> weight = nn.Parameter(torch.ones(2))
    >>> weight.grad = torch.tensor([1.0, -2.0])
    >>> FusedAdam("adam", [{"params": [weight], "lr": 0.1}]).step()
    >>> weight.data
    tensor([0.9000, 1.1000])
    """

    kept = ("exp_avg", "exp_avg_sq")

    def __init__(
        self,
        kind: str,
        groups: Sequence[Mapping[str, Any]],
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(groups)
        self._kernel: Callable[..., None] = getattr(torch, KERNELS[kind])
        self._settings = {"beta1": betas[0], "beta2": betas[1], "eps": eps, "weight_decay": weight_decay}

    def _move(self, parameters: list[nn.Parameter], states: list[State], rate: float) -> None:
        means, squares, steps = ([state[name] for state in states] for name in (*self.kept, "step"))
        gradients, how = [parameter.grad for parameter in parameters], self._settings
        self._kernel(parameters, gradients, means, squares, [], steps, lr=rate, amsgrad=False, maximize=False, **how)

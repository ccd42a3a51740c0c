"""Adam by PyTorch's fused kernel alone.

``torch.optim`` loads PyTorch's compiler when its first optimizer is made, which takes a second, a third of the time
that a small training takes to start. The kernel that moves the weights needs none of it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn

KERNELS: Mapping[str, str] = {"adam": "_fused_adam_", "adamw": "_fused_adamw_"}
KNOWN = {"betas", "eps", "weight_decay"}
STATE = ("exp_avg", "exp_avg_sq")


class Moves(Protocol):
    """What the loop asks of an optimizer: those of ``torch.optim`` have it."""

    param_groups: list[dict[str, Any]]

    def step(self) -> Any:
        """Move each parameter that has a gradient."""

    def state_dict(self) -> dict[str, Any]:
        """Its state by the number of the parameter, and the groups."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from such a state."""


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


class FusedAdam:
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

    def __init__(
        self,
        kind: str,
        groups: Sequence[Mapping[str, Any]],
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        self.param_groups = [dict(group) for group in groups]
        self._kernel: Callable[..., None] = getattr(torch, KERNELS[kind])
        self._settings = {"beta1": betas[0], "beta2": betas[1], "eps": eps, "weight_decay": weight_decay}
        self._state: dict[nn.Parameter, dict[str, Tensor]] = {}

    @torch.no_grad()
    def step(self) -> None:
        """Move each parameter that has a gradient."""
        for group in self.param_groups:
            alike: dict[tuple[torch.device, torch.dtype], list[nn.Parameter]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    alike.setdefault((parameter.device, parameter.dtype), []).append(parameter)
            for parameters in alike.values():
                self._move(parameters, group["lr"])

    def _move(self, parameters: list[nn.Parameter], rate: float) -> None:
        states = [self._state.get(parameter) or self._begin(parameter) for parameter in parameters]
        steps, means, squares = ([state[name] for state in states] for name in ("step", *STATE))
        torch._foreach_add_(steps, 1)
        self._kernel(
            parameters,
            [parameter.grad for parameter in parameters],
            means,
            squares,
            [],
            steps,
            lr=rate,
            amsgrad=False,
            maximize=False,
            **self._settings,
        )

    def _begin(self, parameter: nn.Parameter) -> dict[str, Tensor]:
        step = torch.zeros((), dtype=torch.float32, device=parameter.device)
        state = self._state[parameter] = {"step": step, **{name: torch.zeros_like(parameter) for name in STATE}}
        return state

    @property
    def _all(self) -> list[nn.Parameter]:
        return [parameter for group in self.param_groups for parameter in group["params"]]

    def state_dict(self) -> dict[str, Any]:
        """As those of ``torch.optim``: by the number of the parameter, for those that have moved."""
        state = {i: self._state[parameter] for i, parameter in enumerate(self._all) if parameter in self._state}
        return {"state": state, "param_groups": self.param_groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from such a state, the groups staying as they are.

        Raises:
            ValueError: if it is of other parameters.
        """
        parameters, found = self._all, state_dict["state"]
        for index, state in found.items():
            if not 0 <= index < len(parameters) or state.keys() != {"step", *STATE}:
                raise ValueError(f"no parameter has the number {index}, or its state lacks something")
            if any(state[name].shape != parameters[index].shape for name in STATE):
                raise ValueError(f"the state of parameter {index} has another shape")
        self._state = {parameters[i]: self._taken(parameters[i], state) for i, state in found.items()}

    @staticmethod
    def _taken(parameter: nn.Parameter, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """In memory of its own, laid out as the parameter is: the kernel pairs numbers by their place."""
        kept = {name: torch.empty_like(parameter, requires_grad=False).copy_(state[name]) for name in STATE}
        return {"step": state["step"].to(parameter.device, torch.float32, copy=True), **kept}

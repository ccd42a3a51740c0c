"""What the loop asks of an optimizer, and what those of ours share: groups of parameters, and states as torch's.

``torch.optim`` loads PyTorch's compiler when its first optimizer is made, which takes a second, a third of the time
that a small training takes to start. What moves the weights needs none of it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn

State = dict[str, Tensor]
"""Of a parameter: ``step``, how often it has moved, and tensors of its shape."""


class Moves(Protocol):
    """What the loop asks of an optimizer: those of ``torch.optim`` have it."""

    param_groups: list[dict[str, Any]]

    def step(self) -> Any:
        """Move each parameter that has a gradient."""

    def state_dict(self) -> dict[str, Any]:
        """Its state by the number of the parameter, and the groups."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from such a state."""


class Moving(ABC):
    """An update rule of ours: subclasses name what they keep of a parameter, and move some.

    Args:
        groups: of parameters, ``params`` and ``lr`` each.
    """

    kept: tuple[str, ...] = ()
    """Tensors of a parameter's shape that its state has."""

    def __init__(self, groups: Sequence[Mapping[str, Any]]) -> None:
        self.param_groups = [dict(group) for group in groups]
        self._state: dict[nn.Parameter, State] = {}

    @torch.no_grad()
    def step(self) -> None:
        """Move each parameter that has a gradient."""
        for group in self.param_groups:
            alike: dict[tuple[torch.device, torch.dtype], list[nn.Parameter]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    alike.setdefault((parameter.device, parameter.dtype), []).append(parameter)
            for parameters in alike.values():
                states = [self._state.get(parameter) or self._begin(parameter) for parameter in parameters]
                torch._foreach_add_([state["step"] for state in states], 1)
                self._move(parameters, states, group["lr"])

    @abstractmethod
    def _move(self, parameters: list[nn.Parameter], states: list[State], rate: float) -> None:
        """Move parameters of one device and type, all of which have gradients."""

    def _counted_on(self, parameter: nn.Parameter) -> torch.device:
        """Where steps are counted."""
        return parameter.device

    def _begin(self, parameter: nn.Parameter) -> State:
        step = torch.zeros((), dtype=torch.float32, device=self._counted_on(parameter))
        state = self._state[parameter] = {"step": step, **{name: torch.zeros_like(parameter) for name in self.kept}}
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
            if not 0 <= index < len(parameters) or state.keys() != {"step", *self.kept}:
                raise ValueError(f"no parameter has the number {index}, or its state lacks something")
            if any(state[name].shape != parameters[index].shape for name in self.kept):
                raise ValueError(f"the state of parameter {index} has another shape")
        self._state = {parameters[i]: self._taken(parameters[i], state) for i, state in found.items()}

    def _taken(self, parameter: nn.Parameter, state: Mapping[str, Tensor]) -> State:
        """In memory of its own, laid out as the parameter is: kernels pair numbers by their place."""
        kept = {name: torch.empty_like(parameter, requires_grad=False).copy_(state[name]) for name in self.kept}
        return {"step": state["step"].to(self._counted_on(parameter), torch.float32, copy=True), **kept}

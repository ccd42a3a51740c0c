"""Sees the run from Python: which function is called, which tensor is made an input, what is differentiated."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

BACKWARD = ("backward", "grad")
LEAVES_TORCH = ("numpy", "tolist", "item", "__float__", "__array__")


class CallTracker(TorchFunctionMode):
    """Keeps the name of the Python function running, and passes events on.

    Attributes:
        on_requires_grad: called with a tensor that is about to require a gradient.
        on_inputs: called with the tensors that something is differentiated by.
        on_backward: called with ``backward`` or ``grad``, what is differentiated, and whether twice; gives a context.
        keeps_graphs: graphs are kept after the code differentiated them.
        on_touch: called with a tensor whose ``data`` is taken.
        on_escape: called with a tensor and the number or array it left torch as.
    """

    def __init__(self) -> None:
        super().__init__()
        self._names: list[str] = []
        self.on_requires_grad: Callable[[Tensor], None] = _ignore
        self.on_backward: Callable[[str, list[Tensor], bool], AbstractContextManager[Any]] = _no_context
        self.keeps_graphs = False
        self.on_inputs: Callable[[list[Tensor]], None] = _ignore
        self.on_touch: Callable[[Tensor], None] = _ignore
        self.on_escape: Callable[[Tensor, Any], None] = _ignore

    @property
    def name(self) -> str:
        """The outermost PyTorch function that is running, as the code called it."""
        return self._names[0] if self._names else ""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        if name in ("__get__", "__set__"):
            self._attribute(func, name, args)
            return func(*args, **kwargs)
        if name in BACKWARD and getattr(func, "__module__", "").startswith(("torch.autograd", "torch._tensor")):
            return self._differentiate(func, name, args, kwargs)
        if name == "requires_grad_":
            self.on_requires_grad(args[0])
        self._names.append(name)
        try:
            result = func(*args, **kwargs)
        finally:
            self._names.pop()
        if name in LEAVES_TORCH and args and isinstance(args[0], Tensor):
            self.on_escape(args[0], result)
        return result

    def _attribute(self, func: Any, name: str, args: Any) -> None:
        attribute = getattr(getattr(func, "__self__", None), "__name__", "")
        if attribute == "data":
            self.on_touch(args[0])
        elif attribute == "requires_grad" and name == "__set__" and len(args) > 1 and args[1]:
            self.on_requires_grad(args[0])

    def _differentiate(self, func: Any, name: str, args: Any, kwargs: dict[str, Any]) -> Any:
        """Say what is differentiated, keep its graph to be read afterwards, and differentiate."""
        outputs = args[0] if args else kwargs.get("tensors", kwargs.get("outputs"))
        roots = [outputs] if isinstance(outputs, Tensor) else list(outputs or ())
        inputs = kwargs.get("inputs", args[1] if name == "grad" and len(args) > 1 else None)
        self.on_inputs([inputs] if isinstance(inputs, Tensor) else list(inputs or ()))
        plain = [root for root in roots if isinstance(root, Tensor) and is_plain(root)]
        if self.keeps_graphs and "retain_graph" in kwargs:
            kwargs["retain_graph"] = True
        with self.on_backward(name, plain, bool(kwargs.get("create_graph"))):
            return func(*args, **kwargs)


def _ignore(*_: Any) -> None:
    """Nothing."""


def _no_context(*_: Any) -> AbstractContextManager[None]:
    return nullcontext()


def is_plain(tensor: Tensor) -> bool:
    """Whether a tensor is an ordinary one, not a wrapper of ``torch.func``."""
    return not torch._C._functorch.is_functorch_wrapped_tensor(tensor)

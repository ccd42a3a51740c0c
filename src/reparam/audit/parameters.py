"""Which tensors are learnable parameters, and what they are called."""

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from types import FrameType, FunctionType, MethodType
from typing import Any

import torch
from torch import Tensor, nn

from reparam.audit.sources import _kind
from reparam.errors import UserError

Parameters = nn.Module | Mapping[str, Tensor] | Iterable[Tensor]


def named(parameters: Parameters, prefix: str = "") -> dict[str, Tensor]:
    """Parameters by name, from a module, a mapping or a list of tensors.

    Raises:
        UserError: if something in it is no tensor that requires a gradient.
    """
    pairs: list[tuple[str, Any]]
    if isinstance(parameters, nn.Module):
        pairs = [(name, p) for name, p in parameters.named_parameters() if p.requires_grad]
    elif isinstance(parameters, Mapping):
        pairs = [pair for name, value in parameters.items() for pair in _expand(str(name), value)]
    elif isinstance(parameters, Iterable) and not isinstance(parameters, Tensor):
        pairs = [(f"parameter {i}", p) for i, p in enumerate(parameters)]
    else:
        pairs = [("parameter", parameters)]
    for name, value in pairs:
        _check(name, value)
    if not pairs:
        raise UserError("no parameters to audit: the module or mapping given holds none that require a gradient")
    return {prefix + name: value for name, value in pairs}


def _expand(name: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, nn.Module):
        return [(f"{name}.{inner}", p) for inner, p in value.named_parameters() if p.requires_grad]
    return [(name, value)]


def _check(name: str, value: Any) -> None:
    if not isinstance(value, Tensor):
        raise UserError(
            f"parameter {name!r} is {type(value).__name__}, not a tensor: name tensors, modules or mappings"
        )
    if not (value.requires_grad and value.is_leaf):
        what = "does not require a gradient" if not value.requires_grad else "is computed from others, no leaf"
        raise UserError(f"parameter {name!r} {what}: name tensors that an optimizer would move")


class Registry:
    """Numbers and names of parameters, known beforehand or met on the way."""

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []  # held, so that no identity is given away
        self.names: list[str] = []
        self.met: set[int] = set()  # numbers of those that the run used
        self._numbers: dict[int, int] = {}
        self.inputs: set[int] = set()  # numbers of those that turned out to be no parameters
        self._held: list[Tensor] = []
        self._made_ids: set[int] = set()
        self._input_ids: set[int] = set()

    def add(self, parameters: Mapping[str, Tensor]) -> None:
        """Register parameters under these names."""
        for name, tensor in parameters.items():
            if id(tensor) in self._numbers:
                self.names[self._numbers[id(tensor)]] = name
            else:
                self._enter(tensor, name)

    def requires_grad_now(self, tensor: Tensor, computed: bool) -> None:
        """A tensor was made to require a gradient during the run.

        If it was computed from draws or parameters it is an input, of a gradient penalty say. Otherwise it is a
        parameter (libraries make theirs when first asked), unless the code then differentiates with respect to it.
        """
        if not isinstance(tensor, nn.Parameter) and id(tensor) not in self._numbers:
            self._held.append(tensor)
            (self._input_ids if computed else self._made_ids).add(id(tensor))

    def differentiated_by(self, tensors: Iterable[Any]) -> None:
        """The code asked for gradients with respect to these: those made for that are inputs."""
        self.inputs.update(self._numbers[id(t)] for t in tensors if id(t) in self._made_ids and id(t) in self._numbers)

    def number(self, tensor: Tensor) -> int | None:
        """The number of a parameter, which is one from now on if it looks like one; None for any other tensor."""
        known = self._numbers.get(id(tensor))
        if known is not None:
            self.met.add(known)
        if known is not None or not tensor.requires_grad or not tensor.is_leaf:
            return known
        if not isinstance(tensor, nn.Parameter) and (tensor._is_view() or id(tensor) in self._input_ids):
            return None
        self._enter(tensor, self._unique(_name_on_the_stack(tensor)))
        self.met.add(self._numbers[id(tensor)])
        return self._numbers[id(tensor)]

    def mask(self, tensors: Iterable[Tensor]) -> int:
        """The bits of these tensors, those unknown left out."""
        return sum(1 << self._numbers[id(t)] for t in {id(t): t for t in tensors}.values() if id(t) in self._numbers)

    def names_of(self, mask: int) -> list[str]:
        """Names of the parameters in a mask."""
        return [name for i, name in enumerate(self.names) if mask >> i & 1]

    def _enter(self, tensor: Tensor, name: str) -> None:
        self._numbers[id(tensor)] = len(self.tensors)
        self.tensors.append(tensor)
        self.names.append(name)

    def _unique(self, name: str) -> str:
        if name not in self.names:
            return name
        return next(f"{name} ({i})" for i in range(2, len(self.names) + 3) if f"{name} ({i})" not in self.names)


def _name_on_the_stack(tensor: Tensor) -> str:
    """What the running code calls a tensor: ``model.encoder.weight``, from the user's variables if they hold it."""
    best = None
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        kind = _kind(frame.f_code.co_filename)
        if kind != "own":
            found = _find(tensor, frame.f_locals)
            if found is not None and (best is None or kind == "user"):
                best = found
        frame = frame.f_back
    return best or f"parameter of shape {tuple(tensor.shape)}"


def _find(tensor: Tensor, variables: Mapping[str, Any]) -> str | None:
    for name, value in list(variables.items()):
        if value is tensor:
            return name
        if isinstance(value, nn.Module):
            inner = next((inner for inner, p in _within(value) if p is tensor), None)
            if inner is not None:
                return inner if name == "self" else f"{name}.{inner}"
        if isinstance(value, Mapping):
            key = next((key for key, each in list(value.items()) if each is tensor), None)
            if key is not None:
                return f"{name}[{key!r}]"
    return None


def _within(module: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """A module's parameters by name; none while its constructor has not called torch's yet, as layers made first do."""
    with suppress(AttributeError):
        return list(module.named_parameters())
    return []


def within_reach(function: Callable[..., Any]) -> dict[str, Tensor]:
    """Parameters of the modules and tensors that a function refers to: its closure, globals, object and arguments."""
    found: dict[str, Tensor] = {}
    ids: set[int] = set()
    for name, value in _referenced(function):
        if isinstance(value, nn.Module):
            pairs = [(f"{name}.{n}" if name != "self" else n, p) for n, p in value.named_parameters()]
        else:
            pairs = [(name, value)]
        for each, tensor in pairs:
            if tensor.requires_grad and tensor.is_leaf and id(tensor) not in ids:
                ids.add(id(tensor))
                found[each] = tensor
    return found


def _referenced(function: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Modules and tensors that a function names, with their names there."""
    if isinstance(function, nn.Module):
        yield "self", function
    elif isinstance(function, MethodType):
        yield from _held("self", function.__self__, depth)
        yield from _referenced(function.__func__, depth)
    elif isinstance(function, FunctionType):
        variables = inspect.getclosurevars(function)
        for name, value in {**variables.globals, **variables.nonlocals}.items():
            yield from _held(name, value, depth)
    elif hasattr(function, "func"):  # functools.partial
        for name, value in {**dict(enumerate(function.args)), **function.keywords}.items():
            yield from _held(str(name), value, depth)
        yield from _referenced(function.func, depth)


def _held(name: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    if isinstance(value, nn.Module | torch.Tensor):
        yield name, value
    elif isinstance(value, list | tuple) and len(value) < 100:
        for i, each in enumerate(value):
            yield from _held(f"{name}[{i}]", each, depth)
    elif isinstance(value, dict) and len(value) < 100:
        for key, each in value.items():
            yield from _held(f"{name}[{key!r}]", each, depth)
    elif isinstance(value, FunctionType | MethodType) and depth < 3:
        yield from _referenced(value, depth + 1)

"""A model as a tree of constructors with all their arguments: JSON-ready data, built again from an allow-list.

A node is ``{"class": name, "arguments": {...}}``. Only the classes of ``allowed.py`` and plain layers of ``torch.nn``
are built by name; nothing named in a file is ever imported. Weights are not in the tree: a checkpoint brings them.
"""

import dataclasses
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from reparam.adversarial import LOSSES, AdversarialLoss
from reparam.errors import UserError
from reparam.models.allowed import CLASSES, CONTAINERS, FUNCTIONS, LAYERS
from reparam.models.making import made
from reparam.models.model import Model
from reparam.recording import arguments

Tree = dict[str, Any]

# of torch's layers: where and in what format weights are made, and what only the weights' first values depend on
IDLE = frozenset({"device", "dtype", "init", "_weight", "_freeze", "args", "kwargs"})
MOST_NODES, MOST_DEPTH = 100_000, 100


def describe(model: Model) -> Tree:
    """The tree of a model.

    A part that is not ours is a node with ``own``: whoever builds the tree must be given its class. So is a model whose
    parts were changed after they were constructed, since its constructors would not build it.

    >>> from reparam.networks import MLP
    >>> from reparam.models import VAE, StandardNormal
    >>> model = VAE(MLP(3, [4], 2), MLP(1, [4], 3), StandardNormal(1))
    >>> describe(model)["arguments"]["prior"]
    {'class': 'StandardNormal', 'arguments': {'latent_dim': 1}}
    """
    tree = _Writer().node(model)
    if own(tree) or _alike(model, tree):
        return tree
    return {"class": type(model).__name__, "own": True, "changed": True}


def build(tree: object, classes: Sequence[type] = ()) -> Model:
    """The model that a tree describes, its weights anew; torch's global noise is left as it was.

    Args:
        tree: what :func:`describe` gave, read from a file perhaps.
        classes: the user's own classes that it names.

    Raises:
        UserError: if it names a class that is neither ours nor given, or does not fit together.

    >>> from reparam.networks import MLP
    >>> from reparam.models import VAE, StandardNormal
    >>> tree = describe(VAE(MLP(3, [4], 2), MLP(1, [4], 3), StandardNormal(1)))
    >>> build(tree).sample(5).shape
    torch.Size([5, 3])
    """
    _check_size(tree)
    try:
        _check_memory(tree)
        with made(), torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            model = _Reader(classes).value(tree)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, RuntimeError, OverflowError) as error:
        raise UserError(f"the composition is damaged ({type(error).__name__}: {error}): restore the file") from None
    if not isinstance(model, Model):
        raise UserError(f"the composition describes a {type(model).__name__}, which is no model: restore the file")
    return model


def own(tree: object) -> tuple[str, ...]:
    """The names of the user's own classes in a tree, each once.

    >>> own({"class": "VAE", "arguments": {"encoder": {"class": "Mine", "own": True}}})
    ('Mine',)
    """
    if isinstance(tree, dict):
        mine = (str(tree.get("class")),) if tree.get("own") else ()
        return tuple(dict.fromkeys([*mine, *(name for value in tree.values() for name in own(value))]))
    return tuple(dict.fromkeys(name for value in tree for name in own(value))) if isinstance(tree, list) else ()


def _alike(model: Model, tree: Tree) -> bool:
    """Whether building the tree gives the model's layers and shapes."""
    with made(), torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        built = _Reader(()).value(tree)
    ours, theirs = ({name: t.shape for name, t in m.state_dict().items()} for m in (model, built))
    return ours == theirs and str(model) == str(built) and not any(map(_is_patched, model.modules()))


def _is_patched(part: nn.Module) -> bool:
    """Whether one object computes something else than its class does: by hooks, or a forward of its own."""
    return bool("forward" in part.__dict__ or part._forward_hooks or part._forward_pre_hooks)


COLUMNS = frozenset({"Number", "Integer"})
"""What columns hold has no width: its numbers are bounds and units, as large as they like."""
MOST_NUMBERS = 10**10
"""In one layer: 40 GB, of which no run of this library was ever made."""


def _check_memory(tree: object) -> None:
    """Refuse widths that no machine holds before anything is allocated.

    A layer has about as many numbers as its two largest arguments' product: inputs and outputs, or neighbouring widths.

    Raises:
        UserError: naming the part.
    """
    if isinstance(tree, list):
        for part in tree:
            _check_memory(part)
    if not isinstance(tree, dict):
        return
    given = tree.get("arguments", tree.get("tensor"))
    if isinstance(given, dict) and tree.get("class") not in COLUMNS:
        widths = [one for value in given.values() if isinstance(value, list) for one in value]
        numbers = math.prod(sorted(map(_size, [*given.values(), *widths]))[-2:])
        if numbers > MOST_NUMBERS:
            name = tree.get("class", "a tensor")
            raise UserError(f"{name} of the composition has about {numbers:.2g} numbers, more than any machine holds")
    for part in tree.values():
        _check_memory(part)


def _size(value: object) -> int:
    """A width, or the size of a shape; 1 for everything else."""
    if isinstance(value, bool) or not isinstance(value, int | list):
        return 1
    if isinstance(value, int):
        return max(1, abs(value))
    return math.prod(_size(part) for part in value[:4] if isinstance(part, int)) if len(value) <= 4 else 1


def _check_size(tree: object) -> None:
    """Refuse a tree that would take forever to build.

    Raises:
        UserError: if it is too deep or has too many nodes.
    """
    left, level = [tree], 0
    count = 0
    while left:
        count, level = count + len(left), level + 1
        if count > MOST_NODES or level > MOST_DEPTH:
            raise UserError(
                f"the composition is deeper than {MOST_DEPTH} levels or has more than {MOST_NODES:,} parts, as no "
                "model of this library has: restore the file"
            )
        left = [
            part
            for value in left
            for part in (value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())
            if not _is_plain(part)
        ]


def _is_plain(part: object) -> bool:
    """Whether it is a number, or a list of nothing else, such as each of a column's hundreds of knots: no part."""
    if isinstance(part, list):
        return all(isinstance(one, int | float) for one in part)
    return isinstance(part, int | float)


class _Writer:
    """Writes values as data; a module met twice is written once and referred to."""

    def __init__(self) -> None:
        self.met: dict[int, Tree] = {}

    def node(self, part: Any) -> Tree:
        """The node of an object."""
        if id(part) in self.met:
            first = self.met[id(part)]
            return {"same": first.setdefault("id", len([1 for n in self.met.values() if "id" in n]))}
        tree: Tree = {"class": type(part).__name__}
        if isinstance(part, nn.Module):
            self.met[id(part)] = tree
        tree |= self._rest(part)
        return tree

    def _rest(self, part: Any) -> Tree:
        cls = parametrize.type_before_parametrizations(part) if isinstance(part, nn.Module) else type(part)
        if cls in CONTAINERS.values():
            return {"class": cls.__name__, "children": [self.node(child) for child in part]}
        if cls is nn.ModuleDict:
            return {"children": {name: self.node(child) for name, child in part.items()}}
        if cls in LAYERS.values():
            found: Mapping[str, Any] = {name: _attribute(part, name) for name in _parameters(cls)}
            normalized = {"spectral_norm": True} if _is_normalized(part) else {}
            return {"class": cls.__name__, "arguments": self._values(part, found), **normalized}
        given = _given(part)
        if CLASSES.get(cls.__name__) is cls and given is not None:
            return {"arguments": self._values(part, given)}
        return {"own": True} | ({} if given is None else {"arguments": self._values(part, given)})

    def _values(self, owner: Any, given: Mapping[str, Any]) -> dict[str, Any]:
        # what was left to the constructor is written down as the constructor decided it
        ours = type(owner).__name__ in CLASSES
        decided = {k: getattr(owner, k, None) if v is None and ours else v for k, v in given.items()}
        return {name: self.value(value, registered=_in_state(owner, name, ours)) for name, value in decided.items()}

    def value(self, value: Any, registered: bool = False) -> Any:
        """A value as data."""
        if value is None or isinstance(value, bool | int | str):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else {"number": str(value)}
        if isinstance(value, Tensor):
            return _tensor(value, registered)
        if isinstance(value, AdversarialLoss):
            name = next((name for name, loss in LOSSES.items() if loss is value), None)
            return {"class": "AdversarialLoss", "own": True} if name is None else name
        if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
            return {"mapping": {key: self.value(part) for key, part in value.items()}}
        if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
            return [self.value(part) for part in value]
        function = next((name for name, known in FUNCTIONS.items() if known is value), None)
        if function is not None:
            return {"function": function}
        return self.node(value)


class _Reader:
    """Builds values from data."""

    def __init__(self, classes: Sequence[type]) -> None:
        self.own = {cls.__name__: cls for cls in classes}
        self.made: dict[int, Any] = {}

    def value(self, data: Any) -> Any:
        """The value that the data describe."""
        if isinstance(data, list):
            return tuple(self.value(part) for part in data)
        if not isinstance(data, dict):
            return data
        for form, read in self.forms.items():
            if form in data:
                return read(self, data)
        raise UserError(f"the composition holds {str(data)[:80]}, which describes nothing: restore the file")

    def _node(self, data: Tree) -> Any:
        name = data["class"]
        made = self._made(str(name), data)
        if data.get("spectral_norm") is True:
            nn.utils.parametrizations.spectral_norm(made)
        if "id" in data:
            self.made[int(data["id"])] = made
        return made

    def _made(self, name: str, data: Tree) -> Any:
        if data.get("own"):
            return self._own(name, data)
        if name in CONTAINERS or name == "ModuleDict":
            return self._container(name, data)
        cls = CLASSES.get(name) or LAYERS.get(name)
        if cls is None:
            raise UserError(
                f"the composition names {name!r}, which is no part of this library: if it is your own class, pass it "
                "with classes=[...]; otherwise the file is damaged"
            )
        return _construct(cls, name, self._arguments(data))

    def _own(self, name: str, data: Tree) -> Any:
        if name in self.own and "arguments" not in data:
            raise UserError(
                f"{name!r} does not keep its constructor's arguments in attributes of the same names: compose the "
                "model again and pass it with model=..."
            )
        if name not in self.own:
            raise UserError(
                f"the composition holds {name!r}, a class of your own: pass it with classes=[{name}], or compose "
                "the model again and pass it with model=..."
            )
        return _construct(self.own[name], name, self._arguments(data))

    def _container(self, name: str, data: Tree) -> nn.Module:
        children = data.get("children")
        if name == "ModuleDict" and isinstance(children, dict):
            return nn.ModuleDict({key: self.value(child) for key, child in children.items()})
        if name in CONTAINERS and isinstance(children, list):
            made = [self.value(child) for child in children]
            return nn.Sequential(*made) if name == "Sequential" else nn.ModuleList(made)
        raise UserError(f"the composition holds a {name} without its layers: restore the file")

    def _arguments(self, data: Tree) -> dict[str, Any]:
        given = data.get("arguments", {})
        if not isinstance(given, dict):
            raise UserError(f"the arguments of {data['class']!r} in the composition are no table: restore the file")
        return {str(name): self.value(value) for name, value in given.items()}

    def _same(self, data: Tree) -> Any:
        if data["same"] not in self.made:
            raise UserError("the composition refers to a part that it does not hold: restore the file")
        return self.made[data["same"]]

    def _mapping(self, data: Tree) -> dict[str, Any]:
        return {str(key): self.value(part) for key, part in dict(data["mapping"]).items()}

    def _function(self, data: Tree) -> Callable[..., Any]:
        if data["function"] not in FUNCTIONS:
            raise UserError(f"the composition names a function {data['function']!r} that is not ours: restore the file")
        return FUNCTIONS[data["function"]]

    def _tensor(self, data: Tree) -> Tensor:
        given = data["tensor"]
        dtype = getattr(torch, str(given["dtype"]), None)
        if not isinstance(dtype, torch.dtype):
            raise UserError(f"the composition names a number format {given['dtype']!r} that there is not: restore it")
        if "values" in given:
            return torch.tensor(given["values"], dtype=dtype).reshape(given["shape"])
        return torch.ones([int(size) for size in given["shape"]], dtype=dtype)

    forms: ClassVar[dict[str, Callable[[Any, Tree], Any]]] = {
        "class": _node,
        "same": _same,
        "mapping": _mapping,
        "function": _function,
        "tensor": _tensor,
        "number": lambda self, data: float(data["number"]),
    }


def _construct(cls: type, name: str, given: dict[str, Any]) -> Any:
    """An instance, or a sentence on what does not fit."""
    try:
        inspect.signature(cls).bind(**given)
        return cls(**given)
    except UserError:
        raise
    except (TypeError, ValueError, AttributeError, KeyError, IndexError) as error:
        raise UserError(f"{name} of the composition cannot be built ({error}): restore it, or pass model=...") from None


def _given(part: Any) -> Mapping[str, Any] | None:
    """What an object was constructed with: remembered, or in attributes of the constructor's names."""
    kept, names = arguments(part), _named(type(part))
    # a subclass with a constructor of its own remembers what it passed on to ours, which does not build it
    if kept is not None and (names is None or set(names) == set(kept) - IDLE):
        return kept
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        return {field.name: getattr(part, field.name) for field in dataclasses.fields(part) if field.init}
    if type(part).__init__ is object.__init__:
        return {}
    if names is None:
        return None
    return {name: getattr(part, name) for name in names} if all(hasattr(part, name) for name in names) else None


def _named(cls: type) -> list[str] | None:
    """The names of a constructor's arguments; None where not each has one, or Python cannot tell."""
    try:
        parameters = inspect.signature(cls).parameters
    except ValueError:
        return None
    kinds = {parameter.kind for parameter in parameters.values()}
    if kinds & {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}:
        return None
    return [name for name in parameters if name not in IDLE]


def _parameters(cls: type) -> list[str]:
    """The names of a constructor's arguments that say what is built."""
    return [name for name in inspect.signature(cls).parameters if name not in IDLE]


def _attribute(layer: nn.Module, name: str) -> Any:
    value = getattr(layer, name)
    return value is not None if name == "bias" else value


def _is_normalized(layer: nn.Module) -> bool:
    if not parametrize.is_parametrized(layer):
        return False
    steps = [module for name, module in layer.named_modules() if name.count(".") == 2]  # parametrizations.weight.0
    return {type(step).__name__ for step in steps} == {"_SpectralNorm"}


def _in_state(owner: Any, name: str, ours: bool) -> bool:
    """Whether a checkpoint brings a tensor that a part was constructed with; ours keep all of theirs so."""
    return isinstance(owner, nn.Module) and (ours or name in owner.state_dict())


def _tensor(value: Tensor, registered: bool) -> Tree:
    """A tensor's shape; its values, too, unless a module keeps it among its own and a checkpoint brings them."""
    form: Tree = {"shape": list(value.shape), "dtype": str(value.dtype).removeprefix("torch.")}
    return {"tensor": form if registered else {**form, "values": value.detach().cpu().flatten().tolist()}}

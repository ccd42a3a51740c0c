"""What of a model can be taken out: encoder, decoder, generator, discriminator, each a module of tensors to tensors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from reparam.distributions import Normal
from reparam.errors import UserError
from reparam.evaluation.codes.encoding import code_form
from reparam.models.model import Model
from reparam.models.protocols import Conditional, Decodes, Encodes, HasPrior, Judges, can, encoded, named, require
from reparam.models.vae.priors import StandardNormal

BATCH = "batch"


@dataclass(frozen=True)
class Port:
    """A tensor that goes in or comes out.

    Args:
        name: of it.
        shape: of one example.
        dtype: its numbers.
        meaning: what it is, in words.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    meaning: str

    def __str__(self) -> str:
        return f"{self.name} ({', '.join([BATCH, *map(str, self.shape)])}) {self.dtype}: {self.meaning}"

    def random(self, n: int, classes: int) -> Tensor:
        """Values to try it by, from torch's global noise: about the data's and the prior's size."""
        return torch.randint(classes, (n,)) if self.dtype == "int64" else torch.randn(n, *self.shape)


class Part(nn.Module):
    """A function of a model as a module that holds what the function uses, and nothing else of the model.

    Args:
        model: whose function it is.
        function: from tensors to a tuple of tensors.
        example: tensors to find out by what it uses.
    """

    def __init__(self, model: Model, function: Callable[..., tuple[Tensor, ...]], example: tuple[Tensor, ...]) -> None:
        super().__init__()
        self._function = function
        # a part that hangs below a property's name, as a prior does, cannot be found again by torch.export
        self.parts = nn.ModuleDict({name: one for name, one in model.named_children() if _used(one, function, example)})

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """What the function gives."""
        return self._function(*inputs)


def _used(module: nn.Module, function: Callable[..., Any], example: tuple[Tensor, ...]) -> bool:
    """Whether a function calls any module within this one."""
    called: list[bool] = []
    hooks = [one.register_forward_pre_hook(lambda *_: called.append(True)) for one in module.modules()]
    try:
        with torch.no_grad():
            function(*example)
    finally:
        for hook in hooks:
            hook.remove()
    return bool(called)


@dataclass(frozen=True)
class Taken:
    """A part, and what it takes and gives.

    Args:
        function: from tensors to a tuple of tensors.
        inputs: what goes in.
        outputs: what comes out.
    """

    function: Callable[..., tuple[Tensor, ...]]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


def taken(model: Model, part: str, data: str) -> Taken:
    """A part of a model.

    Args:
        model: in evaluation mode.
        part: a name in :data:`PARTS`.
        data: what the numbers of x are, in words.

    Raises:
        UserError: if the model has no such part.
    """
    if part not in PARTS:
        raise UserError(f"part={part!r} is none: choose from {', '.join(PARTS)}")
    return PARTS[part](model, data)


def _encoder(model: Model, data: str) -> Taken:
    require(model, Encodes)
    x = Port("x", tuple(model.data_shape), "float32", data)
    shape = code_form(model).shape
    code = Port("code", shape, "float32", "the centre of q(z|x)")
    if not isinstance(encoded(model, torch.zeros(1, *model.data_shape)), Normal):
        return Taken(lambda x: (encoded(model, x).center,), (x,), (code,))
    scale = Port(
        "scale", shape, "float32", "the standard deviation of q(z|x): z = code + scale * noise, noise ~ N(0, I)"
    )
    return Taken(lambda x: _moments(encoded(model, x)), (x,), (code, scale))


def _decoder(model: Model, data: str) -> Taken:
    if not can(model, Encodes):
        raise UserError(f"{named(model)} makes x of noise and has no encoder: take part='generator'")
    decode = require(model, Decodes).decode
    p = decode(torch.zeros(1, *code_form(model).shape))
    z = Port("z", code_form(model).shape, "float32", f"a code, as the encoder gives it; of new x {noise_of(model)}")
    mean = Port("mean", tuple(model.data_shape), "float32", f"the mean of p(x|z), {data}")
    if not isinstance(p, Normal):
        return Taken(lambda z: (decode(z).mean,), (z,), (mean,))
    scale = Port("scale", tuple(model.data_shape), "float32", "the standard deviation of p(x|z), a normal")
    return Taken(lambda z: _moments(decode(z)), (z,), (mean, scale))


def _moments(p: Any) -> tuple[Tensor, Tensor]:
    return p.mean, p.scale.expand_as(p.mean).clone()


def _generator(model: Model, data: str) -> Taken:
    if can(model, Encodes) or not (can(model, Decodes) and can(model, HasPrior)):
        raise UserError(f"{named(model)} has no generator: this needs a model of a game, such as a gan")
    z = Port("z", code_form(model).shape, "float32", noise_of(model))
    x = Port("x", tuple(model.data_shape), "float32", f"a new example, {data}")
    decode: Callable[..., Any] = model.decode
    told = (_label(model),) if can(model, Conditional) else ()
    return Taken(lambda z, *y: (decode(z, *y).mean,), (z, *told), (x,))


def _discriminator(model: Model, data: str) -> Taken:
    judges = require(model, Judges)
    x = Port("x", tuple(model.data_shape), "float32", data)
    told = (_label(model),) if can(model, Conditional) else ()
    words = (
        "the critic's value, higher where x looks real" if judges.critic else "the logit, above 0 where x looks real"
    )
    output = Port("critic" if judges.critic else "logit", (), "float32", words)
    return Taken(lambda x, *y: (judges.judge(x, *y),), (x, *told), (output,))


def _label(model: Any) -> Port:
    return Port("y", (), "int64", f"the class, from 0 to {model.classes - 1}")


def noise_of(model: Any) -> str:
    """How z is drawn, in words."""
    learned = can(model, Encodes) and not isinstance(getattr(model, "prior_module", StandardNormal(1)), StandardNormal)
    if learned:
        return f"drawn from the learned prior ({type(model.prior_module).__name__}), which is not in this file"
    if not can(model, HasPrior):
        return "drawn from nothing that was trained: the model has no prior"
    return "drawn from N(0, I)"


PARTS: dict[str, Callable[[Any, str], Taken]] = {
    "decoder": _decoder,
    "encoder": _encoder,
    "generator": _generator,
    "discriminator": _discriminator,
}
"""By name, what takes a part out of a model; the first that a model has is taken unless one is named."""

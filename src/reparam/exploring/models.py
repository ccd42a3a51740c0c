"""A model as the page computes it: which of its parts, in which precision, and how far from torch they are then."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from reparam.errors import UserError
from reparam.exploring.layers import Exporter
from reparam.exploring.parts import encoder_of, layers_of, likelihood_of, prior_told
from reparam.exploring.weights import Weights
from reparam.hardware import exact
from reparam.models.model import Model
from reparam.models.networks_of import Networks, networks_of
from reparam.models.parts import evaluating

MOST_PACKED = 4_650_000
"""Letters of the networks' numbers: with style, scripts and examples a page stays below 5 MB."""
HALF_WITHIN = 1e-3
"""How far outputs may be from torch's, for weights to be kept in float16; of a size of 1, or of their own if larger."""
ROWS = 16


class TooLarge(UserError):
    """A model has more numbers than there is room for."""


@dataclass
class Told:
    """What the page is told.

    Attributes:
        model: for the engine; what stands in the heaps is there by reference.
        weights: the heaps.
        left_out: what the page does without, a sentence each.
        half: the parts whose weights are float16.
    """

    model: dict[str, Any]
    weights: Weights
    left_out: list[str] = field(default_factory=list)
    half: tuple[str, ...] = ()


@exact()
@torch.no_grad()
def told_of(model: Model, x: Tensor, most: int = MOST_PACKED, halved: bool = False) -> Told:
    """A model for the page: float32 where there is room, else float16 where that changes nothing, else fewer parts.

    Args:
        model: of images or vectors.
        x: some examples, or anything like them, ``(n, *data_shape)``.
        most: letters of its numbers.
        halved: take float16 wherever that changes nothing, room or not.

    Raises:
        TooLarge: naming its size.
        UserError: naming what of the decoder the page cannot compute.
    """
    networks = networks_of(model)
    with evaluating(model):
        parts = [part for part in ("decoder", "encoder", "judge") if _has(networks, part)]
        left_out: list[str] = []
        for part in parts[1:]:
            try:
                _written(model, networks, (part,), {}, x)
            except UserError as error:
                parts.remove(part)
                left_out.append(f"{str(error).rstrip('.')}.")
        well = {part: _halves_well(networks, part, x) for part in parts}
        while True:
            half = {part: "f16" for part in parts if well[part]}
            for kinds in (half,) if halved else ({}, half):
                told = _written(model, networks, tuple(parts), kinds, x)
                if told.weights.fit(most):
                    told.left_out, told.half = left_out, tuple(kinds)
                    return told
            if len(parts) == 1:
                break
            left_out.append(f"The {_named(parts.pop())} is left out: with it the page would be larger than 5 MB.")
    size = sum(p.numel() for p in networks.decoder.parameters())
    raise TooLarge(f"the {_named('decoder')} has {size:,} weights, more than a page of 5 MB holds: explore a smaller "
                    "model (hidden=..., width=...)")  # fmt: skip


def _has(networks: Networks, part: str) -> bool:
    return {"decoder": networks.decoder, "encoder": networks.encoder, "judge": networks.judge}[part] is not None


def _named(part: str) -> str:
    return {"judge": "discriminator"}.get(part, part)


def _inputs(networks: Networks, part: str, x: Tensor) -> tuple[Tensor, ...]:
    """Rows for a network: examples, or z ~ N(0, I), and classes where it is told of one."""
    like = next(networks.decoder.parameters())
    x = x[:ROWS].to(like)
    z = torch.randn(len(x), networks.latent_dim, generator=torch.Generator().manual_seed(0)).to(like)
    given = z if part == "decoder" else x
    y = torch.arange(len(given), device=like.device) % max(networks.classes, 1)
    return (given, y) if networks.classes else (given,)


def _written(model: Model, networks: Networks, parts: tuple[str, ...], kinds: dict[str, str], x: Tensor) -> Told:
    weights = Weights()
    to = {part: Exporter(weights, kinds.get(part, "f32"), _named(part)) for part in ("decoder", "encoder", "judge")}
    shape = tuple(model.data_shape)
    found: dict[str, Any] = {"latent_dim": networks.latent_dim, "shape": list(shape), "classes": networks.classes}
    found |= {"decoder": None, "encoder": None, "judge": None, "posterior": None}
    found |= {"critic": networks.critic, "probability": networks.probability}
    found["likelihood"] = likelihood_of(to["decoder"], networks, shape)
    found["prior"] = prior_told(to["decoder"], model, networks)
    if "decoder" in parts:
        found["decoder"], _ = to["decoder"].operations(networks.decoder, *_inputs(networks, "decoder", x))
    if "encoder" in parts:
        found["encoder"], found["posterior"] = encoder_of(to["encoder"], networks, _inputs(networks, "encoder", x)[0])
    if found["posterior"] == "hierarchical":
        assert networks.posterior is not None
        found["layers"] = layers_of(weights, networks.posterior)
    if "judge" in parts:
        assert networks.judge is not None
        found["judge"], _ = to["judge"].operations(networks.judge, *_inputs(networks, "judge", x))
    return Told(found, weights)


def _halves_well(networks: Networks, part: str, x: Tensor) -> bool:
    """Whether rounding a part's matrices and kernels to float16 keeps what it makes within :data:`HALF_WITHIN`."""
    network = {"decoder": networks.decoder, "encoder": networks.encoder, "judge": networks.judge}[part]
    assert network is not None
    given = _inputs(networks, part, x)
    end = networks.likelihood if part == "decoder" and networks.likelihood is not None else None
    before = network(*given)
    kept = {name: parameter.clone() for name, parameter in network.named_parameters()}
    try:
        for parameter in network.parameters():
            if parameter.dim() > 1:
                parameter.copy_(parameter.half().to(parameter))
        after = network(*given)
    finally:
        for name, parameter in network.named_parameters():
            parameter.copy_(kept[name])
    if end is not None:
        before, after = end(before).mean, end(after).mean
    return bool(((after - before).abs() <= HALF_WITHIN * before.abs().clamp(min=1)).all())

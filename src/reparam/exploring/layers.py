"""A network as a list of operations that a page can compute: what the page's engine, ``pages/engine.js``, reads."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from reparam import networks
from reparam.errors import UserError
from reparam.exploring.weights import Weights
from reparam.networks import players

Operation = dict[str, Any]


@dataclass(frozen=True)
class Exporter:
    """Writes networks down.

    Args:
        weights: where their numbers go.
        kind: of the numbers of matrices and kernels, ``f32`` or ``f16``; all others are float32.
        part: what the network is, for errors.
    """

    weights: Weights
    kind: str = "f32"
    part: str = "network"

    def put(self, tensor: Tensor) -> list[Any]:
        """Keep a tensor: matrices and kernels in the kind asked for."""
        return self.weights.put(tensor.detach().float().cpu().numpy(), self.kind if tensor.dim() > 1 else "f32")

    def operations(self, network: nn.Module, x: Tensor, *condition: Tensor) -> tuple[list[Operation], Tensor]:
        """A network's operations, and what it makes of x ``(batch, ...)``.

        Args:
            network: in evaluation mode.
            x: an input: shapes are taken from it.
            condition: what follows x in a call.

        Raises:
            UserError: naming the first layer that the page does not compute.
        """
        cls = type(network)
        if parametrize.is_parametrized(network):  # a class made for it alone, whose base is the layer's
            cls = cls.__base__  # type: ignore[assignment]
        if issubclass(cls, nn.Sequential) and cls.forward is nn.Sequential.forward:
            return self._chain(list(network.children()), x)
        write = WRITERS.get(cls)
        if write is None:
            raise UserError(
                f"the page computes no {cls.__name__}, which the {self.part} has: build it of "
                "Linear, Conv2d, ConvTranspose2d, norms, poolings and activations, as `reparam train` does"
            )
        return write(self, network, x, *condition)

    def _chain(self, layers: Sequence[nn.Module], x: Tensor) -> tuple[list[Operation], Tensor]:
        found = []
        for layer in layers:
            operations, x = self.operations(layer, x)
            found += operations
        return found, x


Writer = Callable[..., tuple[list[Operation], Tensor]]
Of = Callable[[Exporter, Any, Tensor, Tensor], Operation | None]


def _leaf(describe: Of) -> Writer:
    """A layer that is one operation: what it makes of x tells the shapes."""

    def write(to: Exporter, layer: nn.Module, x: Tensor) -> tuple[list[Operation], Tensor]:
        y = layer(x)
        operation = describe(to, layer, x, y)
        return ([] if operation is None else [operation]), y

    return write


def _linear(to: Exporter, layer: nn.Linear, x: Tensor, y: Tensor) -> Operation:
    return {"op": "linear", "weight": to.put(layer.weight), "bias": _bias(to, layer)}


def _bias(to: Exporter, layer: Any) -> list[Any] | None:
    return None if layer.bias is None else to.put(layer.bias)


def _convolution(op: str) -> Of:
    def describe(to: Exporter, layer: Any, x: Tensor, y: Tensor) -> Operation:
        if layer.padding_mode != "zeros" or isinstance(layer.padding, str) or x.dim() != 4:
            raise UserError(f"the page computes a {type(layer).__name__} with padding by zeros, as many as numbers "
                            f"say: the {to.part} has the padding {layer.padding!r}, {layer.padding_mode}")  # fmt: skip
        sizes = {name: list(getattr(layer, name)) for name in ("stride", "padding", "dilation")}
        found = {"weight": to.put(layer.weight), "bias": _bias(to, layer), "groups": layer.groups}
        return {"op": op, **sizes, **found, "size": list(y.shape[1:])}

    return describe


def _batch_norm(to: Exporter, layer: Any, x: Tensor, y: Tensor) -> Operation:
    if layer.running_var is None:
        raise UserError(f"the page computes a {type(layer).__name__} by its running averages, and that of the "
                        f"{to.part} keeps none")  # fmt: skip
    scale = (layer.running_var + layer.eps).rsqrt() * (1 if layer.weight is None else layer.weight)
    shift = (0 if layer.bias is None else layer.bias) - layer.running_mean * scale
    return {"op": "channels", "scale": to.put(scale), "shift": to.put(shift)}


def _normalized(groups: Callable[[Any, Tensor], int], by_channel: bool) -> Of:
    """Layer and group normalization: each group of an example's numbers is brought to mean 0 and variance 1."""

    def describe(to: Exporter, layer: Any, x: Tensor, y: Tensor) -> Operation:
        own = {name: None if value is None else to.weights.put(value.detach().float().flatten().cpu().numpy())
               for name, value in (("weight", layer.weight), ("bias", layer.bias))}  # fmt: skip
        return {"op": "norm", "groups": groups(layer, x), "eps": layer.eps, "by_channel": by_channel, **own}

    return describe


def _pooling(op: str) -> Of:
    def describe(to: Exporter, layer: Any, x: Tensor, y: Tensor) -> Operation:
        kernel, stride, padding = (_pair(getattr(layer, name)) for name in ("kernel_size", "stride", "padding"))
        usual = not layer.ceil_mode and _pair(getattr(layer, "dilation", 1)) == [1, 1]
        if not usual or getattr(layer, "divisor_override", None) or x.dim() != 4:
            raise UserError(f"the page computes no {type(layer).__name__} with dilation, ceil_mode or a divisor, which "
                            f"the {to.part} has")  # fmt: skip
        counted = bool(getattr(layer, "count_include_pad", True))
        return {"op": op, "kernel": kernel, "stride": stride, "padding": padding, "counted": counted,
                "size": list(y.shape[1:])}  # fmt: skip

    return describe


def _pair(value: Any) -> list[int]:
    return [value, value] if isinstance(value, int) else list(value)


def _adaptive(to: Exporter, layer: Any, x: Tensor, y: Tensor) -> Operation:
    return {"op": "adaptive", "size": list(y.shape[1:])}


def _upsample(to: Exporter, layer: nn.Upsample, x: Tensor, y: Tensor) -> Operation:
    whole = all(
        out % side == 0 for out, side in zip(y.shape[2:], x.shape[2:], strict=True)
    )  # else torch rounds otherwise
    if layer.mode not in ("nearest", "bilinear") or x.dim() != 4 or not (whole or layer.scale_factor is None):
        raise UserError(f"the page computes no Upsample that is {layer.mode} by {layer.scale_factor}, which the "
                        f"{to.part} has: use nearest or bilinear by a whole number")  # fmt: skip
    return {"op": layer.mode, "corners": bool(layer.align_corners), "size": list(y.shape[1:])}


def _reshape(to: Exporter, layer: nn.Module, x: Tensor, y: Tensor) -> Operation:
    return {"op": "reshape", "size": list(y.shape[1:])}


def _activation(name: str, *numbers: str) -> Of:
    def describe(to: Exporter, layer: Any, x: Tensor, y: Tensor) -> Operation:
        return {"op": "each", "of": name, "by": [float(getattr(layer, number)) for number in numbers]}

    return describe


def _gelu(to: Exporter, layer: nn.GELU, x: Tensor, y: Tensor) -> Operation:
    return {"op": "each", "of": "gelu" if layer.approximate == "none" else "gelu_tanh", "by": []}


def _elu(to: Exporter, layer: nn.ELU, x: Tensor, y: Tensor) -> Operation:
    return {"op": "each", "of": "elu", "by": [float(layer.alpha)]}


def _nothing(to: Exporter, layer: nn.Module, x: Tensor, y: Tensor) -> None:
    return None


def _shuffle(to: Exporter, layer: nn.PixelShuffle, x: Tensor, y: Tensor) -> Operation:
    return {"op": "shuffle", "by": layer.upscale_factor}


def _affine(to: Exporter, layer: Any, x: Tensor, y: Tensor) -> Operation:
    scale, shift = (to.weights.put(part.expand(y.shape[1:]).cpu().numpy()) for part in (layer.scale, layer.shift))
    return {"op": "affine", "scale": scale, "shift": shift}


def _ranged(to: Exporter, layer: players.Ranged, x: Tensor, y: Tensor) -> Operation | None:
    low, high = float(layer.low), float(layer.high)
    return {"op": "ranged", "low": low, "high": high} if layer.bounded and math.isfinite(high - low) else None


def _fourier(to: Exporter, layer: players.FourierFeatures, x: Tensor, y: Tensor) -> Operation:
    return {"op": "fourier", "frequencies": to.weights.put(layer.frequencies.cpu().numpy())}


def _residual(to: Exporter, block: networks.ResidualBlock, x: Tensor) -> tuple[list[Operation], Tensor]:
    inside, change = to.operations(block.branch, x)
    return [{"op": "residual", "inside": inside}], x + change


def _conditional(to: Exporter, network: players.Conditional, x: Tensor, y: Tensor) -> tuple[list[Operation], Tensor]:
    label = torch.nn.functional.one_hot(y, network.classes).to(x.dtype)
    label = label.reshape(len(x), network.classes, *[1] * (x.dim() - 2)).expand(-1, -1, *x.shape[2:])
    inside, out = to.operations(network.network, torch.cat([x, label], dim=1))
    return [{"op": "told", "classes": network.classes}, *inside], out


LEAVES: dict[type, Of] = {
    nn.Linear: _linear,
    nn.Conv2d: _convolution("conv"),
    nn.ConvTranspose2d: _convolution("up"),
    nn.BatchNorm1d: _batch_norm,
    nn.BatchNorm2d: _batch_norm,
    nn.LayerNorm: _normalized(lambda layer, x: x[0].numel() // math.prod(layer.normalized_shape), by_channel=False),
    nn.GroupNorm: _normalized(lambda layer, x: layer.num_groups, by_channel=True),
    nn.MaxPool2d: _pooling("largest"),
    nn.AvgPool2d: _pooling("average"),
    nn.AdaptiveAvgPool2d: _adaptive,
    nn.Upsample: _upsample,
    nn.Flatten: _reshape,
    nn.Unflatten: _reshape,
    nn.PixelShuffle: _shuffle,
    nn.ReLU: _activation("relu"),
    nn.LeakyReLU: _activation("leaky", "negative_slope"),
    nn.SiLU: _activation("silu"),
    nn.GELU: _gelu,
    nn.ELU: _elu,
    nn.CELU: _activation("celu", "alpha"),
    nn.SELU: _activation("selu"),
    nn.Mish: _activation("mish"),
    nn.Tanh: _activation("tanh"),
    nn.Sigmoid: _activation("sigmoid"),
    nn.LogSigmoid: _activation("log_sigmoid"),
    nn.Softplus: _activation("softplus", "beta", "threshold"),
    nn.Softsign: _activation("softsign"),
    nn.Hardtanh: _activation("clip", "min_val", "max_val"),
    nn.ReLU6: _activation("clip", "min_val", "max_val"),
    **dict.fromkeys((nn.Identity, nn.Dropout, nn.Dropout2d), _nothing),
    networks.Affine: _affine,
    players.Ranged: _ranged,
    players.FourierFeatures: _fourier,
}
WRITERS: dict[type, Writer] = {
    **{cls: _leaf(describe) for cls, describe in LEAVES.items()},
    networks.ResidualBlock: _residual,
    players.Conditional: _conditional,
}
"""The layers that the page computes, and how each is written down."""

"""DINOv2's features, which current work judges images by: timm's network, weights at hand."""

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from math import isqrt
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from reparam.errors import UserError
from reparam.evaluation.samples.weights import Published, digest
from reparam.hardware import choose_device, exact

VARIABLE = "REPARAM_DINOV2_WEIGHTS"
SIDE = 224
"""Pixels that images are brought to: 16 × 16 patches, as Stein et al. 2023 did."""
AT_ONCE = 32
ARCHITECTURES = {
    384: "vit_small_patch14_dinov2",
    768: "vit_base_patch14_dinov2",
    1024: "vit_large_patch14_dinov2",
}
"""By the width of their codes; timm's names."""
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet, in [0, 1], which the network was trained with."""
HOW = (
    "fetch model.safetensors of timm/vit_large_patch14_dinov2.lvd142m (or small, or base) from the Hugging Face hub "
    f"and name it with dinov2_weights=... or in {VARIABLE}"
)
WEIGHTS = Published("DINOv2", VARIABLE, HOW, HOW)


class Dinov2(nn.Module):
    """The class token of a DINOv2 transformer after its last norm (Oquab et al. 2023): 384, 768 or 1,024 numbers.

    Stein et al. 2023 find that distances of these rank images as people do, where Inception's do not. The network is
    timm's; nothing is downloaded, and the weights are a safetensors file. It is made where the GPU is, if there is one.
    Positions are brought from the 37 × 37 patches of training to 16 × 16 by timm's resampling, antialiased, which the
    first authors' code is not: compare with numbers of this one.

    Args:
        weights: the file; unless given, the one that the environment variable ``REPARAM_DINOV2_WEIGHTS`` names. Its
            tensors say which of the three networks it is of.

    Attributes:
        title: what it is, how images are brought to it and which weights it has, for the record.

    Raises:
        UserError: if timm or the file is missing, or the file holds other weights.
    """

    def __init__(self, weights: str | Path | None = None) -> None:
        super().__init__()
        path = WEIGHTS.path(weights)
        tensors = WEIGHTS.read(path)
        name, side = _architecture(tensors, path)
        self.network = _with_weights(name, side, tensors, path)
        self.title = (
            f"DINOv2's class token, {name}, {tensors['cls_token'].shape[-1]} numbers; images of 8 bits brought to "
            f"{SIDE}×{SIDE} by antialiased bicubic interpolation, not cropped, normalized as ImageNet (weights "
            f"{digest(tensors)})"
        )
        self.to(choose_device("auto"))

    @exact()  # PyTorch convolves in TF32 on CUDA unless told otherwise: 7e-4 off, where float32 is 2e-6 off
    def forward(self, x: Tensor) -> Tensor:
        """Features ``(n, width)`` of images x ``(n, 1 or 3, height, width)`` in [0, 1].

        Values are clamped and made 8-bit, as images are when they are saved; grey ones become red, green and blue.

        Raises:
            UserError: if x has another shape, or values that are not finite.
        """
        if x.dim() != 4 or x.shape[1] not in (1, 3):
            raise UserError(f"DINOv2 sees images (n, 1 or 3, height, width), not {tuple(x.shape)}: take raw features")
        if not torch.isfinite(x).all():
            raise UserError("DINOv2 was given images with values that are not finite: remove or mend them")
        return torch.cat([self.network(prepared(part)) for part in torch.split(x, AT_ONCE)])


def prepared(x: Tensor) -> Tensor:
    """What the network is given, ``(n, 3, 224, 224)``, of images x ``(n, 1 or 3, height, width)``."""
    whole = (x.clamp(0, 1) * 255).round() / 255
    seen = interpolate(whole, (SIDE, SIDE), mode="bicubic", antialias=True).clamp(0, 1)
    mean, deviation = (torch.tensor(three, device=x.device)[:, None, None] for three in (MEAN, DEVIATION))
    return (seen.expand(-1, 3, -1, -1) - mean) / deviation


def _architecture(tensors: Mapping[str, Tensor], path: Path) -> tuple[str, int]:
    """The network whose weights these are, and the side of the images that its positions are of."""
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    width = shapes.get("cls_token", (0,))[-1]
    places = shapes.get("pos_embed", (0, 0, 0))
    side = isqrt(places[1] - 1) if len(places) == 3 and places[1] > 1 else 0
    fits = shapes.get("patch_embed.proj.weight") == (width, 3, 14, 14) and side**2 + 1 == places[1]
    if width not in ARCHITECTURES or not fits:
        raise UserError(
            f"{path} holds {len(tensors)} tensors, which are not the weights of {', '.join(ARCHITECTURES.values())} as "
            f"timm names them: {HOW}"
        )
    return ARCHITECTURES[width], 14 * side


def _with_weights(name: str, side: int, tensors: Mapping[str, Tensor], path: Path) -> nn.Module:
    """The network with these weights, for images of any size in whole patches."""
    network: nn.Module = _timm_model(name, side)
    wanted = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    found = {key: tuple(value.shape) for key, value in tensors.items()}
    wrong = [f"{key} is {found.get(key, 'missing')}" for key in wanted if found.get(key) != wanted[key]]
    wrong += [f"{key} is not of it" for key in found if key not in wanted]
    if wrong:
        more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        raise UserError(f"{path} does not hold the weights of {name} ({wrong[0]}{more}): {HOW}")
    network.load_state_dict(dict(tensors))
    return network.eval().requires_grad_(False)


def _timm_model(name: str, side: int) -> nn.Module:
    """Timm's network, of weights that nobody needs."""
    if find_spec("timm") is None:
        raise UserError("DINOv2's features need timm: pip install 'reparam[dinov2]'")
    try:
        timm = import_module("timm")
    except (ImportError, RuntimeError, OSError) as error:  # what a torchvision of another build comes to differs
        raise UserError(
            f"timm cannot be imported ({error}): it imports torchvision, which must be of the same build as your torch "
            f"{torch.__version__}; see https://pytorch.org/get-started/locally"
        ) from error
    made: nn.Module = timm.create_model(name, pretrained=False, num_classes=0, img_size=side, dynamic_img_size=True)
    return made

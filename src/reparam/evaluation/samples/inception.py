"""Inception-v3's features, which published Fréchet distances rest on: torch-fidelity's network, weights at hand."""

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from reparam.errors import UserError
from reparam.evaluation.samples.weights import Published, digest
from reparam.hardware import choose_device, exact

VARIABLE = "REPARAM_INCEPTION_WEIGHTS"
FEATURES = 2048
AT_ONCE = 50
"""Images of 299×299 with all their activations: 50 take about a gigabyte."""
PUBLISHED = (
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth"
)
CONVERT = (
    'python -c "import torch; from safetensors.torch import save_file; save_file({k: v.contiguous() for k, v in '
    f"torch.load('{PUBLISHED.rsplit('/', 1)[1]}', weights_only=True).items()}}, 'inception.safetensors')\""
)
HOW = f"fetch {PUBLISHED} (about 95 MB), convert it once: {CONVERT} and name the result in {VARIABLE}"
WEIGHTS = Published("Inception", VARIABLE, HOW, f"convert the published one with {CONVERT}")


class Inception(nn.Module):
    """The last pooling layer of Inception-v3, 2048 numbers: what a Fréchet inception distance is taken between.

    The network is torch-fidelity's, which agrees with the TensorFlow graph of Heusel et al. 2017, resizing included.
    Give it to :func:`reparam.evaluation.measures` as ``features``. Nothing is downloaded, and nothing of unknown origin
    is unpickled: the weights are a safetensors file. It is made where the GPU is, if there is one; a core of a CPU sees
    a few images a second, so that 10,000 samples beside 50,000 training examples take it hours.

    Args:
        weights: the file; unless given, the one that the environment variable ``REPARAM_INCEPTION_WEIGHTS`` names.

    Attributes:
        title: what it is and which weights it has, for the record.

    Raises:
        UserError: if torch-fidelity or the file is missing, or the file holds other weights.
    """

    def __init__(self, weights: str | Path | None = None) -> None:
        super().__init__()
        tensors, make = WEIGHTS.read(WEIGHTS.path(weights)), _network()
        self.network = _with_weights(make, tensors)
        self.title = f"Inception-v3's last pooling layer, {FEATURES} numbers (weights {digest(tensors)})"
        self.to(choose_device("auto"))

    @exact()
    def forward(self, x: Tensor) -> Tensor:
        """Features ``(n, 2048)`` of images x ``(n, 1 or 3, height, width)`` in [0, 1].

        Values are clamped and made 8-bit, as images are when they are saved; grey ones become red, green and blue.

        Raises:
            UserError: if x has another shape, or values that are not finite.
        """
        if x.dim() != 4 or x.shape[1] not in (1, 3):
            raise UserError(
                f"Inception sees images (n, 1 or 3, height, width), not {tuple(x.shape)}: take raw features"
            )
        if not torch.isfinite(x).all():
            raise UserError("Inception was given images with values that are not finite: remove or mend them")
        pixels = (x.clamp(0, 1) * 255).round().to(torch.uint8).expand(-1, 3, -1, -1)
        return torch.cat([self.network(part)[0] for part in torch.split(pixels, AT_ONCE)])


def _network() -> Any:
    """torch-fidelity's class."""
    if find_spec("torch_fidelity") is None:
        raise UserError("Inception's features need torch-fidelity: pip install 'reparam[inception]'")
    try:
        return import_module("torch_fidelity.feature_extractor_inceptionv3").FeatureExtractorInceptionV3
    except (ImportError, RuntimeError, OSError) as error:  # what a torchvision of another build comes to differs
        raise UserError(
            f"torch-fidelity cannot be imported ({error}): it imports torchvision, which must be of the same build as "
            f"your torch {torch.__version__}; see https://pytorch.org/get-started/locally"
        ) from error


def _with_weights(make: Any, tensors: Mapping[str, Tensor]) -> nn.Module:
    """The network with these weights."""
    # Its constructor downloads weights, or unpickles those it is given without a check: so it is given bytes that were
    # written here a moment ago.
    own = BytesIO()
    torch.save(dict(tensors), own)
    own.seek(0)
    try:
        network: nn.Module = make("inception", [str(FEATURES)], feature_extractor_weights_path=own)
    except RuntimeError as error:
        raise UserError(f"these are not the weights of torch-fidelity's Inception ({_first(error)}): {HOW}") from None
    return network


def _first(error: RuntimeError) -> str:
    """Of the many lines that torch writes on weights that do not fit, what is missing first."""
    return " ".join(str(error).split())[:120]

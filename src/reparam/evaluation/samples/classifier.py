"""The judge of generated digits: a small convolutional classifier of MNIST, its weights shipped with the library."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from safetensors.torch import load
from torch import Tensor, nn

from reparam.data import DataRecord, Dataset
from reparam.door import read_json
from reparam.errors import UserError
from reparam.hardware import exact

WEIGHTS = Path(__file__).parent / "bundled" / "mnist_classifier.safetensors"
CLASSES = 10
FEATURES = 96
IMAGE_SHAPE = (1, 28, 28)
MNIST = ("mnist", "static-mnist")
"""The names of data whose classes the classifier names."""
BATCH_SIZE = 1000
# A sigmoid or an affine map may miss the interval by a rounding error; images in [-1, 1] or 0..255 miss it by far.
TOLERANCE = 1e-3


def _convolution(before: int, after: int, stride: int = 1) -> list[nn.Module]:
    # no bias: the batch norm that follows would take it away again
    convolution = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False)
    return [convolution, nn.BatchNorm2d(after), nn.ReLU()]


class DigitClassifier(nn.Module):
    """Five 3×3 convolutions with batch norm, from 28×28 down to 4×4, then one hidden layer: the features.

    ``digit_classifier()`` gives the trained one.

    >>> DigitClassifier()(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 10])
    """

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            *_convolution(1, 32, stride=2),
            *_convolution(32, 32),
            *_convolution(32, 64, stride=2),
            *_convolution(64, 64),
            *_convolution(64, 64, stride=2),
            nn.Flatten(),
            nn.Linear(64 * 4 * 4, FEATURES),
            nn.ReLU(),
        )
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(FEATURES, CLASSES))

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``(n, 10)`` of x ``(n, 1, 28, 28)`` in [0, 1], all at once and with gradient."""
        logits: Tensor = self.head(self.trunk(x))
        return logits

    def probabilities(self, x: Tensor) -> Tensor:
        """The probability of each digit, ``(n, 10)`` on the CPU, for x ``(n, 1, 28, 28)`` in [0, 1]; no gradient.

        Raises:
            UserError: if x has another shape, is empty, or has values outside [0, 1].
        """
        return self._in_batches(self, x).softmax(1)

    def features(self, x: Tensor) -> Tensor:
        """The last hidden layer, ``(n, 96)`` on the CPU, for x ``(n, 1, 28, 28)`` in [0, 1]; no gradient.

        Raises:
            UserError: as :meth:`probabilities`.
        """
        return self._in_batches(self.trunk, x)

    @exact()
    @torch.no_grad()
    def _in_batches(self, function: nn.Module, x: Tensor) -> Tensor:
        check_digits(x)
        weight = next(self.parameters())
        return torch.cat([function(part.to(weight)).cpu() for part in torch.split(x, BATCH_SIZE)])


def is_mnist(data: Dataset | DataRecord) -> bool:
    """Whether data are MNIST, grey or binarized once and for all: only of these can classes be read off images.

    >>> from reparam.data import load_data
    >>> is_mnist(load_data("mnist")), is_mnist(load_data("ring"))
    (True, False)
    """
    return data.name in MNIST and tuple(data.data_shape) == IMAGE_SHAPE


def fits_classifier(data: Dataset | DataRecord) -> bool:
    """Whether the network can look at data, whatever they show: grey images of 28 by 28 in [0, 1]."""
    low, high = data.range
    return tuple(data.data_shape) == IMAGE_SHAPE and low >= 0 and high <= 1


def check_digits(x: Tensor) -> None:
    """Refuse what is not a batch of grey 28×28 images in [0, 1].

    Raises:
        UserError: naming the shape, the dtype or the range.
    """
    if x.shape[1:] != IMAGE_SHAPE or len(x) == 0:
        raise UserError(
            f"the digit classifier judges images of shape (n, 1, 28, 28) with n at least 1, and was given "
            f"{tuple(x.shape)}: it knows MNIST only"
        )
    if not x.is_floating_point():
        raise UserError(f"the digit classifier judges floats in [0, 1], and was given {x.dtype}: divide by 255 first")
    low, high = x.min().item(), x.max().item()
    if not (low >= -TOLERANCE and high <= 1 + TOLERANCE):  # so written, it refuses NaN too
        raise UserError(
            f"the digit classifier judges values in [0, 1], and was given values from {low:g} to {high:g}: "
            "rescale or clamp them first"
        )


@cache
def digit_classifier(path: Path = WEIGHTS) -> DigitClassifier:
    """The trained classifier in evaluation mode, on the CPU, its parameters fixed; loaded once.

    Args:
        path: safetensors file, stored in half precision; ``scripts/train_classifier.py`` writes it, and beside it the
            JSON that records its SHA-256 and what it reached on the test set.

    Raises:
        UserError: if the file or its JSON is missing, or its SHA-256 is not the one in the JSON.
    """
    tensors = load(_verified(path))
    model = DigitClassifier().eval().requires_grad_(False)
    model.load_state_dict(tensors)  # copies into float32
    return model


def _verified(path: Path) -> bytes:
    expected = read_json(path.with_suffix(".json"))["sha256"]
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): install reparam again") from None
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise UserError(
            f"{path} has SHA-256 {found} and should have {expected}: the file is damaged, install reparam again"
        )
    return content


@dataclass(frozen=True)
class ClassHistogram:
    """Which digits a batch of images shows, as the classifier sees them.

    ``shares``: digit to its share of the n predicted classes (all ten digits are keys, the shares sum to 1).
    ``top_probability``: mean probability of the predicted class.
    """

    shares: dict[int, float]
    top_probability: float
    n: int


def class_histogram(x: Tensor) -> ClassHistogram:
    """Judge images x ``(n, 1, 28, 28)`` in [0, 1] with :func:`digit_classifier`.

    Raises:
        UserError: as :meth:`DigitClassifier.probabilities`.
    """
    top, digit = digit_classifier().probabilities(x).max(1)
    shares = torch.bincount(digit, minlength=CLASSES).double() / len(x)
    return ClassHistogram(dict(enumerate(shares.tolist())), top.double().mean().item(), len(x))

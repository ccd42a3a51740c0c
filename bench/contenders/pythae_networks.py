"""The 784-400-20 perceptrons as pythae wants them, or wider and deeper."""

from itertools import pairwise

from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from torch import Tensor, nn

from bench.contenders.common import HIDDEN, LATENT
from bench.mnist import PIXELS


def hidden_layers(inputs: int, hidden: int, depth: int) -> list[nn.Module]:
    """Linear maps, each with its ReLU."""
    sizes = [inputs, *[hidden] * depth]
    return [layer for pair in pairwise(sizes) for layer in (nn.Linear(*pair), nn.ReLU())]


class Encoder(BaseEncoder):
    def __init__(self, hidden: int = HIDDEN, depth: int = 1) -> None:
        super().__init__()
        self.hidden = nn.Sequential(*hidden_layers(PIXELS, hidden, depth))
        self.mean, self.log_variance = nn.Linear(hidden, LATENT), nn.Linear(hidden, LATENT)

    def forward(self, x: Tensor) -> ModelOutput:
        h = self.hidden(x)
        return ModelOutput(embedding=self.mean(h), log_covariance=self.log_variance(h))


class Decoder(BaseDecoder):
    def __init__(self, hidden: int = HIDDEN, depth: int = 1) -> None:
        super().__init__()
        self.layers = nn.Sequential(*hidden_layers(LATENT, hidden, depth), nn.Linear(hidden, PIXELS), nn.Sigmoid())

    def forward(self, z: Tensor) -> ModelOutput:
        return ModelOutput(reconstruction=self.layers(z))

"""pythae's get_nll with the same MLP: decoded samples per second."""

import argparse
import json
import time

import torch
from pythae.models import VAE, VAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from torch import Tensor, nn

from bench.contenders.common import HIDDEN, LATENT
from bench.mnist import PIXELS, binarized_test_images


class Encoder(BaseEncoder):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Sequential(nn.Linear(PIXELS, HIDDEN), nn.ReLU())
        self.mean, self.log_variance = nn.Linear(HIDDEN, LATENT), nn.Linear(HIDDEN, LATENT)

    def forward(self, x: Tensor) -> ModelOutput:
        h = self.hidden(x)
        return ModelOutput(embedding=self.mean(h), log_covariance=self.log_variance(h))


class Decoder(BaseDecoder):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(LATENT, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, PIXELS), nn.Sigmoid())

    def forward(self, z: Tensor) -> ModelOutput:
        return ModelOutput(reconstruction=self.layers(z))


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--images", type=int, default=40)
parser.add_argument("--samples", type=int, default=5000)
parser.add_argument("--batch", type=int, default=1000)
options = parser.parse_args()
torch.manual_seed(0)
config = VAEConfig(input_dim=(PIXELS,), latent_dim=LATENT, reconstruction_loss="bce")
model = VAE(config, Encoder(), Decoder()).eval()
x = torch.from_numpy(binarized_test_images()[: options.images]).float()
with torch.no_grad():  # get_nll does not say so itself: left to it, it would be slower
    model.get_nll(x[:2], options.batch, options.batch)
    start = time.perf_counter()
    model.get_nll(x, options.samples, options.batch)
    seconds = time.perf_counter() - start
print(json.dumps({"per_second": len(x) * options.samples / seconds}))

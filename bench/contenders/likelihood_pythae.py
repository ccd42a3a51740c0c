"""pythae's get_nll with the same MLP: decoded samples per second."""

import argparse
import json
import time

import torch
from pythae.models import VAE, VAEConfig

from bench.contenders.common import LATENT
from bench.contenders.pythae_networks import Decoder, Encoder
from bench.mnist import PIXELS, binarized_test_images

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

"""reparam's importance sampling: decoded samples per second, and the process's peak memory."""

import argparse
import json
import resource
import time

import torch

from bench.mnist import binarized_test_images
from reparam.evaluation.likelihood.importance import importance_estimate
from reparam.kinds import VAEConfig, build_model

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--images", type=int, default=40)
parser.add_argument("--samples", type=int, default=5000)
options = parser.parse_args()
torch.manual_seed(0)
model = build_model(VAEConfig(likelihood="bernoulli"), (1, 28, 28)).eval()
x = torch.from_numpy(binarized_test_images()[: options.images]).reshape(-1, 1, 28, 28).float()
with torch.no_grad():
    importance_estimate(model, x, 100)
    start = time.perf_counter()
    importance_estimate(model, x, options.samples)  # type: ignore[arg-type]
    seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"per_second": len(x) * options.samples / seconds, "peak_mib": peak}))

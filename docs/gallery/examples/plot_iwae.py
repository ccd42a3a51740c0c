"""
A tighter bound, draw by draw
=============================

The log of the mean of K importance weights is a lower bound on log p(x) that rises with K: the ELBO is K = 1, and
training on K > 1 is the importance-weighted autoencoder, ``reparam train vae --objective iwae --samples 8``.
"""

import matplotlib.pyplot as plt
import torch

import reparam
from reparam.bounds import importance_weighted, log_importance_weights

run = reparam.load("bundled:vae-mnist")
vae = run.model.eval()
torch.manual_seed(0)
x = torch.as_tensor(run.data.test.x[:64]).float()  # pixels are 0 or 1
with torch.no_grad():
    weights = log_importance_weights(x, vae.encode(x), vae.prior, vae.decode, 1024)
    draws = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
    # each K by all the draws, cut into groups of K
    bounds = [importance_weighted(weights.reshape(-1, k, len(x)).movedim(1, 0)).mean().item() for k in draws]
print(f"ELBO {bounds[0]:.1f}, with 1,024 draws {bounds[-1]:.1f} nats")

figure, axes = plt.subplots(figsize=(6, 3.4), layout="constrained")
axes.semilogx(draws, bounds, "o-", base=2)
axes.set(xlabel="draws K", ylabel="bound on log p(x), nats per example")
axes.grid(alpha=0.3)

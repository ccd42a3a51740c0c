"""
A prior made of posteriors
==========================

The VampPrior is the mixture of the posteriors of pseudo-inputs that are learned with the rest: it lies where the codes
of the data lie, and not the other way round. Its density, and the codes of test digits.
"""

import matplotlib.pyplot as plt
import torch

import reparam

run = reparam.fit(
    "vae", "mnist", prior="vamp", latent_dim=2, hidden=(128,), steps=400, progress=reparam.training.Silent()
)
codes = reparam.latents(run, 1000)
print(run.test)  # nats per example

low, high = codes.numbers["z"].min(0) - 1, codes.numbers["z"].max(0) + 1
across, up = torch.meshgrid(*(torch.linspace(a, b, 120) for a, b in zip(low, high, strict=True)), indexing="xy")
with torch.no_grad():
    density = run.model.prior.log_prob(torch.stack([across, up], dim=-1)).exp()

figure, axes = plt.subplots(figsize=(5.4, 4.6), layout="constrained")
axes.contourf(across, up, density, levels=12, cmap="Greys")
axes.scatter(*codes.numbers["z"].T, s=4, c=codes.numbers["labels"], cmap="tab10")
axes.set(xlabel="z₁", ylabel="z₂")

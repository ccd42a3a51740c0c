"""
What the critic sees
====================

A Wasserstein critic is a landscape whose slope is kept near 1: high where data lack samples, low where samples are too
many. The generator walks uphill. Here the game has hardly begun, and the critic shows what is missing.
"""

import matplotlib.pyplot as plt
import torch

import reparam

data = reparam.load_data("moons")
run = reparam.fit(
    "wgan",
    data,
    generator_hidden=(128, 128),
    discriminator_hidden=(128, 128),
    gradient_penalty=10.0,
    steps=200,
    progress=reparam.training.Silent(),
)
made = run.sample(500).x

x = torch.as_tensor(data.test.x[:500])
low, high = x.amin(0) - 0.5, x.amax(0) + 0.5
across, up = torch.meshgrid(*(torch.linspace(a, b, 80) for a, b in zip(low, high, strict=True)), indexing="xy")
with torch.no_grad():
    heights = run.model.judge(torch.stack([across, up], dim=-1).reshape(-1, 2)).reshape(80, 80)

figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
drawn = axes.contourf(across, up, heights, levels=20, cmap="Greys_r")
axes.scatter(*x.T, s=6, label="data")
axes.scatter(*made.T, s=6, label="samples")
axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
axes.legend()
figure.colorbar(drawn, label="height of the critic")

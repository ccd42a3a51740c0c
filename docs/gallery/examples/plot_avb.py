"""
Posteriors without a density
============================

Four data points, a plane of codes. Adversarial variational Bayes has a posterior z = f(x, noise) of any shape, and a
discriminator in the place of its density; four of them share out the normal prior like a cake. The lab `four-points`
trains longer, and checks each number.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn

import reparam
from reparam.models import AVB, ImplicitPosterior, PairDiscriminator, StandardNormal
from reparam.networks import MLP

torch.manual_seed(0)
points = torch.eye(4)
avb = AVB(
    nn.Identity(),
    ImplicitPosterior(2, 4, 16, (64, 64)),  # from a data point and 16 numbers of noise to a code
    MLP(2, [64, 64], 4),
    PairDiscriminator(nn.Identity(), MLP(4 + 2, [64, 64], 1)),
    StandardNormal(2),
    discriminator_turns=2,
)
run = reparam.fit(
    avb,
    points.repeat(2000, 1),
    steps=600,
    learning_rate=0.005,
    batch_size=400,
    progress=reparam.training.Silent(),
)

torch.manual_seed(0)
with torch.no_grad():
    z = run.model.encode(points).sample((1000,))  # (1000, 4, 2)

figure, axes = plt.subplots(figsize=(5, 4.6), layout="constrained")
for k in range(4):
    axes.scatter(*z[:, k].T, s=4, label=f"x = e{k + 1}")
axes.set(xlabel="z₁", ylabel="z₂", aspect="equal")
axes.legend(markerscale=3)

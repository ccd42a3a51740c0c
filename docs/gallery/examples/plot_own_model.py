"""
A model of your own
===================

What is no VAE and no GAN is a game played in turns, too: a name, what moves, and the loss it moves on. Here a mixture
of normals; the loop trains it, and whatever asks for samples or a density can use it.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn

import reparam
from reparam.distributions import Normal, NormalMixture


class Mixture(reparam.Model):
    """K normals, all of it learned."""

    monitor = "log_density"  # what is raised on validation data

    def __init__(self, components):
        super().__init__()
        self.data_shape = (2,)
        self.logits = nn.Parameter(torch.zeros(components))
        self.means = nn.Parameter(torch.randn(components, 2))
        self.log_scales = nn.Parameter(torch.zeros(components, 2))

    def density(self):
        return NormalMixture(self.logits, Normal.from_log_scale(self.means, self.log_scales))

    def turns(self):
        yield reparam.Turn("mixture", self, lambda batch: {"loss": -self.density().log_prob(batch.x).mean()})

    def evaluate(self, batch):
        return {"log_density": self.density().log_prob(batch.x)}

    def sample(self, n):
        return self.density().sample((n,))


torch.manual_seed(0)
data = reparam.load_data("ring")
run = reparam.fit(Mixture(16), data, steps=600, learning_rate=0.02, progress=reparam.training.Silent())
print(run.test)  # nats per example

figure, axes = plt.subplots(figsize=(4.6, 4.4), layout="constrained")
axes.scatter(*data.test.x[:1000].T, s=6, label="data")
axes.scatter(*run.sample(1000).x.T, s=6, label="samples")
axes.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect="equal")
axes.legend()

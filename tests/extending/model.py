"""A model of one's own: every value is normal by itself."""

import torch
from torch import nn

from reparam import checks
from reparam.distributions import Normal
from reparam.models import Model, Turn
from reparam.recording import recorded


@recorded
class Cloud(Model):
    """x = mean + deviation * noise, each value by itself; the deviations are ``least`` or more."""

    monitor = "log_density"

    def __init__(self, data_shape, least=0.01):
        super().__init__()
        self.data_shape = checks.widths("data_shape", data_shape, 1)
        self.least = checks.positive("least", least)
        self.mean = nn.Parameter(torch.zeros(self.data_shape))
        self.log_scale = nn.Parameter(torch.zeros(self.data_shape))

    def density(self):
        scale = self.least + self.log_scale.exp()
        return Normal.from_positive(self.mean, scale, event_dims=len(self.data_shape))

    def turns(self):
        yield Turn("cloud", self, lambda batch: {"loss": -self.density().log_prob(batch.x).mean()})

    def evaluate(self, batch):
        return {"log_density": self.density().log_prob(batch.x)}

    def sample(self, n):
        return self.density().sample((n,))

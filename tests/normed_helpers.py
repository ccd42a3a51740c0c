"""Models whose losses draw nothing, most with batch norms, and their gradients in float64 on any number of shards."""

import torch
from torch import nn

from helpers import small_data
from reparam.adversarial.penalties import gradient_norms, half_mean_square, input_gradients
from reparam.data import Batches
from reparam.distributions import Normal
from reparam.models import Model, Turn
from reparam.networks import MLP
from reparam.networks.players import mlp_generator
from reparam.randomness import noise
from reparam.settings import TrainingConfig
from reparam.training.loop import Loop
from reparam.training.processes import ALONE
from reparam.training.sharding import Sharding

PIXELS = 36


def spread(x):
    """What stands for noise: other numbers for each example, ``(batch, 3)``, from the example alone."""
    angles = torch.arange(PIXELS * 3, dtype=x.dtype, device=x.device).reshape(PIXELS, 3)
    return 2 * torch.sin(x.flatten(1) @ torch.cos(7 * angles) * 5)


def normed(inputs, outputs):
    """A perceptron with two batch norms."""
    return nn.Sequential(
        nn.Linear(inputs, 6), nn.BatchNorm1d(6), nn.Softplus(), nn.Linear(6, 5), nn.BatchNorm1d(5, momentum=None),
        nn.Tanh(), nn.Linear(5, outputs),
    )  # fmt: skip


class Squares(Model):
    """A loss that draws nothing: a mean over examples, unless ``rare`` counts, which it does in some shards alone."""

    data_shape = (1, 6, 6)

    def __init__(self, rare=False):
        super().__init__()
        self.network, self.rare, self.unused = (
            MLP((1, 6, 6), [8], 3),
            nn.Parameter(torch.ones(3)),
            nn.Parameter(torch.ones(2)),
        )
        self.counts, self.counted = rare, []

    def turns(self):
        """One."""
        yield Turn("squares", self, self.loss)

    def loss(self, batch):
        """The mean square distance of the network's outputs from 1."""
        out = self.network(batch.x)
        if self.counts and batch.x[0, 0, 0, 0] > 0.5:
            out = out * self.rare
        self.counted.append(bool(batch.x[0, 0, 0, 0] > 0.5))
        return {"loss": (out - 1).square().sum(1).mean(), "first": out.mean()}


class NormedVAE(Model):
    """Batch norms in encoder and decoder."""

    data_shape = (1, 6, 6)

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = normed(PIXELS, 6), normed(3, PIXELS)

    def turns(self):
        """One."""
        yield Turn("vae", self, self.loss)

    def loss(self, batch):
        """The negative bound of a unit normal likelihood, up to a constant."""
        mean, log_scale = self.encoder(batch.x.flatten(1)).chunk(2, dim=1)
        posterior = Normal.from_log_scale(mean, log_scale)
        kl = posterior.kl(Normal.from_log_scale(torch.zeros_like(mean), torch.zeros_like(mean))).mean()
        made = self.decoder(mean + log_scale.exp() * spread(batch.x))
        error = 0.5 * (made - batch.x.flatten(1)).square().sum(1).mean()
        return {"loss": error + kl, "kl": kl}


class NormedGame(Model):
    """A generator with batch norms against a critic with batch norms, which R1 and a gradient penalty keep smooth."""

    data_shape = (1, 6, 6)

    def __init__(self):
        super().__init__()
        self.generator = mlp_generator(3, [6, 5], (1, 6, 6), 0.0, 1.0)
        convolution = nn.Sequential(nn.Conv2d(1, 3, 3, stride=2), nn.BatchNorm2d(3), nn.Softplus(), nn.Flatten())
        self.critic = nn.Sequential(convolution, normed(12, 1))

    def turns(self):
        """The critic's, twice, and the generator's."""
        yield Turn("critic", self.critic, self.critic_loss, repeats=2)
        yield Turn("generator", self.generator, self.generator_loss)

    def judge(self, x):
        """One output each."""
        return self.critic(x).flatten()

    def critic_loss(self, batch):
        """Wasserstein's, with both penalties."""
        with torch.no_grad():
            fake = self.generator(spread(batch.x))
        between = batch.x + (0.5 + 0.4 * torch.tanh(spread(batch.x)[:, :1, None, None])) * (fake - batch.x)
        penalty = (gradient_norms(self.judge, between) - 1).square().mean()
        r1 = half_mean_square(input_gradients(self.judge, batch.x))
        return {"loss": self.judge(fake).mean() - self.judge(batch.x).mean() + penalty + r1, "penalty": penalty}

    def generator_loss(self, batch):
        """Wasserstein's."""
        return {"loss": -self.judge(self.generator(spread(batch.x))).mean()}


MODELS = {"vae": NormedVAE, "game": NormedGame}


class Doubles(Batches):
    """Batches in float64."""

    def __call__(self, index):
        """The whole."""
        return super().__call__(index)[0].double(), None

    def shard(self, index, shard, shards):
        """A part."""
        return super().shard(index, shard, shards)[0].double(), None


def numbers_of(name, shards, processes=ALONE, over="batch", device="cpu"):
    """All gradients of a model's first step, and its buffers after it: lists of numbers by name."""
    with noise(0, "normed"):
        model, data = MODELS[name]().double(), small_data(300)
    model.to(device)
    batches = Doubles(data.train, data, 32, 0, device)
    config = TrainingConfig(precision="fp32", optimizer="sgd", learning_rate=0.01, batch_norm_over=over)
    loop = Loop(model.turns(), batches, config, 9, within=model, sharding=Sharding(shards, processes))
    loop.play(0)
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    return {name: value.flatten().tolist() for name, value in [*gradients.items(), *model.named_buffers()]}

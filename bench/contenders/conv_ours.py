"""The convolutional GAN and the residual VAE by reparam's `fit`, without a run folder; with --profile, by operation."""

import argparse
import ctypes
import json
import resource
import sys

import torch

import reparam
from bench.contenders.conv_common import Stopwatch, options, pixels, report, shape_of
from bench.contenders.conv_networks import CODE, LATENT, WIDTH
from bench.operations import grouped
from reparam.data import Dataset, Split
from reparam.kinds import GANConfig, VAEConfig, build_model
from reparam.models import Model
from reparam.models.traits import Traits
from reparam.training import Callback, Silent
from reparam.training.session import Session

PROFILED = 5
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


def taken(argv: list[str], *own: str) -> tuple[argparse.Namespace, list[bool]]:
    """The common flags, and which of our own there are."""
    sys.argv = [sys.argv[0], *(word for word in argv if word not in own)]
    return options(__doc__), [word in argv for word in own]


chosen, (profile, kept) = taken(sys.argv[1:], "--profile", "--kept-memory")


def keep_memory() -> None:
    """Have glibc give no memory back that the next step asks for again; elsewhere there is nothing to be told."""
    library = ctypes.CDLL(None)
    library.mallopt(M_MMAP_THRESHOLD, 32 * 2**20)
    library.mallopt(M_TRIM_THRESHOLD, 2**30)


def faults() -> int:
    """Pages that the system has handed out so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


class Until(Callback):
    """Stops when the time is over, or after some steps that were profiled."""

    def __init__(self) -> None:
        self.watch, self.profiler, self.steps = Stopwatch(chosen), torch.profiler.profile(), 0

    def step(self, session: Session) -> None:
        self.steps += 1
        if self.steps == 2:
            self.pages = faults()
        if profile and self.steps == 3:
            self.profiler.start()
        elif profile and self.steps == 3 + PROFILED:
            self.profiler.stop()
            session.ask_to_stop("it is profiled")
        elif not profile and not self.watch.step():
            session.ask_to_stop("the time is over")


def build() -> tuple[Model, Dataset]:
    """The model as the command composes it, and its data."""
    shape, game = shape_of(chosen), chosen.model == "gan"
    # a Bernoulli likelihood is of 0 and 1
    x = pixels(chosen) if game else pixels(chosen) // 255
    traits = Traits(data_shape=shape, range=(0.0, 1.0))
    players = GANConfig(
        network="conv",
        loss="non-saturating",
        width=WIDTH,
        latent_dim=LATENT,
        average=0.0,
        shared_samples=chosen.shared_samples,
    )
    vae = VAEConfig(network="residual", width=WIDTH, latent_dim=CODE, likelihood="bernoulli")
    splits = (Split(part) for part in (x, x[:64], x[:64]))
    data = Dataset("pixels", *splits, data_shape=shape, scale=255.0 if game else 1.0, binary=not game)
    model = build_model(players if game else vae, shape, traits)
    # fit leaves the memory format of weights as it finds it
    return model.to(memory_format=torch.channels_last) if chosen.channels_last else model, data


def main() -> None:
    if kept:
        keep_memory()
    model, data = build()
    until = Until()
    settings = {"steps": 10**6, "batch_size": chosen.batch, "precision": chosen.precision, "seed": chosen.seed}
    usual = {"log_every": 50, "validate_every": 10**6, "test": False, "progress": Silent(), "callbacks": [until]}
    reparam.fit(model, data, **settings, **usual)
    if profile:
        print(json.dumps({"milliseconds": grouped(until.profiler.key_averages(), PROFILED)}))
    else:
        report(until.watch, page_faults_a_step=(faults() - until.pages) / (until.steps - 2))


if __name__ == "__main__":
    main()

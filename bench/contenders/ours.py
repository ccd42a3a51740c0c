"""(d) reparam as `reparam train vae` runs it, without a run folder: seconds per epoch, or seconds until a test ELBO."""

from bench.contenders.common import LATENT, Clock, options, report, report_epochs, report_target

chosen = options(__doc__)
clock = Clock()

import time  # noqa: E402
from collections.abc import Mapping  # noqa: E402
from contextlib import suppress  # noqa: E402
from typing import Any  # noqa: E402

import torch  # noqa: E402

import reparam  # noqa: E402
from bench.mnist import TRAIN, binarized_test_images, binarized_validation_images  # noqa: E402
from reparam.kinds import VAEConfig, suiting  # noqa: E402
from reparam.models import VAE, Batch  # noqa: E402
from reparam.runs.config import RunConfig  # noqa: E402
from reparam.settings import TrainingConfig  # noqa: E402
from reparam.training import Callback, resolve  # noqa: E402
from reparam.training.session import Session  # noqa: E402
from reparam.training.start import fresh_model  # noqa: E402

PACKAGES = ("reparam", "torch", "numpy")


class Reached(Exception):
    """Leaves fit as soon as the bound is reached, as the peer does."""


class Stopwatch(Callback):
    """Seconds from one epoch's validation row to the last train row of the next: training alone."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def start(self, session: Session) -> None:
        self.steps_per_epoch = session.loop.steps_per_epoch

    def row(self, session: Session, row: Mapping[str, Any]) -> None:
        now = time.perf_counter()
        if row["split"] == "validation":
            self.began = now
        elif row["split"] == "train" and row["step"] % self.steps_per_epoch == 0:
            self.seconds.append((now - self.began) * TRAIN / (self.steps_per_epoch * chosen.batch))


class UntilTarget(Callback):
    """Reads the test ELBO after each epoch, off the clock; fit's own validation stays on it."""

    def __init__(self, model: VAE) -> None:
        self.model, self.trace = model, []
        with clock.paused():
            images = binarized_test_images() if chosen.judge == "test" else binarized_validation_images()
            self.test = torch.from_numpy(images).float().view(-1, 1, 28, 28)

    def row(self, session: Session, row: Mapping[str, Any]) -> None:
        if row["split"] != "validation" or row["step"] == 0:
            return
        with clock.paused():
            self.trace.append((clock.elapsed(), test_elbo(self.model, self.test)))
        if self.trace[-1][1] >= chosen.target or clock.elapsed() > chosen.cap:
            raise Reached


@torch.no_grad()
def test_elbo(model: VAE, test: torch.Tensor) -> float:
    """Nats per image, one draw of z and the analytic KL."""
    return torch.cat([model.evaluate(Batch(part))["elbo"] for part in test.split(1000)]).mean().item()


def prepared(**training: Any) -> tuple[VAE, reparam.data.Dataset, RunConfig]:
    """Model, data and settings exactly as `reparam train vae` resolves them."""
    how = {"precision": chosen.precision, "products": chosen.products, "fuse": chosen.fuse}
    asked = TrainingConfig(seed=chosen.seed, batch_size=chosen.batch, **how, **training)
    config = RunConfig(model=VAEConfig(hidden=(chosen.hidden,) * chosen.depth), training=asked)
    config, data = resolve(config)
    model = fresh_model(config, data)
    assert isinstance(model, VAE)
    assert (config.model.hidden, config.model.latent_dim) == ((chosen.hidden,) * chosen.depth, LATENT)
    return model, data, config


def measure_epochs() -> None:
    watch = Stopwatch()
    model, data, config = prepared(epochs=chosen.warmup + chosen.epochs)
    run = reparam.fit(model, data, progress=watch, config=config)
    report_epochs(chosen, PACKAGES, watch.seconds, elbo=run.test["elbo"])


def measure_target() -> None:
    asked = {"epochs": chosen.race_epochs, "learning_rate": chosen.learning_rate, "schedule": chosen.schedule}
    model, data, config = prepared(**{name: value for name, value in asked.items() if value is not None})
    watch = UntilTarget(model)
    with suppress(Reached):
        reparam.fit(model, data, progress=watch, config=config)
    report_target(chosen, PACKAGES, clock, watch.trace, settings=config.training.model_dump())


def main() -> None:
    if chosen.describe:
        chosen.batch = suiting.batch_size(TRAIN)
        report(chosen, PACKAGES)
        return
    measure_epochs() if chosen.target is None else measure_target()


if __name__ == "__main__":
    main()

"""(a) pythae's own BaseTrainer with the same MLP: seconds per epoch, or seconds until a test ELBO."""

from bench.contenders.common import LATENT, Clock, options, report_epochs, report_target

chosen = options(__doc__)
clock = Clock()

import tempfile  # noqa: E402
import time  # noqa: E402
from contextlib import suppress  # noqa: E402

import torch  # noqa: E402
from pythae.data.datasets import BaseDataset  # noqa: E402
from pythae.models import VAE, VAEConfig  # noqa: E402
from pythae.trainers import BaseTrainer, BaseTrainerConfig  # noqa: E402
from pythae.trainers.training_callbacks import TrainingCallback  # noqa: E402
from torch import Tensor  # noqa: E402

from bench.contenders.pythae_networks import Decoder, Encoder  # noqa: E402
from bench.mnist import (  # noqa: E402
    PIXELS,
    TRAIN,
    binarized_test_images,
    binarized_validation_images,
    train_images,
)

PACKAGES = ("pythae", "torch", "numpy")
DEFAULT_LEARNING_RATE = 1e-4


class Reached(Exception):
    """Leaves pythae's loop, which has no way to stop by itself."""


class Stopwatch(TrainingCallback):
    """Seconds between an epoch's beginning and end; without an evaluation set that is training alone."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.start = 0.0

    def on_epoch_begin(self, training_config: BaseTrainerConfig, **_: object) -> None:
        self.start = time.perf_counter()

    def on_epoch_end(self, training_config: BaseTrainerConfig, **_: object) -> None:
        self.seconds.append(time.perf_counter() - self.start)


class UntilTarget(TrainingCallback):
    """Binarizes the training images afresh before each epoch, and after it reads the test ELBO, off the clock."""

    def __init__(self, pixels: Tensor, data: BaseDataset) -> None:
        self.pixels, self.data = pixels, data
        with clock.paused():
            images = binarized_test_images() if chosen.judge == "test" else binarized_validation_images()
            self.test = torch.from_numpy(images).float()
        self.trace: list[tuple[float, float]] = []

    def on_epoch_begin(self, training_config: BaseTrainerConfig, **_: object) -> None:
        self.data.data = (self.pixels > torch.randint(0, 255, self.pixels.shape, dtype=torch.uint8)).float()

    def on_epoch_end(self, training_config: BaseTrainerConfig, model: VAE, **_: object) -> None:
        with clock.paused():
            self.trace.append((clock.elapsed(), test_elbo(model, self.test)))
        if self.trace[-1][1] >= chosen.target or clock.elapsed() > chosen.cap:
            raise Reached


def test_elbo(model: VAE, test: Tensor) -> float:
    """Nats per image, one draw of z and the analytic KL: the negative of pythae's own loss on binary images."""
    with torch.no_grad():
        losses = [model({"data": part}).loss.item() * len(part) for part in test.split(1000)]
    return -sum(losses) / len(test)


def train(data: BaseDataset, callback: TrainingCallback, epochs: int, **settings: object) -> None:
    """pythae's trainer, its defaults but for the batch, the epochs and `settings`."""
    torch.manual_seed(chosen.seed)
    shape = VAEConfig(input_dim=(PIXELS,), latent_dim=LATENT, reconstruction_loss="bce")
    model = VAE(shape, Encoder(chosen.hidden, chosen.depth), Decoder(chosen.hidden, chosen.depth))
    with tempfile.TemporaryDirectory() as folder:
        config = BaseTrainerConfig(
            output_dir=folder, num_epochs=epochs, per_device_train_batch_size=chosen.batch, no_cuda=True, **settings
        )
        BaseTrainer(model, data, training_config=config, callbacks=[callback]).train()


def measure_epochs(data: BaseDataset) -> None:
    watch = Stopwatch()
    train(data, watch, chosen.warmup + chosen.epochs)
    report_epochs(chosen, PACKAGES, watch.seconds)


def measure_target(pixels: Tensor, data: BaseDataset) -> None:
    callback = UntilTarget(pixels, data)
    rate = chosen.learning_rate or DEFAULT_LEARNING_RATE
    epochs, settings = chosen.race_epochs or 10_000, {"learning_rate": rate, "seed": chosen.seed}
    if chosen.schedule == "cosine":
        settings |= {"scheduler_cls": "CosineAnnealingLR", "scheduler_params": {"T_max": epochs}}
    with suppress(Reached):
        train(data, callback, epochs, **settings)
    report_target(chosen, PACKAGES, clock, callback.trace, learning_rate=rate)


def main() -> None:
    pixels = torch.from_numpy(train_images())
    data = BaseDataset(pixels.float() / 255, torch.ones(TRAIN))
    if chosen.target is None:
        measure_epochs(data)
    else:
        measure_target(pixels, data)


if __name__ == "__main__":
    main()

"""reparam's GAN with the tutorial's networks, as `reparam train gan` runs it, without a run folder."""

from bench.contenders.common import options, report_epochs

chosen = options(__doc__)

import time  # noqa: E402
from collections.abc import Mapping  # noqa: E402
from typing import Any  # noqa: E402

import reparam  # noqa: E402
from bench.mnist import TRAIN  # noqa: E402
from reparam.kinds import GANConfig  # noqa: E402
from reparam.runs.config import RunConfig  # noqa: E402
from reparam.settings import TrainingConfig  # noqa: E402
from reparam.training import Callback, resolve  # noqa: E402
from reparam.training.session import Session  # noqa: E402
from reparam.training.start import fresh_model  # noqa: E402


class Stopwatch(Callback):
    """Seconds between the last rows of epochs; a game has no validation between them."""

    def start(self, session: Session) -> None:
        self.steps_per_epoch, self.times = session.loop.steps_per_epoch, [time.perf_counter()]

    def row(self, session: Session, row: Mapping[str, Any]) -> None:
        if row["split"] == "train" and row["step"] % self.steps_per_epoch == 0:
            self.times.append(time.perf_counter())


def main() -> None:
    training = TrainingConfig(epochs=chosen.warmup + chosen.epochs, batch_size=chosen.batch, seed=chosen.seed)
    # no moving average: the tutorial has none
    game = GANConfig(loss="non-saturating", average=0.0, shared_samples=chosen.shared_samples)
    config, data = resolve(RunConfig(model=game, training=training))
    watch = Stopwatch()
    reparam.fit(fresh_model(config, data), data, progress=watch, config=config)
    whole = TRAIN / (watch.steps_per_epoch * chosen.batch)
    seconds = [(after - before) * whole for before, after in zip(watch.times, watch.times[1:], strict=False)]
    report_epochs(chosen, ("reparam", "torch", "numpy"), seconds)


if __name__ == "__main__":
    main()

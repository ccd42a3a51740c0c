"""What is set to take longer than the training does, or has too few steps to be one: said before it begins."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from reparam.models.model import Model
from reparam.settings import TrainingConfig
from reparam.training.callbacks import Callback

if TYPE_CHECKING:
    from reparam.training.session import Session

FEW_STEPS = 100


class Lengths(Callback):
    """Says which settings reach beyond the end of the training, and that few steps are few."""

    def start(self, session: "Session") -> None:
        """Say it, unless the run goes on where it was interrupted, and has said it."""
        if session.step:
            return
        for text in unfinished(session.model, session.config, session.total / session.loop.steps_per_epoch):
            session.note(f"warning: {text}")
        if session.total < FEW_STEPS:
            few = "1 step is" if session.total == 1 else f"{session.total} steps are"
            session.note(f"warning: {few} hardly a training: most models need some hundreds, or thousands")


def unfinished(model: Model, training: TrainingConfig, epochs: float) -> Iterator[str]:
    """What would not come to its end within so many epochs, in sentences.

    >>> from reparam.models import VAE, StandardNormal
    >>> from reparam.networks import MLP
    >>> vae = VAE(MLP(3, [4], 2), MLP(1, [4], 3), StandardNormal(1))
    >>> list(unfinished(vae, TrainingConfig(keep_every=50), 5))
    ['keep_every=50 keeps no weights of a training of 5 epochs']
    """
    for name, takes in model.schedules().items():
        if takes > epochs:
            yield (
                f"{name}={takes:g} takes more epochs than this training has ({epochs:.4g}), and ends "
                f"{epochs / takes:.0%} of the way: give epochs={math.ceil(takes)} or more, or a smaller `{name}`"
            )
    if training.patience and training.patience >= epochs:
        yield f"patience={training.patience} never stops a training of {epochs:.4g} epochs"
    if (training.validate_every or 1) > max(1, epochs):  # 1 is what nobody asked for
        yield f"validate_every={training.validate_every} validates a training of {epochs:.4g} epochs at its end alone"
    if training.keep_every and training.keep_every > epochs:
        yield f"keep_every={training.keep_every} keeps no weights of a training of {epochs:.4g} epochs"

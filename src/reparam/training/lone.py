"""A batch of one example: what is normalized over the batch cannot be trained on it, which is said before it begins."""

import copy

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from reparam.data import Batches, Dataset
from reparam.errors import UserError
from reparam.models.model import Batch, Model
from reparam.randomness import noise

TORCHS_WORDS = "Expected more than 1 value per channel"


def check_batch(model: Model, data: Dataset, batch_size: int) -> None:
    """Refuse to train a model on batches of one example if a layer of it normalizes them away.

    Every turn's loss is tried once on a copy, since convolutions normalize over pixels, too, and can do with one.

    Args:
        model: in any mode; it is left as it is.
        data: what it is to be trained on.
        batch_size: as asked for.

    Raises:
        UserError: naming a layer, and what would do.
    """
    if min(batch_size, len(data.train)) > 1:
        return
    trial = copy.deepcopy(model).train()
    x, y = Batches(data.train, data, 1, 0, next(trial.parameters()).device)(0)
    try:
        with noise(0, "a batch of one"):
            for turn in trial.turns():
                turn.loss(Batch(x, y))
    except ValueError as error:
        if TORCHS_WORDS not in str(error):
            raise
        raise UserError(_told(trial, data, batch_size)) from None


def _told(model: nn.Module, data: Dataset, batch_size: int) -> str:
    layer = next((name for name, module in model.named_modules() if isinstance(module, _BatchNorm)), "a layer")
    few = f"the training split of {data.name!r} has 1 example"
    cause = few if len(data.train) == 1 else f"batch_size={batch_size} makes batches of 1 example"
    remedy = "bring more data" if len(data.train) == 1 else "give 2 or more"
    return f"{cause}, too few for batch normalization ({layer}): {remedy}, or leave it out (batch_norm=False)"

"""A batch of one example: what is normalized over the batch cannot be trained on it, which is said before it begins."""

import copy

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from reparam.data import Batches, Dataset
from reparam.errors import UserError
from reparam.models.model import Batch, Model
from reparam.randomness import noise
from reparam.settings import ResolvedTraining

TORCHS_WORDS = "Expected more than 1 value per channel"


def check_batch(model: Model, data: Dataset, training: ResolvedTraining) -> None:
    """Refuse to train a model on batches, or shards, of one example if a layer of it normalizes them away.

    Every turn's loss is tried once on a copy, since convolutions normalize over pixels, too, and can do with one.

    Args:
        model: in any mode; it is left as it is.
        data: what it is to be trained on.
        training: how.

    Raises:
        UserError: naming a layer, and what would do.
    """
    batch_size = min(training.batch_size, len(data.train))
    if batch_size // (1 if training.batch_norm_over == "batch" else training.shards) > 1:
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
        raise UserError(_told(trial, data, training)) from None


def _told(model: nn.Module, data: Dataset, training: ResolvedTraining) -> str:
    layer = next((name for name, module in model.named_modules() if isinstance(module, _BatchNorm)), "a layer")
    if len(data.train) == 1:
        cause, remedy = f"the training split of {data.name!r} has 1 example", "bring more data"
    elif training.shards > 1:
        cause = f"shards={training.shards} leave 1 example of a batch to each"
        remedy = 'give fewer, or batch_norm_over="batch"'
    else:
        cause, remedy = f"batch_size={training.batch_size} makes batches of 1 example", "give 2 or more"
    return f"{cause}, too few for batch normalization ({layer}): {remedy}, or leave it out (batch_norm=False)"

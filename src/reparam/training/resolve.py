"""From what a user asked for to what exactly will be done: every ``auto`` decided by the data, then written down."""

from reparam.data import Dataset, binarized
from reparam.runs.run import read_data
from reparam.settings import EPOCHS, AVBConfig, DataConfig, NetworkConfig, RunConfig, TrainingConfig
from reparam.training.optimizers import SAFE_RATE

PERCEPTRON_RATE = 6e-3
# clipping is slow: after 1,100 updates of the generator (14 epochs at batch 128) samples are still blobs
GAME_EPOCHS = {"gan": 16, "wgan": 60}
POINT_EPOCHS = {"gan": 36, "wgan": 60}


def resolve(config: RunConfig) -> tuple[RunConfig, Dataset]:
    """Read the data and replace each ``auto`` by what it stands for.

    Grey images, and any data in which every value is 0 or 1, get a Bernoulli likelihood (grey values binarized
    dynamically); everything else a normal one on values as they are.

    Returns:
        The settings with no ``auto`` left in model and data, and the data set read by them.
    """
    raw = read_data(config.data)
    likelihood = getattr(config.model, "likelihood", "normal")
    if likelihood == "auto":
        likelihood = "bernoulli" if _suits_bernoulli(raw, config.data) else "normal"
    binarization = config.data.binarization
    if binarization == "auto":
        binarization = "dynamic" if likelihood == "bernoulli" and not raw.binary and _is_unit(raw) else "none"
    data_config = config.data.model_copy(update={"binarization": binarization})
    data = binarized(raw, binarization) if config.data.binarization == "auto" else raw
    training = _with_epochs(config, _with_rate(config), data)
    resolved = config.model_copy(update={"data": data_config, "training": training})
    if isinstance(config.model, NetworkConfig):
        resolved = resolved.model_copy(update={"model": config.model.model_copy(update={"likelihood": likelihood})})
    return resolved, data


def _with_rate(config: RunConfig) -> TrainingConfig:
    """A perceptron learns three times as fast as what is safe for everything; convolutions do not.

    Games are left alone: their turns say what they want.
    """
    model = config.model
    if (
        config.training.learning_rate is not None
        or not isinstance(model, NetworkConfig)
        or isinstance(model, AVBConfig)
    ):
        return config.training
    perceptron = model.network == "mlp"
    return config.training.model_copy(update={"learning_rate": PERCEPTRON_RATE if perceptron else SAFE_RATE})


def _with_epochs(config: RunConfig, training: TrainingConfig, data: Dataset) -> TrainingConfig:
    """Games take longer, and longest where every mode of a density is to be found and filled."""
    if training.epochs or training.steps:
        return training
    kind = getattr(config.model, "kind", "")
    epochs = (GAME_EPOCHS if data.is_image else POINT_EPOCHS).get(kind, EPOCHS)
    return training.model_copy(update={"epochs": epochs})


def _suits_bernoulli(raw: Dataset, config: DataConfig) -> bool:
    if raw.binary or config.binarization in ("threshold", "dynamic"):
        return True
    return config.binarization == "auto" and raw.is_image and raw.data_shape[0] == 1 and _is_unit(raw)


def _is_unit(raw: Dataset) -> bool:
    low, high = raw.range
    return low >= 0 and high <= 1

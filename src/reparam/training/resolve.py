"""From what a user asked for to what exactly will be done: every ``auto`` decided by the data, then written down."""

from reparam.config import DataConfig, NetworkConfig, RunConfig
from reparam.data import Dataset
from reparam.training.run import read_data


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
    data = raw if data_config == config.data or binarization == "none" else read_data(data_config)
    model = config.model
    if isinstance(model, NetworkConfig):
        model = model.model_copy(update={"likelihood": likelihood})
    return config.model_copy(update={"model": model, "data": data_config}), data


def _suits_bernoulli(raw: Dataset, config: DataConfig) -> bool:
    if raw.binary or config.binarization in ("threshold", "dynamic"):
        return True
    return config.binarization == "auto" and raw.is_image and raw.data_shape[0] == 1 and _is_unit(raw)


def _is_unit(raw: Dataset) -> bool:
    low, high = raw.range
    return low >= 0 and high <= 1

"""From what a user asked for to what exactly will be done: everything left open decided, then written down."""

import math
from collections.abc import Mapping
from typing import Any

import torch

from reparam.data import Dataset, binarized, units
from reparam.distributions.columns import Family
from reparam.errors import UserError
from reparam.hardware import choose_device, multiplies_bf16_fast
from reparam.kinds import kind_of, kind_of_settings
from reparam.kinds.networks import NetworkConfig
from reparam.models.model import Model
from reparam.models.traits import Traits
from reparam.networks.products import Products, has_onednn, usual_products
from reparam.runs.config import RunConfig
from reparam.runs.run import read_data
from reparam.settings import BATCH_SIZE, EPOCHS, FREE, Config, DataConfig, ModelConfig, ResolvedTraining, TrainingConfig
from reparam.training.fusing import resolved as resolved_fuse
from reparam.training.loop import batches_per_step
from reparam.training.optimizers import optimizer_settings

MOST_VALIDATIONS, STEPS_APART = 100, 20


def resolve(config: RunConfig) -> tuple[RunConfig, Dataset]:
    """Read the data and decide what the settings of data and model leave open.

    Returns:
        The settings with nothing left open in model and data, and the data set read by them.

    Raises:
        UserError: if the data cannot be read, or settings do not go together.
    """
    return decided(config, read_data(config.data))


def decided(config: RunConfig, raw: Dataset) -> tuple[RunConfig, Dataset]:
    """The same for data that were read already, of which nothing is binarized yet where that is left open."""
    traits = _raw_traits(raw, config.data)
    settings = config.model
    if settings is not None:
        kind = kind_of_settings(settings)
        kind.check(settings)
        settings = kind.resolve(settings, traits)
    binarization = config.data.binarization
    if binarization == "auto":
        coins = isinstance(settings, NetworkConfig) and settings.likelihood == "bernoulli"
        binarization = "dynamic" if coins and not raw.binary and _is_unit(raw) else "none"
    data = binarized(raw, binarization) if config.data.binarization == "auto" else raw
    described = config.data.model_copy(update={"binarization": binarization})
    return config.model_copy(update={"model": settings, "data": described}), data


def settle(training: TrainingConfig, model: Model, data: Dataset, suits: bool = True) -> ResolvedTraining:
    """How exactly a model is trained on data.

    Args:
        training: what was asked for.
        model: composed.
        data: what it trains on.
        suits: take what suits the kind of model where nothing was asked for; without, only what its turns ask for.

    Raises:
        UserError: if there is no such device, or settings do not go together.
    """
    if isinstance(training, ResolvedTraining):
        return training
    device = choose_device(training.device)
    usual = _suiting(model, data, training) if suits else {}
    given = {name: value for name, value in training.model_dump().items() if value is not None}
    if "steps" in given:
        usual.pop("epochs", None)
    if "optimizer" in given:
        usual.pop("learning_rate", None)
    filled = training.model_copy(update={name: value for name, value in usual.items() if name not in given})
    batch_size = filled.batch_size or BATCH_SIZE
    per_epoch = steps_per_epoch(model, data, batch_size)
    steps = filled.steps or (filled.epochs or EPOCHS) * per_epoch
    numbers = filled.model_dump() | {
        "steps": steps,
        "validate_every": filled.validate_every or (_validate_every(steps, per_epoch) if suits else 1),
        "batch_size": batch_size,
        "precision": _precision(training.precision, device),
        "products": _products(training, device),
        "fuse": resolved_fuse(training, model, data, device, steps),
        "device": device.type,
        "optimizers": {turn.name: optimizer_settings(turn, filled) for turn in model.turns()},
        "threads": torch.get_num_threads(),
    }
    return ResolvedTraining(**numbers)


def _precision(asked: str, device: torch.device) -> str:
    """The number format that was asked for, if the device has it.

    >>> _precision("tf32", torch.device("cpu"))
    Traceback (most recent call last):
    reparam.errors.UserError: precision="tf32" is a number format of CUDA's, and the device is cpu: use fp32 or bf16
    """
    if asked == "tf32" and device.type != "cuda":
        raise UserError(
            f'precision="tf32" is a number format of CUDA\'s, and the device is {device.type}: use fp32 or bf16'
        )
    if asked == "auto":
        return "bf16" if multiplies_bf16_fast(device) else "fp32"
    return asked


def _products(training: TrainingConfig, device: torch.device) -> Products:
    """The library that was asked for, if it is there."""
    if training.products == "onednn" and not has_onednn():
        raise UserError('products="onednn" is not in this PyTorch: use products="torch"')
    if training.products == "auto":
        return "torch" if training.compile else usual_products(device)
    return training.products


def _validate_every(steps: int, per_epoch: int) -> int:
    """Epochs between two validations: 1, and more where epochs have fewer than 20 steps and are more than 100.

    Of twenty pictures an epoch is one step, and to validate and save takes as long as many of them.

    >>> [_validate_every(steps, per_epoch) for steps, per_epoch in ((2340, 195), (2000, 1), (2000, 6), (30, 1))]
    [1, 20, 3, 1]
    """
    return min(max(1, steps // per_epoch // MOST_VALIDATIONS), math.ceil(STEPS_APART / per_epoch))


def steps_per_epoch(model: Model, data: Dataset, batch_size: int) -> int:
    """Steps in a pass over the training data: a step takes as many batches as its most repeated turn."""
    batches = len(data.train) // min(batch_size, len(data.train))
    return max(1, batches // batches_per_step(list(model.turns())))


def usual_training(model: Model, settings: Mapping[str, Any]) -> TrainingConfig:
    """The training settings that were given, and the usual ones of the model's kind for the rest."""
    kind = kind_of(model)
    usual = {} if kind is None else kind.training.model_dump(exclude_unset=True)
    return TrainingConfig(**{**usual, **settings})


def traits_of(data: Dataset) -> Traits:
    """What a model has to know of the data; only images bound what a generator may make."""
    mean, deviation = units(data)
    return Traits(
        mean,
        deviation,
        range=data.range if data.is_image else (-math.inf, math.inf),
        classes=len(data.classes),
        data_shape=tuple(data.data_shape),
        binary=data.binary,
        examples=len(data.train),
        columns=_columns(data),
    )


def _columns(data: Dataset) -> tuple[Family, ...]:
    return () if data.table is None else data.table.families


def _suiting(model: Model, data: Dataset, training: TrainingConfig) -> dict[str, Any]:
    kind = kind_of(model)
    if kind is None:
        return {}
    traits = Traits(
        data_shape=tuple(data.data_shape),
        classes=len(data.classes),
        examples=len(data.train),
        columns=_columns(data),
    )
    return kind.suits(model, traits, training)


def _raw_traits(raw: Dataset, config: DataConfig) -> Traits:
    """What decides the settings: read before anything is binarized."""
    grey = config.binarization == "auto" and raw.is_image and raw.data_shape[0] == 1 and _is_unit(raw)
    return Traits(
        data_shape=tuple(raw.data_shape),
        classes=len(raw.classes),
        binary=raw.binary or config.binarization in ("threshold", "dynamic"),
        grey=grey,
        examples=len(raw.train),
        columns=_columns(raw),
    )


def _is_unit(raw: Dataset) -> bool:
    low, high = raw.range
    return low >= 0 and high <= 1


def check_same_settings(given: Mapping[str, Any], recorded: TrainingConfig, where: object) -> None:
    """A run goes on as it was begun: refuse to be told otherwise, but for what changes no bit.

    Raises:
        UserError: naming the first setting that differs.
    """
    _check_same(TrainingConfig(**given), recorded, where)


def check_same_kind(given: ModelConfig | None, recorded: ModelConfig | None, where: object) -> None:
    """The same of the model, where a kind was named.

    Raises:
        UserError: if the run is of another kind, or naming the first setting that differs.
    """
    if given is None:
        return
    if recorded is None or recorded.kind != given.kind:
        kind = "a model that Python composed" if recorded is None else f"of kind {recorded.kind!r}"
        raise UserError(f"{where} is {kind}, not {given.kind!r}: name another folder, or what it was begun with")
    _check_same(given, recorded, where)


def _check_same(given: Config, recorded: Config, where: object) -> None:
    for name, value in given.model_dump(exclude_unset=True, exclude=set(FREE)).items():
        there = getattr(recorded, name)
        if value != there:
            raise UserError(
                f"{where} goes on as it was begun, with {name}={there!r}, not {value!r}: leave it out, or begin a new "
                f"run from its weights (from={str(where)!r})"
            )

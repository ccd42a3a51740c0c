"""A kind of model by its name: ``fit("vae", data, latent_dim=4)`` composes it for the data, as the command does."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from reparam import checks
from reparam.data import Dataset, as_dataset
from reparam.errors import UserError
from reparam.kinds import KINDS, Kind, build_model, guessed
from reparam.models.model import Model
from reparam.randomness import noise
from reparam.runs.config import RunConfig
from reparam.settings import DataConfig, ReadingConfig, TrainingConfig
from reparam.training.fits import bounded_weights
from reparam.training.resolve import decided, traits_of


class Composed(NamedTuple):
    """A model for data, the settings as they were asked for, and with what the data decided."""

    model: Model
    data: Dataset
    asked: RunConfig
    config: RunConfig


def by_name(name: str, data: Any, settings: dict[str, Any]) -> Composed:
    """Compose a kind's model for data.

    Args:
        name: of the kind.
        data: whatever holds examples.
        settings: of the kind and of the training, told apart by their names.

    Raises:
        UserError: if there is no such kind or setting, or they do not go together.

    >>> import torch
    >>> composed = by_name("vae", torch.zeros(50, 3), {"latent_dim": 1, "epochs": 5})
    >>> composed.config.model.latent_dim, composed.asked.training.epochs
    (1, 5)
    """
    if name not in KINDS:
        raise UserError(
            f"no kind of model is called {name!r}{guessed(name)}: there are {', '.join(KINDS)}, or give a model, "
            "as reparam.VAE(...)"
        )
    kind, read = KINDS[name], as_dataset(data)
    _check_names(kind, settings)
    own = {key: value for key, value in settings.items() if key in kind.settings.model_fields and key != "kind"}
    training = TrainingConfig(
        **{**kind.training.model_dump(exclude_unset=True), **{k: v for k, v in settings.items() if k not in own}}
    )
    binarization = "auto" if read.binarization == "none" else read.binarization
    described = DataConfig(
        data=read.name if read.source is None else read.source,
        binarization=binarization,
        split_seed=read.seed,
        **read.reading.asked(),
    )
    asked = RunConfig(model=kind.settings(**own), data=described, training=training)
    config, resolved = decided(asked, read)
    return Composed(fresh_model(config, resolved), resolved, asked, config)


def _check_names(kind: Kind, settings: Iterable[str]) -> None:
    """Refuse what is a setting neither of the kind nor of the training.

    Raises:
        UserError: naming it, and the nearest; of one of reading, where it is given.
    """
    known = [name for home in (kind.settings, TrainingConfig) for name in home.model_fields if name != "kind"]
    if reading := [name for name in settings if name in ReadingConfig.model_fields and name not in known]:
        raise UserError(
            f"{reading[0]} says how data are read: give them as reparam.load_data(..., {reading[0]}=...), or what you "
            f"hold in memory as reparam.Dataset.of(..., {reading[0]}=...)"
        )
    checks.names(settings, known, f"a {kind.name}")


def fresh_model(config: RunConfig, data: Dataset) -> Model:
    """The model that the settings describe for the data, its first weights a function of the seed."""
    if config.model is None:
        raise UserError("these settings describe no model: give RunConfig(model=...)")
    traits = traits_of(data)
    with noise(config.training.seed, "weights"), bounded_weights(config.model, traits, config.training):
        return build_model(config.model, data.data_shape, traits)

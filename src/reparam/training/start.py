"""Starting and resuming runs that settings describe whole: what the command does, from Python."""

import math
from pathlib import Path

from reparam.data import Dataset, units
from reparam.data.places import check_places
from reparam.errors import UserError
from reparam.kinds.catalogue import build_model
from reparam.models.model import Model
from reparam.models.traits import Traits
from reparam.randomness import noise
from reparam.runs.folder import RunFolder
from reparam.runs.run import Run, load, read_data
from reparam.settings import RunConfig
from reparam.training.fit import fit
from reparam.training.progress import choose
from reparam.training.resolve import resolve


def train(config: RunConfig, folder: str | Path, quiet: bool = False) -> Run:
    """Build the model that the settings describe and train it into a new folder.

    Raises:
        UserError: if the folder exists, or a setting or the data will not do.
    """
    RunFolder(folder).check_free()
    check_places([folder], [config.data.data])
    config, data = resolve(config)
    model = fresh_model(config, data)
    return fit(model, data, folder, config=config, progress=choose(quiet))


def resume(folder: str | Path, quiet: bool = False, model: Model | None = None) -> Run:
    """Go on with an interrupted run; a finished one is returned as it is.

    Args:
        folder: the run folder.
        quiet: say nothing meanwhile.
        model: needed only where Python code composed the model.

    Raises:
        UserError: if the folder is no run, or the data have changed.
    """
    place = RunFolder(folder)
    if place.finished:
        return load(folder, model)
    recorded = place.read_config()
    config = RunConfig(**recorded["config"])
    data = read_data(config.data)
    if model is None and config.model is None:
        raise UserError(f"{folder} holds a model that Python code composed: call reparam.fit(..., resume=True) there")
    model = model or fresh_model(config, data)
    return fit(model, data, folder, config=config, resume=True, progress=choose(quiet))


def fresh_model(config: RunConfig, data: Dataset) -> Model:
    """The model that the settings describe for the data, its first weights a function of the seed."""
    if config.model is None:
        raise UserError("these settings describe no model: give RunConfig(model=...)")
    with noise(config.training.seed, "weights"):
        return build_model(config.model, data.data_shape, traits_of(data))


def traits_of(data: Dataset) -> Traits:
    """What a model has to know of the data; only images bound what a generator may make."""
    bounds = data.range if data.is_image else (-math.inf, math.inf)
    return Traits(*units(data), bounds, len(data.classes))

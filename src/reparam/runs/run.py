"""A run: a trained model with its settings and its log, in memory or in a folder."""

import platform
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from reparam._version import __version__
from reparam.data import DataRecord, Dataset, load_data
from reparam.errors import UserError
from reparam.kinds.catalogue import build_model
from reparam.models.model import Model
from reparam.models.traits import Traits
from reparam.runs.checkpoint import load_weights
from reparam.runs.folder import RunFolder
from reparam.runs.questions import Questions
from reparam.settings import DataConfig, RunConfig


@dataclass
class Run(Questions):
    """A trained model, its settings and its log.

    Attributes:
        model: with the best validation weights where it has a bound to compare, else the last; in evaluation mode.
        config: the resolved settings.
        folder: where it lives, or None.
        rows: the rows of ``metrics.jsonl``.
        step: the training step of the model's weights.
    """

    model: Model
    config: RunConfig
    folder: RunFolder | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    step: int | None = None
    dataset: Dataset | None = None

    @cached_property
    def data(self) -> Dataset:
        """The data it was trained on, read again if need be; its fingerprint must be the one that was recorded."""
        data = self.dataset or read_data(self.config.data)
        if self.folder:
            check_fingerprint(data, self.folder.read_config(), self.folder)
        return data

    @cached_property
    def record(self) -> DataRecord:
        """What is known of the data without reading them: shapes, classes, range, how values are read."""
        return DataRecord.of(self.data, source=self.config.data.data, image_size=self.config.data.image_size)

    @property
    def test(self) -> dict[str, float]:
        """The test row's quantities, in nats per example; empty before the run is finished."""
        if not self.rows or self.rows[-1]["split"] != "test":
            return {}
        return {name: value for name, value in self.rows[-1].items() if name not in ("step", "epoch", "split")}


def read_data(config: DataConfig) -> Dataset:
    """The data set that resolved settings name (``auto`` binarization means none here)."""
    binarization = "none" if config.binarization == "auto" else config.binarization
    return load_data(
        config.data,
        binarization=binarization,
        image_size=config.image_size,
        seed=config.split_seed,
        labels=config.labels,
    )


def record(model: Model, data: Dataset, config: RunConfig) -> dict[str, Any]:
    """What ``config.json`` holds: settings, versions, data fingerprint."""
    return {
        "config": config.model_dump(mode="json"),
        "model": type(model).__name__,
        "data": {
            "name": data.name,
            "fingerprint": data.fingerprint,
            "data_shape": list(data.data_shape),
            "classes": list(data.classes),
        },
        "versions": {
            "reparam": __version__,
            "torch": torch.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    }


def check_fingerprint(data: Dataset, recorded: dict[str, Any], folder: RunFolder) -> None:
    """Refuse data that are not those a run was trained on.

    Raises:
        UserError: naming the data and both fingerprints.
    """
    expected = recorded["data"]["fingerprint"]
    if data.fingerprint != expected:
        raise UserError(
            f"the data {data.name!r} have changed since {folder.path} was trained (fingerprint "
            f"{data.fingerprint[:12]}, recorded {expected[:12]}): bring the old data back, or train anew"
        )


def load(folder: str | Path, model: Model | None = None, checkpoint: str | int | None = None) -> Run:
    """Read a run back from its folder.

    Args:
        folder: the run folder.
        model: needed only where Python code composed the model: the same composition again, any weights.
        checkpoint: ``"best"``, ``"last"`` or a step whose weights were kept; unless given, the best where there is one.

    Raises:
        UserError: if the folder is no run, or was composed in Python and no model is given.
    """
    place = RunFolder(folder)
    if not place.path.is_dir():
        raise UserError(f"{place.path} is no run folder: there is no such folder")
    recorded = place.read_config()
    config = RunConfig(**recorded["config"])
    if model is None:
        model = _rebuild(config, recorded, place)
    notes = load_weights(_weights(place, checkpoint), model)
    return Run(model.eval(), config, place, place.rows(), notes["step"])


def _weights(place: RunFolder, checkpoint: str | int | None) -> Path:
    if checkpoint is None:
        return place.best if place.best.exists() else place.last
    if isinstance(checkpoint, int):
        return place.kept(checkpoint)
    return {"best": place.best, "last": place.last}[checkpoint]


def _rebuild(config: RunConfig, recorded: dict[str, Any], place: RunFolder) -> Model:
    if config.model is None:
        raise UserError(
            f"{place.path} holds a {recorded['model']} that Python code composed: compose it again and call "
            f"reparam.load({str(place.path)!r}, model=...)"
        )
    shape = recorded["data"]["data_shape"]
    traits = Traits.placeholder(shape, bounded=len(shape) == 3, classes=len(recorded["data"]["classes"]))
    return build_model(config.model, shape, traits)

"""What ``config.json`` holds: a run is whole, and nothing in the source decides anything when it is read."""

import platform
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from reparam._version import __version__
from reparam.data import DataRecord
from reparam.data.picture import Picture
from reparam.errors import UserError
from reparam.models.composition import Tree, describe
from reparam.models.model import Model
from reparam.runs.config import RunConfig
from reparam.settings import ResolvedTraining

SCHEMA = 2
"""Raised whenever what stands in ``config.json`` changes; ``runs/upgrade.py`` brings older ones up."""


@dataclass(frozen=True)
class Record:
    """The parts of ``config.json``.

    Args:
        settings: what was asked for, as it was asked.
        model: the composition, see :mod:`reparam.models.composition`.
        training: how it is trained, nothing left open; None in runs of schema 0 that cannot tell.
        data: how values are read, and what was read.
        origin: the run whose weights it began with, if any.
        machine: where it was begun, and with which versions.
        schema: of the file that it was read from.
    """

    settings: RunConfig
    model: Tree
    training: ResolvedTraining
    data: DataRecord
    origin: dict[str, Any] | None = None
    machine: dict[str, Any] = field(default_factory=dict)
    schema: int = SCHEMA

    def plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "schema": SCHEMA,
            "settings": self.settings.model_dump(mode="json"),
            "model": self.model,
            "training": self.training.model_dump(mode="json"),
            "data": finite(self.data.plain()),
            "origin": self.origin,
            "machine": self.machine,
        }

    @classmethod
    def read(cls, plain: dict[str, Any]) -> "Record":
        """The record that JSON of the present schema holds.

        Raises:
            UserError: if a part is missing or will not do.
        """
        try:
            data = plain["data"] | {"range": tuple(map(float, plain["data"]["range"]))}
            data |= {"data_shape": tuple(data["data_shape"]), "classes": tuple(data["classes"])}
            data |= {"shares": None if data.get("shares") is None else tuple(map(float, data["shares"]))}
            data |= {"picture": Picture.of_plain(data.get("picture"))}
            read = DataRecord(**data)
            _ = read.schema  # what is no schema is refused now, and not when it is needed
            return cls(
                settings=RunConfig(**plain["settings"]),
                model=plain["model"],
                training=ResolvedTraining(**plain["training"]),
                data=read,
                origin=plain.get("origin"),
                machine=plain.get("machine", {}),
                schema=int(plain.get("upgraded_from", plain["schema"])),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UserError(f"a run's config.json is not whole ({type(error).__name__}: {error}): restore it") from None


def record_of(
    model: Model,
    settings: RunConfig,
    training: ResolvedTraining,
    data: DataRecord,
    origin: dict[str, Any] | None = None,
) -> Record:
    """The record of a run that begins."""
    return Record(settings, describe(model), training, data, origin, machine())


def machine() -> dict[str, Any]:
    """The machine at hand, and the versions of what runs on it."""
    return {
        "system": platform.system(),
        "processor": platform.machine(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "reparam": __version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def finite(data: dict[str, Any]) -> dict[str, Any]:
    """A data record's JSON, which knows no infinity: the ends of an open range are words."""
    return data | {"range": [str(end) if end in (float("-inf"), float("inf")) else end for end in data["range"]]}

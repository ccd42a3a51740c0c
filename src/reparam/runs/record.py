"""What ``config.json`` holds: a run is whole, and nothing in the source decides anything when it is read."""

import platform
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import ConfigDict, Field, field_validator

from reparam._version import __version__
from reparam.data import DataRecord
from reparam.data.dataset import Binarization
from reparam.data.picture import Picture
from reparam.errors import UserError
from reparam.hardware import vendor
from reparam.models.composition import Tree, describe
from reparam.models.model import Model
from reparam.runs.config import RunConfig
from reparam.settings import Config, NotNegative, Positive, ReadingConfig, ResolvedTraining

SCHEMA = 2
"""Raised whenever what stands in ``config.json`` changes; ``runs/upgrade.py`` brings older ones up."""


class Facts(Config):
    """The types of what a record says of the data; what else it says is taken as it is."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=True)

    name: str
    data_shape: Annotated[tuple[Positive, ...], Field(min_length=1)]
    classes: tuple[str, ...] = ()
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    raw: Literal["uint8", "float32"] = "float32"
    binary: bool = False
    binarization: Binarization = "none"
    range: tuple[float, float] = (float("-inf"), float("inf"))
    sizes: dict[str, int] = Field(default_factory=dict)
    fingerprint: str = ""
    seed: int = 0
    source: str | None = None
    reading: dict[str, Any] = Field(default_factory=dict)
    table: dict[str, Any] | None = None
    shares: tuple[NotNegative, ...] | None = None

    @field_validator("reading")
    @classmethod
    def _is_known(cls, asked: dict[str, Any]) -> dict[str, Any]:
        ReadingConfig(**asked)
        return asked


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
            data = Facts(**plain["data"]).model_dump()
            data |= {"picture": Picture.of_plain(data.get("picture"))}
            read = DataRecord(**data)
            _ = read.schema  # what is no schema is refused now, and not when it is needed
            return cls(
                settings=RunConfig(**plain["settings"]),
                model=_table(plain["model"]),
                training=ResolvedTraining(**plain["training"]),
                data=read,
                origin=None if plain.get("origin") is None else _table(plain["origin"]),
                machine=_table(plain.get("machine", {})),
                schema=int(plain.get("upgraded_from", plain["schema"])),
            )
        except (LookupError, TypeError, ValueError, AttributeError, UserError) as error:
            raise UserError(f"a run's config.json is not whole ({type(error).__name__}: {error}): restore it") from None


def _table(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r:.80} is no table")
    return value


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
        "vendor": vendor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "reparam": __version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def finite(data: dict[str, Any]) -> dict[str, Any]:
    """A data record's JSON, which knows no infinity: the ends of an open range are words."""
    return data | {"range": [str(end) if end in (float("-inf"), float("inf")) else end for end in data["range"]]}

"""Older ``config.json`` files brought up to the present schema, step by step, in memory.

Each step writes down what the code of its time decided; what it says must never change.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from reparam.door import leads_somewhere
from reparam.errors import UserError
from reparam.kinds import build_model
from reparam.models.composition import describe
from reparam.models.traits import Traits
from reparam.runs.config import RunConfig
from reparam.runs.record import SCHEMA

Plain = dict[str, Any]


def upgraded(plain: object, folder: Path) -> Plain:
    """What a ``config.json`` of any schema says, in the present one.

    Raises:
        UserError: if it is no record of a run, or a newer version's.
    """
    if not isinstance(plain, dict):
        raise UserError(f"{folder / 'config.json'} holds no table: it was changed by hand or is damaged")
    schema = schema_of(plain, folder)
    try:
        for step in STEPS[schema:]:
            plain = step(plain, folder)
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError, OverflowError, OSError) as error:
        raise UserError(
            f"{folder / 'config.json'} is not whole ({type(error).__name__}: {error}): restore it"
        ) from None
    return plain if schema == SCHEMA else plain | {"upgraded_from": schema}


def schema_of(plain: Plain, folder: Path) -> int:
    """The number of the schema that a ``config.json`` is in.

    Raises:
        UserError: if it is a newer version's.
    """
    schema = plain.get("schema", 0)
    if not isinstance(schema, int) or isinstance(schema, bool) or schema > SCHEMA or schema < 0:
        raise UserError(f"{folder} was written by a newer reparam (schema {schema!r}): install that one")
    return schema


def _from_0(plain: Plain, folder: Path) -> Plain:
    """Version 0.1.0: settings with holes, the model's class alone, no schema of the data."""
    config, data = plain["config"], plain["data"]
    settings = RunConfig(
        model=config["model"] and _decided(config["model"], tuple(data["data_shape"])),
        data=config["data"],
        training=config["training"],
    )
    return {
        "schema": 1,
        "settings": settings.model_dump(mode="json"),
        "model": _composition(settings, plain),
        "training": _training(config, plain),
        "data": _data(plain, folder),
        "machine": {"reparam": plain["versions"]["reparam"], "torch": plain["versions"]["torch"]},
    }


def _from_1(plain: Plain, folder: Path) -> Plain:
    """Two settings of reading stood among the data's facts; rows of tables and arrays were vectors or images."""
    data = dict(plain["data"])
    asked = {"image_size": data.pop("image_size"), "labels": data.pop("label_column")}
    if Path(str(data["source"])).suffix.lower() in (".csv", ".npy", ".npz"):
        asked["read_as"] = "images" if len(data["data_shape"]) == 3 else "vectors"
    reading = {name: value for name, value in asked.items() if value is not None}
    settings = plain["settings"] | {"data": plain["settings"]["data"] | reading}
    return plain | {"schema": 2, "settings": settings, "data": data | {"reading": reading}}


STEPS: tuple[Callable[[Plain, Path], Plain], ...] = (_from_0, _from_1)

POINTS: Plain = {
    "generator_hidden": (128,) * 6,
    "discriminator_hidden": (256, 256),
    "batch_norm": False,
    "fourier_features": 32,
    "penalty_decay": 0.0003,
    "penalty_hold": 0.4,
    "candidates": 4,
}
IMAGES: Plain = {
    "generator_hidden": (128, 256, 512, 1024),
    "discriminator_hidden": (512, 256),
    "batch_norm": True,
    "fourier_features": 0,
    "penalty_decay": 1.0,
    "penalty_hold": 0.0,
    "candidates": 1,
}


def _decided(model: Plain, data_shape: tuple[int, ...]) -> Plain:
    """Settings of 0.1.0 with what its code decided in the place of holes; settings without effect left at rest."""
    is_image = len(data_shape) == 3
    usual = dict(IMAGES if is_image else POINTS) | {"latent_dim": 100 if is_image else data_shape[0]}
    if model["kind"] == "gan":
        relativistic, penalized = model["loss"] == "relativistic", bool(model["gradient_penalty"])
        usual |= {"r1": 0.1 if relativistic and not penalized else 0.0}
        usual |= {"r2": usual["r1"], "candidates": usual["candidates"] if relativistic else 1}
    if model.get("network") == "conv" and model["kind"] in ("gan", "wgan"):
        usual |= {"batch_norm": True, "generator_hidden": None, "discriminator_hidden": None, "fourier_features": None}
    return {name: usual.get(name) if value is None else value for name, value in model.items()}


def _composition(settings: RunConfig, plain: Plain) -> Plain:
    """The tree that the settings of the time composed; of a model that Python code composed only the class is known."""
    if settings.model is None:
        return {"class": plain["model"], "own": True}
    data = plain["data"]
    traits = Traits.placeholder(data["data_shape"], bounded=len(data["data_shape"]) == 3, classes=len(data["classes"]))
    with torch.random.fork_rng(devices=[]):
        return describe(build_model(settings.model, data["data_shape"], traits))


def _training(config: Plain, plain: Plain) -> Plain:
    """How 0.1.0 trained; optimizers, and a length in epochs, are found again when the run goes on."""
    training = dict(config["training"])
    precision = training["precision"]
    return training | {
        "steps": training["steps"] or 1,
        "device": "cpu" if training["device"] == "auto" else training["device"].split(":")[0],
        "precision": "fp32" if precision == "auto" else precision,
        "optimizers": {},
        "threads": 1,
    }


def _data(plain: Plain, folder: Path) -> Plain:
    """How 0.1.0 read values; what its file does not tell is what its readers did for such data."""
    data, settings = plain["data"], plain["config"]["data"]
    source, is_image = settings["data"], len(data["data_shape"]) == 3
    return {
        "name": data["name"],
        "data_shape": data["data_shape"],
        "classes": data["classes"],
        "scale": 255.0 if is_image else 1.0,
        "raw": "uint8" if is_image else "float32",
        "binary": settings["binarization"] in ("threshold", "dynamic"),
        "binarization": settings["binarization"],
        "range": [0.0, 1.0] if is_image else ["-inf", "inf"],
        "fingerprint": data["fingerprint"],
        "seed": settings["split_seed"],
        "source": str(Path(source).absolute()) if leads_somewhere(Path(source)) else source,
        "image_size": settings["image_size"],
        "label_column": None,
    }

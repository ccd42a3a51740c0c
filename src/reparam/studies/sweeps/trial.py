"""A run of a sweep: trained without the test split, and judged by the validation split."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from reparam.data.places import source_path
from reparam.door import leads_somewhere, present
from reparam.errors import UserError, is_of_the_system
from reparam.evaluation.samples.run_measures import distance_of, yardstick_of
from reparam.folders import standing
from reparam.hardware import threads
from reparam.kinds import settings_of
from reparam.runs.config import RunConfig
from reparam.runs.folder import RunFolder
from reparam.runs.run import Run
from reparam.settings import DataConfig, TrainingConfig
from reparam.studies.sweeps.pruning import LAGS, Pruning, curve_of
from reparam.training.best import HighWater
from reparam.training.start import resume, train

COMPARED = 5000
"""Samples of a model without a bound that are compared with validation examples, at most."""


def task_of(config: RunConfig, folder: Path, computing: int, bars: Mapping[int, float], quiet: bool) -> dict[str, Any]:
    """What a process is told to do a run; JSON."""
    plain = config.model_dump(mode="json")
    return {
        "do": "swept",
        "folder": str(folder),
        "threads": computing,
        "bars": {str(percent): value for percent, value in bars.items()},
        "quiet": quiet,
        **plain,
    }


def swept(task: Mapping[str, Any]) -> dict[str, Any]:
    """Do a run, or go on with it: its ``value``, its ``curve``, whether it was ``pruned``; or its ``failure``.

    Raises:
        reparam.training.interrupt.Interrupted: after a signal, everything saved.
        UserError: if the system refuses to write or to read, which says nothing of the settings: called again, the
            run goes on.
    """
    folder = Path(task["folder"])
    config = RunConfig(
        model=settings_of(task["model"]),
        data=DataConfig(**task["data"]),
        training=TrainingConfig(**task["training"]),
    )
    bars = {int(percent): float(value) for percent, value in task["bars"].items()}
    try:
        with standing(folder.parent), threads(task["threads"] or torch.get_num_threads()):
            run = _trained(config, folder, bars, task["quiet"])
            return _judged(run)
    except UserError as error:
        if is_of_the_system(error) or _has_gone(config.data):
            raise
        return {"failure": str(error)}


def _has_gone(data: DataConfig) -> bool:
    """Whether data are no longer where they were when the sweep began."""
    place = source_path(data.data)
    return place is not None and not leads_somewhere(place)


def _trained(config: RunConfig, folder: Path, bars: Mapping[int, float], quiet: bool) -> Run:
    place, callbacks = RunFolder(folder), [Pruning(bars)]
    if not present(place.config):
        return train(config, folder, quiet, callbacks=callbacks)
    if place.record().settings != config:
        raise UserError(f"{folder} holds a run of other settings: name another folder with `out`")
    return resume(folder, quiet, callbacks=callbacks)  # a finished one as it is, with nothing left over


def _judged(run: Run) -> dict[str, Any]:
    assert run.folder is not None
    total = run.config.training.steps
    assert total is not None
    told = {
        "curve": {str(percent): value for percent, value in curve_of(run.rows, run.model.monitor, total).items()},
        "pruned": any(LAGS in remark["note"] for remark in run.folder.remarks()),
    }
    return told | {"value": worth(run)}


def worth(run: Run) -> float:
    """What a run is worth by the validation split, the higher the better.

    The best validation of what its training raises; of models without any, the Fréchet distance between samples
    and validation examples, negated.

    Raises:
        UserError: if it is not finite, or there are too few examples to tell.
    """
    if run.model.monitor is None:
        return -distance_of(run, yardstick_of(run, COMPARED, reference="validation"))
    value = HighWater.of(run.model.monitor, run.rows).value
    if value == float("-inf"):
        raise UserError(f"{run.where} has no finite validation")
    return value

"""A process of its own for one trial, as workers start it: ``python -m reparam.studies.job`` (a module, no command)."""

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from reparam.cluster.lifeline import serve
from reparam.errors import UserError
from reparam.runs.lock import held
from reparam.studies.contenders import contender
from reparam.studies.protocol import Protocol
from reparam.studies.sweeps.trial import swept
from reparam.studies.trials import Shown, attempt, folder_of
from reparam.training.interrupt import Interrupted

LETS_GO = 30.0
"""Seconds in which a process whose worker has gone lets go of its folder."""


def compared(task: dict[str, Any]) -> dict[str, Any]:
    """A trial of a comparison: what came of it, its run being in its folder.

    Args:
        task: the trial's ``name``, ``seed``, ``out`` and ``protocol``.
    """
    name, seed, out = task["name"], task["seed"], Path(task["out"])
    _wait_for(folder_of(out, name, seed))
    trial = attempt(name, contender(name), Protocol(**task["protocol"]), seed, out, lambda text: None, Shown())
    return {"failure": trial.failure, "elsewhere": trial.elsewhere}


def _wait_for(folder: Path) -> None:
    """Until whoever had the trial before, on a worker that is gone, has saved and ended."""
    end = time.monotonic() + LETS_GO
    while held(folder) and time.monotonic() < end:
        time.sleep(0.1)


def of_a_sweep(task: dict[str, Any]) -> dict[str, Any]:
    """A run of a sweep, see :func:`reparam.studies.sweeps.trial.swept`; ``open`` where it is still to be done."""
    _wait_for(Path(task["folder"]))
    try:
        return swept(task)
    except UserError as error:  # of this worker's disk, which the others may not share
        return {"failure": str(error), "open": True}


DO: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"compared": compared, "swept": of_a_sweep}
"""What a process may be started for."""


def work(task: dict[str, Any]) -> dict[str, Any]:
    """Do what a task says under ``do``; ``interrupted`` tells how to go on, where it was stopped."""
    try:
        return DO[task["do"]](task)
    except Interrupted as stop:
        return {"interrupted": str(stop)}


if __name__ == "__main__":
    sys.exit(serve(work))

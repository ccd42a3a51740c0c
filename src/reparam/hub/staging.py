"""What of a run is pushed: its record without paths, its best weights, its log, its pictures, its card."""

import json
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

from reparam.door import below, is_file, present
from reparam.errors import UserError, is_of_the_system
from reparam.files import text, write_result
from reparam.folders import standing
from reparam.hub.card import card
from reparam.runs.checkpoint import BEST, save_weights
from reparam.runs.folder import RunFolder
from reparam.runs.record import Record
from reparam.runs.run import Run
from reparam.studies.judge import Progress, silent

NAMED = "this model"
"""What evaluation calls it, which would name its folder otherwise."""
SAMPLES = 64
"""Shown on the card."""


def stage(
    run: Run,
    folder: Path,
    name: str,
    licence: str | None,
    measure: dict[str, Any] | None,
    progress: Progress = silent,
) -> list[str]:
    """Write everything that is pushed into a new folder, which is a run folder itself.

    Args:
        run: from its folder, finished or not.
        folder: to be made.
        name: ``owner/name``, for the card.
        licence: of the weights, as the hub spells licences; None: the card says that none was given.
        measure: settings of :func:`reparam.evaluate`; None: nothing is measured.
        progress: told what is being done.

    Returns:
        The files.

    Raises:
        UserError: if the folder exists, or the run has none of its own.
    """
    if run.written is None:
        raise UserError("this run was kept in memory, and only what lies in a folder is pushed: train into one")
    if present(folder):
        raise UserError(f"{folder} exists already, and is not written over: name another, or delete it")
    place = RunFolder(folder)
    place.create(without_paths(run.written))
    save_weights(place.best, run.model, {"step": run.step}, BEST, place.identity)
    for row in run.rows:
        place.append(row)
    with standing(folder):
        pictures = _pictures(run, folder)
        found, why = _measured(run, measure, progress)
        if found is not None:
            write_result(folder / "evaluation.json", text(json.dumps(found.json(), indent=2) + "\n"))
        shown = card(run, name, licence, pictures, None if found is None else str(found), why)
        write_result(folder / "README.md", text(shown))
    place.figures.rmdir()
    return sorted(str(path.relative_to(folder)) for path in below(folder) if _is_pushed(path))


def _is_pushed(path: Path) -> bool:
    return is_file(path) and not path.name.startswith(".")


def without_paths(record: Record) -> Record:
    """A record in which files have their names and no folders: where somebody's data lie is nobody's business.

    What is read again by a path is known no more, and asked for.
    """
    data = record.data
    lies = data.source is not None and PurePath(data.source).is_absolute()
    asked = record.settings.data
    named = {
        "data": PurePath(asked.data).name or asked.data,
        "schema_file": None if asked.schema_file is None else PurePath(asked.schema_file).name,
    }
    reading = {name: PurePath(value).name if name == "schema_file" else value for name, value in data.reading.items()}
    origin = record.origin and {**record.origin, "run": PurePath(str(record.origin.get("run"))).name}
    return replace(
        record,
        settings=record.settings.model_copy(update={"data": asked.model_copy(update=named)}),
        data=replace(data, source=None if lies else data.source, reading=reading),
        origin=origin,
    )


def _pictures(run: Run, folder: Path) -> dict[str, str]:
    """Pictures by file, with what they show: samples, and curves where there are any."""
    from reparam.evaluation import curves, sample
    from reparam.plots import save

    found = {}
    for name, ask in (("samples.png", lambda: sample(run, SAMPLES)), ("curves.png", lambda: curves(run))):
        try:
            shown = ask()
            save(shown.figure(), folder / name)
        except UserError as error:
            if is_of_the_system(error):
                raise  # what is pushed would lack it in silence
            continue  # a model that draws nothing, a log of one row
        found[name] = getattr(shown, "title", "the log over training")
    return found


def _measured(run: Run, settings: dict[str, Any] | None, progress: Progress) -> tuple[Any, str]:
    """What evaluation says of the run; or nothing, and why."""
    if settings is None:
        return None, "it was not asked for"
    from reparam.studies import evaluate

    try:
        run.data  # noqa: B018 (read, or refused)
        return evaluate({NAMED: run}, progress=progress, **settings), ""
    except UserError as error:
        return None, _first(str(error))


def _first(sentence: str) -> str:
    return "its data were not at hand" if "/" in sentence else sentence

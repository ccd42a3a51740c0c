"""``reparam.compare`` and ``reparam.report``: train what is missing, measure everything alike, write the page."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import torch

from reparam.data.places import check_places, lies_among
from reparam.door import is_file, user_path
from reparam.errors import UserError
from reparam.folders import standing
from reparam.runs.folder import RunFolder
from reparam.runs.given import as_run
from reparam.runs.run import Run, load, read_data
from reparam.settings import COMPARED, DataConfig
from reparam.studies.contenders import contender
from reparam.studies.foresight import foreseen
from reparam.studies.kept import is_study, kept_protocol, kept_trials
from reparam.studies.previous import place_of, with_previous
from reparam.studies.protocol import Protocol, parse_budget, settle
from reparam.studies.results import Results, judge
from reparam.studies.side import SideBySide, side_by_side
from reparam.studies.spread import at_work, spread
from reparam.studies.trials import Shown, Trial, trials
from reparam.studies.watch import watching
from reparam.studies.write import write_report
from reparam.training.sharding import check_shards

MOST_SEEDS = 1000
"""More would be no comparison any more, and looking for their folders alone would take its time."""


def _nobody(text: str) -> None:
    """Tells nobody."""


def compare(
    models: Sequence[str] | str = COMPARED,
    data: str | os.PathLike[str] = "mnist",
    *,
    budget: str | float = "60s",
    epochs: int | None = None,
    seeds: int = 1,
    count: int = 5000,
    images: int = 1000,
    binarization: Literal["auto", "none", "threshold", "dynamic"] = "auto",
    out: str | Path = "comparison",
    say: Callable[[str], None] = _nobody,
    quiet: bool = True,
    words: Callable[[str], str] = str,
    force: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
    slurm: Mapping[str, object] | None = None,
    threads: int | None = None,
    shards: int = 1,
    batch_norm_over: Literal["shard", "batch"] = "shard",
    **reading: Any,
) -> Results:
    """Train models of both families under one protocol, measure them alike, and write the report.

    Args:
        models: by the names of :func:`reparam.studies.contender`.
        data: a name or a path.
        budget: of each run's training: seconds, or a text such as ``"2m"``.
        epochs: passes over the training data instead.
        seeds: train each model with so many.
        count: samples of each model that are measured, at most.
        images: test examples whose log-likelihood is estimated.
        binarization: how grey values become 0 or 1.
        out: folder of the runs and of ``report.html``; finished runs in it are used again, interrupted ones continued.
        say: told what is being done.
        quiet: no progress lines of training.
        words: what becomes of a note of training before it is shown, if it is.
        force: write even over files that reparam did not make, and among the data.
        workers: processes of this machine that train a run each at a time; one after another unless given. What the
            runs come to does not depend on it.
        scheduler: the address of a Dask scheduler instead, whose workers share this folder and the data.
        slurm: options of ``sbatch`` by their long names, as ``{"partition": "gpu", "time": "2:00:00"}``: the workers
            are jobs of Slurm's, whose nodes share this folder and the data.
        threads: of a processor for each run; unless given, those that the comparison was begun with, else all, or a
            worker's share of them. The last bits of a run depend on it.
        shards: parts that each batch is computed in, a power of two, so that models fit the memory.
        batch_norm_over: what batch norm normalizes over, each shard or the batch.
        **reading: how files are read, see :func:`reparam.load_data`.

    Raises:
        UserError: if data, models or budget will not do, or no model could be trained; if a worker is not fit, or the
            scheduler goes.
        reparam.training.interrupt.Interrupted: after Ctrl-C, everything saved.
    """
    models = _named(models, data)
    data = data if isinstance(data, str) else str(user_path(data).absolute())  # a path is never taken for a name
    if not 1 <= seeds <= MOST_SEEDS:
        raise UserError(f"seeds={seeds} will not do: give 1 to {MOST_SEEDS:,}")
    check_shards(shards, shards)
    place, page = Path(out), Path(out) / "report.html"
    check_places([out, page, page.with_suffix(".json"), place_of(page)], force=force)
    if among := lies_among(out, data):
        say(among)
    seconds = None if epochs is not None else parse_budget(budget) if isinstance(budget, str) else budget
    read = DataConfig(data=data, binarization=binarization, **reading)
    sizes: dict[str, Any] = {"count": count, "images": images, "threads": threads, "shards": shards}
    protocol = Protocol(data=read, seconds=seconds, epochs=epochs, batch_norm_over=batch_norm_over, **sizes)
    # mistakes that would make every model fail are told once, before anything is written
    for sentence in foreseen(read_data(protocol.data), protocol):
        say(sentence)
    for name in models:
        contender(name)
    if workers is None and scheduler is None and slurm is None:
        protocol = settle(protocol, place, torch.get_num_threads())
        found = list(trials(models, protocol, seeds, place, say, Shown(quiet, words)))
    else:
        with (
            at_work(place, read, workers, scheduler, models, slurm, say) as (pool, share),
            watching(say, quiet) as watch,
        ):
            protocol = settle(protocol, place, share)
            found = spread(models, protocol, seeds, place, pool, watch)
    with standing(place):
        return written(judge(found, protocol, say), page, force, since_last=True)


def _named(models: Sequence[str] | str, data: object) -> list[str]:
    """The models' names, of which one may stand by itself.

    Raises:
        UserError: if there are none, or models or data were given that have no name.
    """
    names = [models] if isinstance(models, str) else list(models)
    wrong = next((one for one in names if not isinstance(one, str)), None)
    if not isinstance(data, str | os.PathLike):
        raise UserError(f"a comparison reads its data by name or path, as its workers do, and was given a "
                        f"{type(data).__name__}: save it, and give the file")  # fmt: skip
    if wrong is not None:
        raise UserError(f"a comparison trains models by name or as FILE.py:function, and was given {wrong!r:.80}: give "
                        "reparam.fit your own, and reparam.report the runs")  # fmt: skip
    if not names:
        raise UserError('no model was named: give some, as models=("vae", "gan")')
    return names


def report(
    runs: Run | str | Path | Sequence[Run | str | Path],
    out: str | Path = "report.html",
    *,
    data: object = None,
    count: int = 5000,
    images: int = 1000,
    say: Callable[[str], None] = _nobody,
    force: bool = False,
) -> Results | SideBySide:
    """Measure finished runs of one data set, trained before, and write the report of a comparison.

    The folder of a comparison stands for its finished runs; two of them are set side by side, by the numbers that they
    came to.

    Args:
        runs: or their folders; a single one, too; or the folders of one comparison, or of two.
        out: the page; its numbers are written beside it as JSON.
        data: in the place of the runs' own, as :func:`reparam.load` takes them: where these lie now, say.
        count: samples of each model that are measured, at most.
        images: test examples whose log-likelihood is estimated.
        say: told what is being done.
        force: write even over files that reparam did not make, and among the data.

    Raises:
        UserError: if there are no runs, one lives in no folder or was interrupted, or they are of different data; if
            comparisons are named beside runs, or more than two.
    """
    given = list(runs) if isinstance(runs, Sequence) and not isinstance(runs, str) else [runs]
    if not given:
        raise UserError("no run was named: give one or more run folders, as in `reparam report runs/vae runs/gan`")
    page = Path(out)
    if is_file(RunFolder(page).config):
        raise UserError(f"a report is a page, and {page} is a run: give the runs as one list")
    if page.suffix.lower() not in (".html", ".htm"):
        raise UserError(f"a report is a page, and {page} is not named like one: give out='{page}.html'")
    places = list(dict.fromkeys(map(_place, given)))
    studies = [place for place in places if is_study(place)]
    if studies and len(studies) < len(places):
        raise UserError(
            f"{studies[0]} is a comparison and {min(set(places) - set(studies))} is none: name runs, or comparisons"
        )
    if len(studies) > 1:
        check_places([page, page.with_suffix(".json")], force=force)
        return side_by_side(studies, page, force)
    found = kept_trials(studies[0], data) if studies else [_trial(place, data) for place in places]
    sources = [trial.run.config.data.data for trial in found if trial.run is not None]
    check_places([page, page.with_suffix(".json")], sources, force)
    asked = {"count": count, "images": images}
    protocol = kept_protocol(studies[0]).model_copy(update=asked) if studies else Protocol(**asked)
    return written(judge(found, protocol, say, apart=not studies), page, force)


def _place(run: Run | str | Path) -> Path:
    if isinstance(run, str | Path):
        return Path(run)
    run = as_run(run)
    if run.folder is None:
        raise UserError(
            "a report shows runs by their folders, and one of these lives in memory: train it into a folder"
        )
    return run.folder.path


def _trial(folder: Path, data: object = None) -> Trial:
    """A finished run: the numbers of one that was interrupted would be of something half done."""
    run = load(folder, data=data)
    if run.folder is not None and not run.folder.finished:
        raise UserError(f'{folder} was interrupted: go on with resume="{folder}" before')
    lies = folder if run.folder is None else run.folder.path  # that of a hub's run, say, and not its name
    return Trial(folder.name or str(folder), lies, run)


def written(results: Results, page: Path, force: bool = False, since_last: bool = False) -> Results:
    """The results with their report written.

    Args:
        results: what was found.
        page: of the report.
        force: replace files that are there already, whoever made them.
        since_last: the report says what has changed since the last one in its place.

    Raises:
        UserError: if there is nothing to report on.
    """
    if not results.finished:
        raise UserError("; ".join(f"{result.name} {result.trial.outcome}" for result in results.results))
    if since_last:
        results = with_previous(results, page)
    return replace(results, page=write_report(results, page, force))

"""``reparam.sweep``: propose settings, train them, tell what they came to; then test the winner and write the page."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Any, Protocol

import torch

from reparam.cluster import Ended, Job
from reparam.data.places import check_places, lies_among
from reparam.errors import UserError
from reparam.folders import standing
from reparam.kinds import KINDS, guessed
from reparam.nearest import meant
from reparam.runs.lock import hold
from reparam.runs.run import load, read_data
from reparam.settings import DataConfig, ReadingConfig, TrainingConfig
from reparam.studies.comparison import MOST_SEEDS
from reparam.studies.machines import Machines
from reparam.studies.protocol import Protocol as Measures
from reparam.studies.results import judge
from reparam.studies.rounds import MODULE, Rounds
from reparam.studies.spread import at_work
from reparam.studies.sweeps.alone import Alone
from reparam.studies.sweeps.axes import Axis, axis
from reparam.studies.sweeps.page import write_report
from reparam.studies.sweeps.plan import Plan, planned, settle
from reparam.studies.sweeps.proposals import Proposals, Proposed, require_optuna
from reparam.studies.sweeps.pruning import bars
from reparam.studies.sweeps.results import Sweep
from reparam.studies.sweeps.trial import task_of
from reparam.studies.trials import Trial
from reparam.studies.watch import watching
from reparam.training.validation import average

Say = Callable[[str], None]
MOST_TRIALS = 100_000
PRUNERS = ("median", "none")


class Hands(Protocol):
    """Who does the jobs."""

    def give(self, jobs: list[Job]) -> None:
        """More of them."""

    def through(self, jobs: list[Job]) -> Iterator[Ended]:
        """Each once it has ended."""


def sweep(
    kind: str,
    data: str = "mnist",
    *,
    vary: Mapping[str, Any],
    trials: int = 40,
    seeds: int = 1,
    sampler: str = "tpe",
    pruner: str = "median",
    count: int = 5000,
    images: int = 1000,
    out: str | Path = "sweep",
    say: Say = lambda text: None,
    quiet: bool = True,
    force: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
    slurm: Mapping[str, object] | None = None,
    threads: int | None = None,
    **settings: Any,
) -> Sweep:
    """Train a kind of model with many settings; the validation split decides, and the winner alone is tested.

    Args:
        kind: of model.
        data: a name or a path.
        vary: by the name of a setting of the model or of training, its range, a tuple of two numbers or
            ``"1e-4..1e-2"``, or its choices, a list or ``"200,400"``. Ranges over more than an order of magnitude
            are gone over by their logarithms.
        trials: how many settings are tried; those in the folder count.
        seeds: runs of each, whose mean decides.
        sampler: who proposes: ``tpe`` learns from what has ended, ``random`` does not, ``grid`` goes over all choices;
            of choices that are no more than ``trials`` each is tried once, whoever proposes.
        pruner: ``median`` breaks a trial off where its best validation lies below the median of five or more before it;
            ``none`` does not. Of several seeds none is broken off.
        count: samples of the winner that are measured, at most.
        images: test examples whose log-likelihood under the winner is estimated.
        out: folder of the runs and of ``report.html``; a sweep that was interrupted goes on in it.
        say: told what is being done.
        quiet: no progress lines of training.
        force: write even over files that reparam did not make, and among the data.
        workers: processes of this machine that train a run each at a time; one after another unless given.
        scheduler: the address of a Dask scheduler instead, whose workers share this folder and the data.
        slurm: options of ``sbatch`` by their long names: the workers are jobs of Slurm's.
        threads: of a processor for each run; unless given, those that the sweep was begun with, else all, or a worker's
            share of them.
        **settings: of the model, of training and of how files are read, the same for all trials.

    Raises:
        UserError: if a setting, a range, the data or a worker will not do, or no trial came to a value.
        reparam.training.interrupt.Interrupted: after Ctrl-C, everything saved.
    """
    axes = _axes(kind, vary)
    _check(trials, seeds, pruner)
    measures = Measures(count=count, images=images)
    place = Path(out)
    page = place / "report.html"
    check_places([place, page, page.with_suffix(".json")], force=force)
    if among := lies_among(place, data):
        say(among)
    plan = _plan(kind, data, axes, settings, seeds=seeds, sampler=sampler, pruner=pruner, threads=threads)
    read_data(plan.data)  # what would make every trial fail is told once, before anything is written
    with (
        _hands(plan, place, (workers, scheduler, slurm), trials, say, quiet) as (plan, hands, slots, tell),
        hold(place),
    ):
        proposals = Proposals(place, axes, plan.sampler, plan.seed, trials)
        _tried(plan, axes, proposals, hands, slots, place, min(trials, proposals.most or trials), tell, quiet)
    with standing(place):
        return _reported(plan, axes, proposals, place, page, measures, say, force)


def _axes(kind: str, vary: Mapping[str, Any]) -> list[Axis]:
    """What is varied of a kind of model.

    Raises:
        UserError: if Optuna is missing, there is no such kind, nothing is varied, or something cannot be.
    """
    require_optuna()
    if kind not in KINDS:
        raise UserError(f"there is no kind of model {kind!r}{guessed(kind)}: choose from {', '.join(KINDS)}")
    if not vary:
        raise UserError('nothing is varied: give vary={"learning_rate": (1e-4, 1e-2)}, or other settings of the model')
    return [axis(KINDS[kind], name, asked) for name, asked in vary.items()]


def _check(trials: int, seeds: int, pruner: str) -> None:
    """Refuse numbers that nobody can mean, and a pruner that there is not."""
    for name, value, most in (("trials", trials, MOST_TRIALS), ("seeds", seeds, MOST_SEEDS)):
        if not 1 <= value <= most:
            raise UserError(f"{name}={value} will not do: give 1 to {most:,}")
    if pruner not in PRUNERS:
        raise UserError(f"there is no pruner {pruner!r}{meant(pruner, ('median', 'none'))}: give median or none")


def _plan(kind: str, data: str, axes: list[Axis], settings: Mapping[str, Any], **how: Any) -> Plan:
    """The plan of settings that are the model's, training's or the reading's by their names."""
    config = KINDS[kind].settings
    model = config(**{name: value for name, value in settings.items() if name not in _OTHERS})
    usual = KINDS[kind].training.model_dump(exclude_unset=True)
    asked = {name: value for name, value in settings.items() if name in TrainingConfig.model_fields}
    read = {name: value for name, value in settings.items() if name in DataConfig.model_fields}
    return planned(model, DataConfig(data=data, **read), TrainingConfig(**usual | asked), axes, **how)


Where = tuple[int | None, str | None, Mapping[str, object] | None]
"""Workers of this machine, a scheduler's address, options of Slurm's."""
_OTHERS = {*TrainingConfig.model_fields, *DataConfig.model_fields, *ReadingConfig.model_fields}


@contextmanager
def _hands(
    plan: Plan, out: Path, where: Where, trials: int, say: Say, quiet: bool
) -> Iterator[tuple[Plan, Hands, int, Say]]:
    """The settled plan, who does the runs, how many at a time, and who is told of them."""
    workers, scheduler, slurm = where
    if workers is None and scheduler is None and slurm is None:
        yield settle(plan, out, torch.get_num_threads()), Alone(), 1, say
        return
    at = at_work(out, plan.data, workers, scheduler, slurm=slurm, say=say)
    with at as (pool, share), watching(say, quiet) as watch:
        plan = settle(plan, out, share)
        hands = Rounds(pool, plan.threads or 1, out, watch, trials * plan.seeds)
        yield plan, hands, pool.slots, watch.tell


def folder_of(out: Path, number: int, seed: int) -> Path:
    """Where a trial's run lies.

    >>> print(folder_of(Path("sweep"), 7, 0), folder_of(Path("sweep"), 7, 2))
    sweep/trial-0007 sweep/trial-0007-seed2
    """
    return out / (f"trial-{number:04d}" if seed == 0 else f"trial-{number:04d}-seed{seed}")


def _tried(
    plan: Plan,
    axes: list[Axis],
    proposals: Proposals,
    hands: Hands,
    slots: int,
    out: Path,
    trials: int,
    say: Say,
    quiet: bool,
) -> None:
    """Trials until there are so many: those that were broken off first, then new ones, as many as go at a time."""
    came: dict[int, dict[int, Mapping[str, Any]]] = {}
    waiting = iter(_to_do(proposals, trials))

    def jobs(trial: Proposed) -> list[Job]:
        came[trial.number] = {}
        prune = plan.pruner == "median" and plan.seeds == 1
        known = bars(one.curve for one in proposals.all() if one.state == "complete") if prune else {}
        return [_job(plan, axes, trial, seed, known, out, quiet or slots > 1) for seed in range(plan.seeds)]

    def more(count: int) -> list[Job]:
        return [job for trial in islice(waiting, count) for job in jobs(trial)]

    for ended in hands.through(more(max(1, -(-slots // plan.seeds)))):
        number, seed = _place_of(ended.name)
        came[number][seed] = ended.value or {"failure": ended.failure or "its process ended before the run did"}
        if len(came[number]) < plan.seeds:
            continue
        say(_told(proposals, number, list(came.pop(number).values())))
        hands.give(more(1))


def _to_do(proposals: Proposals, trials: int) -> Iterator[Proposed]:
    known = proposals.all()
    yield from (one for one in known if one.state == "running")
    for _ in range(len(known), trials):
        yield proposals.ask()


def _job(
    plan: Plan, axes: list[Axis], trial: Proposed, seed: int, known: Mapping[int, float], out: Path, quiet: bool
) -> Job:
    folder = folder_of(out, trial.number, seed)
    config = plan.config(axes, dict(trial.settings), seed)
    return Job(folder.name, MODULE, task_of(config, folder, plan.threads or 1, known, quiet))


def _place_of(name: str) -> tuple[int, int]:
    """The trial and the seed behind a folder's name.

    >>> _place_of("trial-0012-seed3"), _place_of("trial-0000")
    ((12, 3), (0, 0))
    """
    _, number, *seed = name.split("-")
    return int(number), int(seed[0].removeprefix("seed")) if seed else 0


def _told(proposals: Proposals, number: int, came: list[Mapping[str, Any]]) -> str:
    """Tell what a trial came to, and say it."""
    failures = [str(one["failure"]) for one in came if "failure" in one]
    if any(one.get("open") for one in came):  # it says nothing of the settings, and so nobody who proposes is told
        return f"trial {number}: put off: {failures[0]}; call again, and the sweep goes on with it"
    if failures:
        proposals.tell(number, None, {})
        return f"trial {number}: failed: {failures[0]}"
    value, pruned = fmean(one["value"] for one in came), any(one["pruned"] for one in came)
    curve = {int(percent): float(reached) for percent, reached in came[0]["curve"].items()}
    proposals.tell(number, value, curve, pruned)
    settings = next(one.settings for one in proposals.all() if one.number == number)
    tried = ", ".join(f"{n} {v:.4g}" if isinstance(v, float) else f"{n} {v}" for n, v in settings.items())
    return f"trial {number}: {tried}: {value:.5g}{', broken off since it lagged behind' if pruned else ''}"


def _reported(
    plan: Plan,
    axes: list[Axis],
    proposals: Proposals,
    out: Path,
    page: Path,
    measures: Measures,
    say: Say,
    force: bool,
) -> Sweep:
    """Test the winner, measure it, and write the page."""
    done = [one for one in proposals.all() if one.value is not None]
    if not done:
        raise UserError(f"no trial of {out} came to a value: see what was said of each, and vary other settings")
    winner = max(done, key=lambda one: (one.value, -one.number))
    folders = [folder_of(out, winner.number, seed) for seed in range(plan.seeds)]
    machines = Machines(out)
    found = [Trial(folders[0].name, folder, load(folder), machine=machines.of(folder)) for folder in folders]
    say(f"testing {folders[0]}")
    tests = [_tested(trial) for trial in found]
    test = {name: fmean(one[name] for one in tests) for name in tests[0]}
    measured = judge(found, measures, say, apart=True)
    run = found[0].run
    assert run is not None
    criterion = (
        f"validation {run.model.monitor.replace('_', ' ')}"
        if run.model.monitor
        else "Fréchet distance to validation examples, negated"
    )
    result = Sweep(
        plan.kind,
        tuple(axes),
        tuple(proposals.all()),
        criterion,
        proposals.importances(),
        winner,
        run,
        test,
        measured,
        machines=_machines(machines, plan, proposals, out),
    )
    return replace(result, page=write_report(result, page, force))


def _machines(known: Machines, plan: Plan, proposals: Proposals, out: Path) -> dict[int, str]:
    """Of each trial those that trained its runs, each once."""
    found = {}
    for number in (one.number for one in proposals.all()):
        hosts = [known.of(folder_of(out, number, seed)) for seed in range(plan.seeds)]
        if told := "; ".join(dict.fromkeys(host for host in hosts if host)):
            found[number] = told
    return found


def _tested(trial: Trial) -> dict[str, float]:
    """What the test split says of a run, put behind its other rows (in memory: its folder stays as it was trained)."""
    run = trial.run
    assert run is not None
    last = run.last_row
    test = average(run.model, run.data.test, run.data, run.config.training.seed)
    if test:
        run.rows[-1] = {name: last[name] for name in ("step", "epoch", "split")} | test
    return test

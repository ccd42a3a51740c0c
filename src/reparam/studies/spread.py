"""The trials of a comparison on many workers: handed out, watched, and gathered."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import torch

from reparam.cluster import Ended, Job, Pool, opened
from reparam.data.places import source_path
from reparam.kinds.own import names_function
from reparam.runs.folder import RunFolder
from reparam.settings import DataConfig
from reparam.studies.machines import Machines
from reparam.studies.protocol import Protocol
from reparam.studies.rounds import MODULE, Rounds
from reparam.studies.trials import Shown, Trial, attempt, folder_of, is_done, planned
from reparam.studies.watch import Watch


@contextmanager
def at_work(
    out: Path,
    data: DataConfig,
    workers: int | None,
    scheduler: str | None,
    models: Sequence[str] = (),
    slurm: Mapping[str, object] | None = None,
    say: Callable[[str], object] = str,
) -> Iterator[tuple[Pool, int]]:
    """Workers that are fit for a study, and the threads that each of them has for a trial.

    Args:
        out: the study's folder.
        data: which they have to see, where they are files.
        workers: processes of this machine, or
        scheduler: the address of one.
        models: by name; files of the user's own are to be seen, too.
        slurm: options of jobs, which the workers are then.
        say: told that they are waited for.

    Raises:
        UserError: if Dask is not installed, the scheduler does not answer, or a worker is not fit.
    """
    files = [Path(name.rpartition(":")[0]) for name in models if names_function(name)]
    source = source_path(data.data)
    with opened(workers, scheduler, torch.cuda.device_count(), slurm, out, say) as pool:
        share = pool.check(out, [*files, *([] if source is None else [source])])
        # cores of a node that Slurm gives to one job are no other's
        yield pool, share if slurm is None else int(str(slurm.get("cpus-per-task", 1)))


def spread(names: Sequence[str], protocol: Protocol, seeds: int, out: Path, pool: Pool, watch: Watch) -> list[Trial]:
    """As :func:`reparam.studies.trials.trials`, many at a time: the same files, whichever machine has which trial.

    Args:
        names: of the models.
        protocol: data, budget, and the threads of each trial.
        seeds: 0 to this number, exclusive.
        out: the folder of the comparison, which all workers see.
        pool: the workers.
        watch: what is seen of it.

    Raises:
        UserError: if a name or a folder will not do, or there is nobody left to work.
        reparam.training.interrupt.Interrupted: after Ctrl-C, what was at work saved.
    """
    plan = planned(names, protocol, seeds, out)
    jobs = [
        _job(name, protocol, seed, out) for name, _, seed in plan if not is_done(RunFolder(folder_of(out, name, seed)))
    ]
    rounds = Rounds(pool, protocol.threads or 1, out, watch, len(jobs))
    ended = {one.name: one for one in rounds.through(jobs)}
    machines, found = Machines(out), []
    for name, model, seed in plan:
        folder = folder_of(out, name, seed)
        if is_done(RunFolder(folder)):
            trial = attempt(name, model, protocol, seed, out, lambda text: None, Shown())
        else:
            trial = _unfinished(name, folder, ended[folder.name])
        found.append(replace(trial, machine=machines.of(folder)))
    return found


def _job(name: str, protocol: Protocol, seed: int, out: Path) -> Job:
    task = {
        "do": "compared",
        "name": name,
        "seed": seed,
        "out": str(out),
        "protocol": protocol.model_dump(mode="json"),
    }
    return Job(folder_of(out, name, seed).name, MODULE, task)


def _unfinished(name: str, folder: Path, ended: Ended) -> Trial:
    """Why there is no run."""
    told = ended.value or {}
    reason = ended.failure or told.get("failure") or "its process ended before the run did"
    return Trial(name, folder, failure=reason, elsewhere=told.get("elsewhere", False))

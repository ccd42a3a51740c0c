"""Workers that are jobs of Slurm's, submitted by dask-jobqueue; each does one run at a time.

The scheduler is in this process, on the node where the command is called, and speaks TLS with a key made for the
occasion, which jobs read from a folder of this user's alone within the study's.
"""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reparam.cluster.local import kept_keys, made_security
from reparam.cluster.pool import quietly
from reparam.errors import UserError
from reparam.folders import make_folder
from reparam.terminal import harmless

NAMED = {"partition": "queue", "account": "account", "time": "walltime", "mem": "job_mem", "interface": "interface"}
"""The options that dask-jobqueue has words of its own for; ``interface`` is the network that jobs are reached by."""
CPUS = "cpus-per-task"
OPTION, VALUE = re.compile(r"[a-z][a-z0-9-]*"), re.compile(r"[\w.,:/=@%+\[\]-]*")
USUAL_TIME = "24:00:00"


def checked(asked: Mapping[str, object]) -> dict[str, str]:
    """The options of a job, none of which says more to a shell than a word.

    Args:
        asked: of ``sbatch``, by their long names: ``{"partition": "gpu", "cpus-per-task": 4}``.

    Raises:
        UserError: if a name or value is none, or there is no Slurm here.

    >>> checked({"partition": "gpu; rm x"})
    Traceback (most recent call last):
    reparam.errors.UserError: slurm={"partition": "gpu; rm x"} is no option of sbatch's: give its long name and one word
    """
    found = {name: str(value) for name, value in asked.items()}
    for name, value in found.items():
        if not (OPTION.fullmatch(name) and VALUE.fullmatch(value)) or (name == CPUS and not value.isdigit()):
            raise UserError(f'slurm={{"{name}": "{value}"}} is no option of sbatch\'s: give its long name and one word')
    return found


@contextmanager
def submitted(workers: int, asked: Mapping[str, str], shared: Path) -> Iterator[Any]:
    """A scheduler here, and jobs of Slurm's as its workers, which are cancelled with the block.

    Args:
        workers: jobs.
        asked: what :func:`checked` gives.
        shared: a folder that all nodes see; logs of the jobs are kept in it, below ``slurm``.

    Raises:
        UserError: if dask-jobqueue is not installed, there is no ``sbatch``, or it refuses the jobs.
    """
    if shutil.which("sbatch") is None:
        raise UserError("there is no sbatch here: call this where Slurm's commands are, or leave `slurm` out")
    try:
        from dask_jobqueue.slurm import SLURMCluster
    except ImportError:
        raise UserError("jobs of Slurm's need dask-jobqueue: `pip install 'reparam[slurm]'`") from None
    logs = shared.resolve() / "slurm"
    make_folder(logs)
    with tempfile.TemporaryDirectory(prefix=".key-", dir=logs) as keys, quietly():
        cluster = SLURMCluster(
            **_options(asked),
            security=_in_files(Path(keys)),
            log_directory=str(logs),
            scheduler_options={"dashboard_address": None},
            silence_logs=50,
        )
        try:
            _try(cluster.job_script())  # type: ignore[no-untyped-call]
            cluster.scale(workers)  # type: ignore[no-untyped-call]
            yield cluster
        finally:
            cluster.close(timeout=10)


def _in_files(folder: Path) -> Any:
    """TLS whose key and certificate lie in a folder, by whose files jobs are told of them."""
    from distributed.security import Security

    named = kept_keys(folder, made_security())
    roles = ("scheduler", "worker", "client")
    parts = {f"tls_{role}_{part}": named[f"tls-{part}"] for role in roles for part in ("cert", "key")}
    return Security(require_encryption=True, tls_ca_file=named["tls-ca-file"], **parts)  # type: ignore[no-untyped-call]


def _try(script: str) -> None:
    """Ask Slurm whether it would take a job: what is refused later is told to nobody."""
    with tempfile.NamedTemporaryFile("w", suffix=".sh", encoding="utf-8") as file:
        file.write(script)
        file.flush()
        told = subprocess.run(
            ["sbatch", *_worded("test-only"), file.name], capture_output=True, text=True, errors="replace"
        )
    if told.returncode:
        lines = [line.strip() for line in told.stderr.splitlines() if line.strip()] or ["sbatch gives no reason"]
        raise UserError(f"Slurm takes no such job ({harmless(lines[-1])[:160]}): change what `slurm` asks for")


def _options(asked: Mapping[str, str]) -> dict[str, Any]:
    """As dask-jobqueue calls them: one process a job with one thread, which waits for the run it has begun."""
    words = {NAMED[name]: value for name, value in asked.items() if name in NAMED}
    others = [f"--{name}={value}" if value else f"--{name}" for name, value in asked.items() if name not in NAMED]
    unasked = [] if "mem" in asked else ["mem="]
    cpus = int(asked.get(CPUS, 1))
    return {
        "walltime": USUAL_TIME,
        **words,
        "job_name": "reparam",
        "cores": 1,
        "processes": 1,
        "job_cpu": cpus,
        "memory": "1GB",  # a word that dask-jobqueue wants: what a job may take is Slurm's to say
        "worker_extra_args": [*_worded("memory-limit", "0"), *_worded("no-dashboard")],
        "job_directives_skip": unasked,
        "job_extra_directives": [other for other in others if not other.startswith(f"--{CPUS}=")],
        "death_timeout": 120,
    }


def _worded(name: str, *values: str) -> list[str]:
    """An option of another program's as it is typed."""
    return [f"--{name}", *values]

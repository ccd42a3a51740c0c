"""What a worker does: look at its machine, start a job in a process of its own, wait for it, and stop those it has.

A job's process reads its task from a pipe that stays open as long as the worker lives, so that none outlives its worker
(:mod:`reparam.cluster.lifeline`); one that crashes, or that the system kills for its memory, takes no worker along.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from reparam._version import __version__
from reparam.door import Unreadable, is_file, is_folder, present

TRIMMED = ("MALLOC_TRIM_THRESHOLD_", "65536")
"""What Dask sets for its workers; another value is the user's."""
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
LAST_WORDS = 300
_running: dict[str, set[subprocess.Popen[str]]] = {}
_stopped: set[str] = set()
_guard = threading.Lock()


def versions() -> dict[str, str]:
    """Of what decides a run's bits, told without loading it."""
    return {"reparam": __version__, "torch": _installed("torch")}


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def cores() -> int:
    """Those that this process may use."""
    with suppress(AttributeError):  # only Linux tells
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def look(probe: str, paths: tuple[str, ...] = ()) -> dict[str, Any]:
    """Tell of this worker's machine: name, cores, versions, whether it sees a file, and the paths it lacks."""
    lacks = [path for path in paths if not _sees(present, path)]
    sees = _sees(is_file, probe)
    return {"host": socket.gethostname(), "cores": cores(), "versions": versions(), "sees": sees, "lacks": lacks}


def _sees(ask: Callable[[Path], bool], path: str) -> bool:
    """Whether something is there for this worker: what its system does not let it look at is not."""
    try:
        return ask(Path(path))
    except Unreadable:
        return False


def run(study: str, module: str, task: Mapping[str, Any], folder: str, threads: int, want: dict[str, str]) -> Any:
    """Do a job: a Python of its own runs ``module``, and what that prints last, JSON, is what came of it.

    Args:
        study: whose jobs are stopped together.
        module: run as ``python -m``.
        task: what it reads, as JSON, from its first line of input.
        folder: where it works, if that is here.
        threads: of its processor that it may use.
        want: versions that this machine must have, since it may have joined after the others were asked.

    Returns:
        ``host``, and ``value``, or ``failure`` with a reason, or ``stopped``.
    """
    told: dict[str, Any] = {"host": socket.gethostname()}
    if versions() != want:
        return told | {"unfit": f"has {_named(versions())}"}
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        process = _begin(study, module, folder, threads, errors)
        if process is None:
            return told | {"stopped": True}
        try:
            out = _told(process, task)
        finally:
            with _guard:
                _running[study].discard(process)
        if process.returncode == 0 and out:
            return told | {"value": json.loads(out.splitlines()[-1])}
        if study in _stopped:
            return told | {"stopped": True}
        errors.seek(0)
        return told | {"failure": ended_badly(process.returncode, errors.read())}


def environment_of(worker: Mapping[str, str], threads: int) -> dict[str, str]:
    """What a job finds: so many threads, and memory that is kept for the next step.

    Dask's workers have the C library hand every 64 KiB back to the system, which a training asks for again at each
    step: it took 2.4 times as long.

    >>> environment_of({"HOME": "/home/me", "MALLOC_TRIM_THRESHOLD_": "65536"}, 2)["OMP_NUM_THREADS"]
    '2'
    """
    kept = {name: value for name, value in worker.items() if (name, value) != TRIMMED}
    return kept | dict.fromkeys(THREADS, str(threads))


def _begin(study: str, module: str, folder: str, threads: int, errors: Any) -> "subprocess.Popen[str] | None":
    """The process, unless the study was stopped."""
    environment = environment_of(os.environ, threads)
    with _guard:  # so that a stop comes before it or finds it
        if study in _stopped:
            return None
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            encoding="utf-8",
            cwd=folder if _sees(is_folder, folder) else None,
            env=environment,
        )
        _running.setdefault(study, set()).add(process)
        return process


def _told(process: "subprocess.Popen[str]", task: Mapping[str, Any]) -> str:
    """What the process prints, once it has ended; the pipe that it reads stays open until then."""
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(BrokenPipeError):
        process.stdin.write(json.dumps(task) + "\n")
        process.stdin.flush()
    with process.stdout:
        out = process.stdout.read()
    process.wait()
    with suppress(BrokenPipeError):
        process.stdin.close()
    return out


def ended_badly(code: int, errors: str) -> str:
    """Why a process has no result, in a sentence.

    >>> ended_badly(-9, "")
    'its process was killed (signal 9), as the system does where memory runs out'
    >>> ended_badly(1, "Traceback ...\\nImportError: no module named torch")
    'its process ended with code 1: ImportError: no module named torch'
    """
    last = next((line.strip() for line in reversed(errors.splitlines()) if line.strip()), "")[:LAST_WORDS]
    if code < 0:
        why = ", as the system does where memory runs out" if code == -9 else ""
        return f"its process was killed (signal {-code}){why}"
    return f"its process ended with code {code}" + (f": {last}" if last else "")


def stop(study: str) -> int:
    """Ask a study's processes on this worker to save and to end, and begin none any more; their number."""
    with _guard:
        _stopped.add(study)
        processes = list(_running.get(study, ()))
    for process in processes:
        with suppress(OSError):
            process.terminate()
    return len(processes)


def _named(found: Mapping[str, str]) -> str:
    return " and ".join(f"{name} {number}" for name, number in found.items())

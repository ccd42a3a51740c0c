"""A scheduler in this process, and workers beside it; they speak TLS with a key made for the occasion.

Whoever may speak to a Dask scheduler may have it run anything: on a machine with other users a port of the loopback is
no secret, and the key is. It lies in a folder that is this user's alone, and is removed with it.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from reparam.cluster.pool import quietly
from reparam.errors import UserError
from reparam.files import replace_atomically, text

HERE = "127.0.0.1"


@contextmanager
def started(workers: int, gpus: int = 0) -> Iterator[Any]:
    """A cluster of this machine, one job at a time in each worker.

    Args:
        workers: how many; a nanny of Dask's begins one that has died anew.
        gpus: dealt out to them, one after the other; each job sees its own alone.
    """
    import dask
    from distributed import LocalCluster

    usual = {"distributed.scheduler.worker-saturation": 1.0, "distributed.admin.system-monitor.gil.enabled": False}
    with tempfile.TemporaryDirectory(prefix="reparam-") as folder, dask.config.set(usual), quietly():
        security = made_security()
        keys = kept_keys(Path(folder), security)
        cluster = LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=0, host=HERE, protocol="tls://", security=security, dashboard_address=None, silence_logs=50
        )
        processes = [_worker(number, cluster.scheduler_address, keys, folder, gpus) for number in range(workers)]
        try:
            yield cluster
        finally:
            cluster.close(timeout=10)
            for process in processes:
                _end(process)


def made_security() -> Any:
    """TLS with a key of now, which scheduler, workers and client share.

    Raises:
        UserError: if cryptography is not installed.
    """
    from distributed.security import Security

    try:
        return Security.temporary()  # type: ignore[no-untyped-call]
    except ImportError:
        raise UserError("workers that are started here need cryptography: `pip install 'reparam[cluster]'`") from None


def kept_keys(folder: Path, security: Any) -> dict[str, str]:
    """The key and the certificate in files, by the options that name them."""
    parts = {"ca-file": security.tls_ca_file, "cert": security.tls_worker_cert, "key": security.tls_worker_key}
    for name, content in parts.items():
        replace_atomically(folder / name, text(content))
    return {f"tls-{name}": str(folder / name) for name in parts}


def _worker(number: int, address: str, keys: dict[str, str], folder: str, gpus: int) -> "subprocess.Popen[bytes]":
    """A worker; in a session of its own, so that Ctrl-C is heard here first and jobs are stopped in order."""
    options = {"name": str(number), "nworkers": "1", "nthreads": "1", "host": HERE, "memory-limit": "0", **keys}
    options |= {"death-timeout": "60", "local-directory": folder, "no-dashboard": ""}
    words = [word for name, value in options.items() for word in (f"--{name}", value) if word]
    return subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_worker", address, *words],
        env=os.environ | visible(number, gpus),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def visible(number: int, gpus: int, variable: str = "CUDA_VISIBLE_DEVICES") -> dict[str, str]:
    """What a worker's environment says of the one GPU that its jobs see; nothing where there are none.

    >>> visible(5, 0), visible(3, 2, "NOT_SET_HERE")
    ({}, {'NOT_SET_HERE': '1'})
    """
    if not gpus:
        return {}
    ours = os.environ.get(variable, "").split(",")
    there = [name for name in ours if name] or [str(i) for i in range(gpus)]
    return {variable: there[number % len(there)]}


def _end(process: "subprocess.Popen[bytes]") -> None:
    """A worker that has lost its scheduler ends by itself; else it is told to."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=5)
        return
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=5)
        return
    process.kill()
    process.wait()

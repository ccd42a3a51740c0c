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
        security = _security()
        keys = _keys(Path(folder), security)
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


def _security() -> Any:
    from distributed.security import Security

    try:
        return Security.temporary()  # type: ignore[no-untyped-call]
    except ImportError:
        raise UserError("workers of this machine need cryptography: `pip install 'reparam[cluster]'`") from None


def _keys(folder: Path, security: Any) -> list[str]:
    """The key and the certificate in files, and the options that name them."""
    parts = {"ca-file": security.tls_ca_file, "cert": security.tls_worker_cert, "key": security.tls_worker_key}
    for name, content in parts.items():
        replace_atomically(folder / name, text(content))
    return [word for name in parts for word in (f"--tls-{name}", str(folder / name))]


def _worker(number: int, address: str, keys: list[str], folder: str, gpus: int) -> "subprocess.Popen[bytes]":
    """A worker; in a session of its own, so that Ctrl-C is heard here first and jobs are stopped in order."""
    name, one = f"{number}", ("--nworkers", "1", "--nthreads", "1", "--host", HERE)
    options = ("--memory-limit", "0", "--no-dashboard", "--death-timeout", "60", "--local-directory", folder)
    command = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--name", name, *one, *options, *keys]
    return subprocess.Popen(
        command,
        env=os.environ | ({"CUDA_VISIBLE_DEVICES": str(number % gpus)} if gpus else {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


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

"""``--processes N``: the same command in N processes of this machine, started and watched by torchrun's own engine."""

import logging
import os
import sys
import uuid

from reparam.cli.parse import say
from reparam.cluster.child import ended_badly
from reparam.errors import UserError
from reparam.interrupts import BROKEN_OFF

FLAG = "--processes"


def asked(argv: list[str]) -> int:
    """The number behind ``--processes``; 1 where it is not given, or torchrun has started this process already.

    Raises:
        UserError: if it is no power of two.

    >>> asked(["vae", "--processes", "4"]), asked(["vae", "--processes=2"]), asked(["vae"])
    (4, 2, 1)
    """
    if os.environ.get("WORLD_SIZE", "1") != "1":
        return 1
    given = [following for word, following in zip(argv, [*argv[1:], ""], strict=True) if word == FLAG]
    given += [word.partition("=")[2] for word in argv if word.startswith(f"{FLAG}=")]
    if not given:
        return 1
    count = int(given[-1]) if given[-1].isascii() and given[-1].isdigit() else 0
    if count < 1 or count & (count - 1):
        raise UserError(f"processes={given[-1]} will not do: give a power of two, 2, 4, 8 ...")
    return count


def start(count: int, command: str, argv: list[str]) -> int:
    """Start the command so many times, and give the exit code of the first that ended otherwise than well."""
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    for name in (name for name in logging.root.manager.loggerDict if name.startswith("torch.distributed")):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what went wrong they say themselves
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // count)))
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=count,
        run_id=str(uuid.uuid4()),
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=0,
    )
    try:
        elastic_launch(config, sys.executable)("-m", "reparam", command, *argv)
    except ChildFailedError as failed:
        rank, found = failed.get_first_failure()
        if found.exitcode < 0:  # it could not say so itself
            say(f"reparam: {ended_badly(found.exitcode, '').replace('its process', f'process {rank}')}")
        return found.exitcode if found.exitcode > 0 else 128 - found.exitcode
    except SignalException:
        return BROKEN_OFF
    return 0

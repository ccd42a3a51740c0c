"""What the processes of one training tell each other of their end, so that it is said once, by one that knows why.

They meet at the store that torchrun keeps for them (or the first of them, elsewhere), by a connection of its own: what
joins them for their sums is gone by the time that there is something to tell.
"""

import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from hashlib import blake2b
from types import TracebackType
from typing import Any

from reparam.errors import UserError

ANSWER = timedelta(seconds=3)
"""How long the store has to answer: whoever cannot reach it speaks for itself."""
LETS_BEFORE = 2.0
"""Seconds in which one that lost another lets it end first: torchrun ends all with the first, and names it."""
FAILED = "failed"


class PeerLost(UserError):
    """Another process of the training has ended or cannot be reached.

    Attributes:
        told: whether that one has said on this host what went wrong.
    """

    told = False


def several() -> bool:
    """Whether this process is one of several that ``torchrun``, or what sets its variables, has started."""
    return "RANK" in os.environ and os.environ.get("WORLD_SIZE", "1") != "1"


def agents() -> bool:
    """Whether the store is there before any of them, and as long as any: torchrun's agent keeps it."""
    return os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"


def board() -> Any:
    """The store; None where it does not answer."""
    from torch.distributed import PrefixStore, TCPStore  # type: ignore[attr-defined]

    try:
        where = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
        store = TCPStore(*where, is_master=False, timeout=ANSWER, wait_for_workers=False)
    except (LookupError, ValueError, RuntimeError):
        return None
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    return PrefixStore(f"reparam/{os.environ.get('TORCHELASTIC_RUN_ID', '')}/{attempt}", store)


def announce(error: Exception) -> None:
    """Leave word of why this process ends, unless another has before; that another has gone is no reason."""
    if not several() or isinstance(error, PeerLost):
        return
    said = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
    word = json.dumps({"rank": int(os.environ["RANK"]), "host": socket.gethostname(), "said": said})
    _asked(lambda store: store.compare_set(FAILED, "", word))


def lost(how: str) -> PeerLost:
    """What is to be said of another that has gone: who it was and why, where it has left word.

    Args:
        how: to go on.
    """
    _unhurried()
    word = _asked(lambda store: store.get(FAILED) if store.check([FAILED]) else None)
    if word is None:
        return PeerLost(f"another process of this training has ended or cannot be reached: {how}")
    found = json.loads(word)
    elsewhere = found["host"] != socket.gethostname()
    who = f"process {found['rank']}" + (f" on {found['host']}" if elsewhere else "")
    error = PeerLost(f"{who} has failed ({found['said']}): {how}")
    error.told = not elsewhere
    return error


def speaks_of(error: Exception) -> bool:
    """Whether this process is to say what went wrong: the first of its host that asks, where all found the same."""
    if not several():
        return True
    announce(error)
    if isinstance(error, PeerLost) and error.told:
        return False
    key = f"said/{socket.gethostname()}/{blake2b(str(error).encode(), digest_size=8).hexdigest()}"
    number = _asked(lambda store: store.add(key, 1))
    return number is None or number == 1


def let_before(error: BaseException) -> None:
    """Where another was lost, let it be the first that ends, so that torchrun names it and gives its exit code."""
    if isinstance(error, PeerLost) and agents():
        time.sleep(LETS_BEFORE)


def hushed(error: Exception) -> None:
    """If nobody catches it, let the exception be said by one process alone, and as a sentence where another is lost."""
    if not several():
        return
    before = sys.excepthook

    def said(kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
        if value is not error:
            before(kind, value, trace)
        elif speaks_of(error):
            if isinstance(error, PeerLost):
                print(f"reparam: {error}", file=sys.stderr)
            else:
                before(kind, value, trace)
        let_before(value)

    sys.excepthook = said


def _unhurried() -> None:
    """Not to be ended by torchrun, which ends all once one has gone, before it is said why."""
    end = time.monotonic() + 2 * LETS_BEFORE + ANSWER.total_seconds()

    def later(signum: int, frame: object) -> None:
        if time.monotonic() > end:
            sys.exit(128 + signum)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, later)


def _asked(question: Callable[[Any], Any]) -> Any:
    """What the store answers, or None."""
    from torch.distributed import DistError

    store = board()
    try:
        return None if store is None else question(store)
    except (RuntimeError, DistError):
        return None

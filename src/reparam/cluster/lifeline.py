"""How a job's process learns that its worker has gone: the pipe that it was told its task by ends."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

SECONDS_TO_SAVE = 20.0


def serve(work: Callable[[dict[str, Any]], Any]) -> int:
    """Do the task that standard input tells, and print what came of it; what others print meanwhile goes elsewhere.

    Args:
        work: from the task to what JSON can hold.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    task = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_worker, daemon=True).start()
    print(json.dumps(work(task)), file=answers, flush=True)
    return 0


def _end_with_the_worker() -> None:
    """Once nothing can be read any more: save as after a signal, and end in any case."""
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SECONDS_TO_SAVE)
    os._exit(1)

"""Runs a contender in a process of its own and reads its line of JSON."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench import environment
from bench.plan import Contender

TIMEOUT = 3600


def _interpreter(contender: Contender) -> Path:
    return environment.ensure() if contender.peer else Path(sys.executable)


def _answer(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The last line of JSON on its standard output, or the last line of its complaint."""
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        complaint = done.stderr.strip().splitlines() or ["no output"]
        return {"error": f"exit code {done.returncode}: {complaint[-1]}", "stderr": complaint[-20:]}
    return json.loads(lines[-1])


def run(contender: Contender, **flags: object) -> dict[str, Any]:
    """What the contender measured, or {"error": ...}; its clock starts where this one starts the process."""
    command = [str(_interpreter(contender)), "-m", f"bench.contenders.{contender.module}"]
    flags = {**contender.flags, **flags}
    command += [f"--{name}={value}" for name, value in flags.items() if value is not None and value is not True]
    command += [f"--{name}" for name, value in flags.items() if value is True]
    surroundings = {**os.environ, "BENCH_STARTED": repr(time.time())}
    try:
        done = subprocess.run(
            command, cwd=environment.ROOT, env=surroundings, capture_output=True, text=True, timeout=TIMEOUT
        )
    except subprocess.TimeoutExpired:
        return {"error": f"no answer within {TIMEOUT} seconds"}
    return _answer(done)

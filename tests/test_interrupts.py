"""Ctrl-C: the first breaks off in order, the next ends the program at once, with 130 and no traceback, at any time."""

import os
import signal
import subprocess
import sys

import pytest

from reparam.cli.main import main

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a process there cannot send itself Ctrl-C alone")
PROGRAM = """
import atexit, os, signal, sys, threading, time
from reparam.cli.main import COMMANDS, Command, main

def again():
    os.kill(os.getpid(), signal.SIGINT)

def works(name, argv):
    atexit.register(lambda: {at_exit})
    {works}

class Last:
    def __del__(self, again=again):
        {last}

sys.modules["last"] = Last()  # goes when Python has ended all else
COMMANDS["works"] = Command("something", works)
sys.exit(main())
"""
NOTHING = {"works": "return 0", "at_exit": "None", "last": "None"}
CLEANS_UP = "\n    ".join(["try: again()", "finally: {} again()"])
LISTENS = "from reparam.training.interrupt import listening"
TRAINS = "\n    ".join([LISTENS, "with listening() as asked: again(); assert asked.asked", "raise KeyboardInterrupt"])
MOMENTS = {
    "at work": {"works": "again()"},
    "at work, where it is caught": {"works": "\n    ".join(["try: again()", "except KeyboardInterrupt: again()"])},
    "while it cleans up": {"works": CLEANS_UP.format("")},
    "while it cleans up, thrice": {"works": CLEANS_UP.format("again(),")},
    "after a training's": {"works": TRAINS},
    "twice in a training": {"works": f"{LISTENS}\n    with listening(): again(), again()"},
    "thrice in a training": {"works": f"{LISTENS}\n    with listening(): again(), again(), again()"},
    "when nothing else is left to do": {"at_exit": "again()"},
    "when it was broken off, and ends": {"works": "again()", "at_exit": "again()"},
    "in Python's own end": {"works": "again()", "last": "again()"},
    "in a training, and then when it ends": {"works": TRAINS, "at_exit": "again()", "last": "again()"},
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_any_number_of_interrupts_end_a_program_with_130(moment):
    script = PROGRAM.format(**NOTHING | MOMENTS[moment])
    done = subprocess.run([sys.executable, "-c", script, "works"], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr in ("", "reparam: interrupted\n")


def test_an_interrupt_when_all_is_done_and_said_is_nothing():
    done = subprocess.run([sys.executable, "-c", PROGRAM.format(**NOTHING | {"last": "again()"}), "works"], timeout=120)
    assert done.returncode == 0


def test_what_is_ignored_stays_so():
    script = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n" + PROGRAM.format(
        **NOTHING | {"works": "again(); print('done')", "at_exit": "again()"}
    )
    done = subprocess.run([sys.executable, "-c", script, "works"], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def test_a_function_called_from_python_leaves_handlers_alone(capsys):
    before = signal.getsignal(signal.SIGINT)
    assert main(["--version"]) == 0
    assert signal.getsignal(signal.SIGINT) is before

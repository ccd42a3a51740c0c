"""Signals: the first breaks off in order, Ctrl-C after it ends the program at once, with 130 and no traceback."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from reparam.cli.main import main

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a process there cannot send itself Ctrl-C alone")
PROGRAM = """
import atexit, itertools, os, signal, sys, threading, time
from reparam.cli.main import COMMANDS, Command, main

SENT = itertools.cycle(sys.argv[2:] or ["INT"])

def again():
    os.kill(os.getpid(), signal.Signals["SIG" + next(SENT)])

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
    "where an extension makes another error of it": {
        "works": "\n    ".join(["try: again()", "except KeyboardInterrupt: raise ImportError('initialization failed')"])
    },
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
FIVE = ", ".join(5 * ["again()"])
MIXED = {
    "in a training, and then by who will not wait": ("TERM HUP TERM INT", f"{LISTENS}\n    with listening(): {FIVE}"),
    "asked again while it cleans up": ("TERM HUP", CLEANS_UP.format("again(), again(),")),
    "typed again while it cleans up": ("HUP TERM INT", CLEANS_UP.format("again(),") + "; time.sleep(60)"),
    "asked again after a training's": ("TERM HUP", TRAINS.replace("raise", "again(); raise")),
    "asked when it was typed": ("INT TERM", CLEANS_UP.format("again(), again(),")),
    "asked for too long": (
        "TERM TERM HUP",
        "import reparam.interrupts as i; i.GRACE = 0.0\n    "
        + CLEANS_UP.format("again(), again(),")
        + "; time.sleep(60)",
    ),
    "each alone": ("HUP", CLEANS_UP.format("")),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_any_number_of_interrupts_end_a_program_with_130(moment):
    script = PROGRAM.format(**NOTHING | MOMENTS[moment])
    done = subprocess.run([sys.executable, "-c", script, "works"], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr in ("", "reparam: interrupted\n")


@pytest.mark.parametrize("moment", MIXED)
def test_any_order_of_signals_ends_a_program_with_130(moment):
    """What is asked again changes nothing of what is under way, and what is typed again ends it."""
    sent, works = MIXED[moment]
    script = PROGRAM.format(**NOTHING | {"works": works, "at_exit": "again()", "last": "again()"})
    words = [sys.executable, "-c", script, "works", *sent.split()]
    done = subprocess.run(words, capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr in ("", "reparam: interrupted\n")


def test_an_interrupt_within_code_that_was_a_string(tmp_path):
    """As that of a data class is: where a program is called by ``-m``, Python remembers, and would end by SIGINT."""
    (tmp_path / "program.py").write_text(PROGRAM.format(**NOTHING | {"works": "exec('again()')"}))
    words = [sys.executable, "-m", "program", "works"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=50, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "reparam: interrupted\n")


def test_what_is_forked_off_ends_as_whoever_began_it_will(tmp_path):
    """By the signal, and not by an exception that nobody there expects."""
    works = "(told, tells), child = os.pipe(), os.fork()\n    if not child: os.write(tells, b'.'), time.sleep(60)\n    "
    works += "os.read(told, 1), os.kill(child, signal.SIGTERM)\n    "
    works += "print(os.WTERMSIG(os.waitpid(child, 0)[1])); return 0"
    script = PROGRAM.format(**NOTHING | {"works": works})
    done = subprocess.run([sys.executable, "-c", script, "works"], capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stdout, done.stderr) == (0, "15\n", "")


STUDIES = {
    "compare": ["--models", "autoencoder-2", "gan"],
    "sweep": ["autoencoder", "--vary", "latent-dim=2,3", "--sampler", "grid", "--trials", "2"],
}


@pytest.mark.parametrize("study", STUDIES)
def test_what_is_asked_in_the_last_step_of_a_training_ends_the_study(study, tmp_path, monkeypatch, capsys):
    """There is nothing left of that training to break off, and there are others."""
    np.save(tmp_path / "x.npy", np.random.default_rng(0).random((60, 4, 4)).astype("float32"))
    monkeypatch.chdir(tmp_path)
    asked, replace = [], Path.replace

    def asks(path, target):
        asked.append(Path(target).name)
        if asked.count("last.safetensors") == 2:  # before the first step, and after the last
            os.kill(os.getpid(), signal.SIGTERM)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", asks)
    assert main([study, *STUDIES[study], "--data", "x.npy", "--epochs", "1", "--quiet", "--out", "study"]) == 130
    assert "the same options again" in capsys.readouterr().err
    assert len(list((tmp_path / "study").glob("**/metrics.jsonl"))) == 1


SWALLOWED = {
    "in the removal of an object": """class Gone:
        def __del__(self): again()
    Gone()""",
    "in a callback of a weak reference": """import weakref
    class Gone: pass
    gone = Gone()
    kept = weakref.ref(gone, lambda reference: again())
    del gone""",
    "in a call from C": """import ctypes
    ctypes.CFUNCTYPE(None)(again)()""",
    "in an extension that is loaded, and taken for none": """try:
        try: again()
        except KeyboardInterrupt as error: raise ImportError("initialization failed") from error
    except ImportError: pass""",
    "in a training, after its last step": """import reparam, torch
    from reparam.training import Callback, Silent
    class Late(Callback):
        def end(self, session): again()
    reparam.fit("autoencoder", torch.rand(40, 4), latent_dim=1, steps=2, progress=Silent(), callbacks=[Late()])""",
}
"""Where what is raised for an interrupt is lost, or nothing is."""
GOES_ON = {
    "counting": """from reparam.pace import work
    with work("counting", 1e9, "`n`") as add:
        while True: add(1e-9), time.sleep(0.001)""",
    "items": """from reparam.pace import watched
    for item in watched(itertools.count(), "counting", 10**9): time.sleep(0.001)""",
    "one experiment after another": """from reparam.cli.bars import progress
    while True:
        with progress("experiment", known=False): time.sleep(0.001)""",
    "steps": """import torch
    from reparam.models import Turn
    from reparam.training import minimize
    layer = torch.nn.Linear(1, 1)
    turn = Turn("layer", layer, lambda batch: {"loss": layer(batch.x).square().mean()})
    minimize([turn], lambda number: torch.ones(1, 1), steps=10**9)""",
    "a training": """import reparam, torch
    from reparam.training import Silent
    reparam.fit("autoencoder", torch.rand(40, 4), latent_dim=1, steps=10**6, progress=Silent())""",
    "a page": """from reparam.watching.server import Server, Watch
    with Server(Watch(["."], str)) as server: server.serve_forever()""",
}
"""What takes long, and asks whether it is to end."""
LOST = [(lost, "counting") for lost in SWALLOWED] + [("in the removal of an object", goes_on) for goes_on in GOES_ON]


@pytest.mark.parametrize(("lost", "goes_on"), dict.fromkeys(LOST))
def test_an_interrupt_that_is_lost_ends_what_goes_on(lost, goes_on, tmp_path):
    script = PROGRAM.format(**NOTHING | {"works": f"{SWALLOWED[lost]}\n    {GOES_ON[goes_on]}"})
    done = subprocess.run(
        [sys.executable, "-c", script, "works"], capture_output=True, text=True, timeout=100, cwd=tmp_path
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "reparam: interrupted\n")


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

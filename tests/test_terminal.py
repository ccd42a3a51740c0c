"""Terminals that are odd, gone or hostile: what is said is harmless, and a training that nobody hears goes on."""

import fcntl
import io
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

import reparam
from reparam.cli.parse import emit
from reparam.runs.checkpoint import read_notes
from reparam.terminal import harmless, is_live, one_word

COMMAND = [sys.executable, "-m", "reparam"]
TRAIN = ["train", "vae", "--data", "two-gaussians", "--hidden", "8", "--latent-dim", "1"]
BELL = "\x07\x1b]0;owned\x07\x1b[31mred"


def started(arguments, cwd, **how):
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | how
    return subprocess.Popen([*COMMAND, *arguments], cwd=cwd, **how)


def without(*numbers):
    """A shell's words that close streams before the command starts."""
    return " ".join(f"{number}{'<' if number == 0 else '>'}&-" for number in numbers)


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def test_every_control_character_is_spelled_out():
    hostile = "".join(map(chr, [*range(32), *range(127, 160), 0x202E, 0x2066])) + "\udcff"
    shown = harmless(hostile + "ordinary é ±")
    assert shown.endswith("ordinary é ±")
    assert all(c == "\n" or c.isprintable() for c in shown)


def test_what_a_command_prints_is_harmless(capsys):
    emit(False, {}, f"a class called {BELL}")
    emit(True, {"class": BELL}, "")
    assert "\x1b" not in (out := capsys.readouterr().out)
    assert "\\x1b[31mred" in out


@pytest.mark.parametrize("closed", [(1,), (0, 1, 2)])
def test_closed_streams_end_nothing_and_no_file_takes_their_place(tmp_path, closed):
    line = f"exec {sys.executable} -m reparam {' '.join([*TRAIN, '--steps', '5', '--out', 'run'])} {without(*closed)}"
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    run = reparam.load(tmp_path / "run")
    assert run.step == 5
    assert all(line.startswith("{") for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines())


def test_a_reader_that_goes_away_ends_no_training(tmp_path):
    process = started([*TRAIN, "--steps", "400", "--log-every", "1", "--out", "run"], tmp_path)
    process.stdout.close()
    process.stderr.close()
    assert process.wait(120) == 141, "what was said was not heard"
    assert reparam.load(tmp_path / "run").step == 400


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written_is_no_traceback(tmp_path):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*COMMAND, "labs"], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_the_run_goes_on(tmp_path, number):
    process = started([*TRAIN, "--steps", "1000000", "--out", "run"], tmp_path)
    wait_for(lambda: (tmp_path / "run" / "metrics.jsonl").exists() and b"train" in
             (tmp_path / "run" / "metrics.jsonl").read_bytes())  # fmt: skip
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert b"Traceback" not in out + err
    assert b"--resume run" in out + err


def test_two_interrupts_leave_a_whole_run(tmp_path):
    process = started([*TRAIN, "--steps", "1000000", "--out", "run"], tmp_path)
    wait_for(lambda: (tmp_path / "run" / "metrics.jsonl").exists() and b"train" in
             (tmp_path / "run" / "metrics.jsonl").read_bytes())  # fmt: skip
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.003)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert b"Traceback" not in out + err
    assert reparam.doctor(tmp_path / "run").healthy


def test_a_terminal_that_is_closed_saves(tmp_path):
    """The system sends SIGHUP, and whatever is said afterwards fails."""
    ours, theirs = pty.openpty()
    process = started([*TRAIN, "--steps", "1000000", "--out", "run"], tmp_path, stdin=theirs, stdout=theirs,
                      stderr=theirs, start_new_session=True,
                      preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))  # fmt: skip
    os.close(theirs)
    rows = tmp_path / "run" / "metrics.jsonl"
    wait_for(lambda: os.read(ours, 4096) and rows.exists() and b"train" in rows.read_bytes())
    os.close(ours)
    process.wait(60)
    assert read_notes(tmp_path / "run" / "checkpoints" / "last.safetensors")["step"] > 0


def test_nohup_goes_on(tmp_path):
    process = started([*TRAIN, "--steps", "600", "--out", "run"], tmp_path,
                      preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))  # fmt: skip
    wait_for(lambda: (tmp_path / "run" / "metrics.jsonl").exists())
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=120)
    assert process.returncode == 0
    assert reparam.load(tmp_path / "run").step == 600


def test_a_stopped_training_continues(tmp_path):
    whole, halted = (started([*TRAIN, "--steps", "500", "--out", name], tmp_path) for name in ("whole", "halted"))
    wait_for(lambda: (tmp_path / "halted" / "metrics.jsonl").exists())
    halted.send_signal(signal.SIGSTOP)
    time.sleep(0.3)
    halted.send_signal(signal.SIGCONT)
    for process in (whole, halted):
        process.communicate(timeout=120)
        assert process.returncode == 0
    a, b = ((tmp_path / name / "metrics.jsonl").read_text() for name in ("whole", "halted"))
    assert a == b


BARE = (
    {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    {"PYTHONIOENCODING": "ascii", "TERM": "dumb", "COLUMNS": "20"},
)


@pytest.mark.parametrize("environment", BARE, ids=lambda one: "-".join(one))
def test_bare_environments(tmp_path, environment):
    """No HOME, no TMPDIR, a path and little else."""
    rows = "\n".join(f"{i / 7},{i % 5}" for i in range(60))
    (tmp_path / "größe.csv").write_text(f"größe,α\n{rows}\n", encoding="utf-8")
    bare = {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", "")} | environment
    train = ["train", "vae", "--data", "größe.csv", "--steps", "2", "--out", "run"]
    for arguments in (["data", "größe.csv"], train, ["sample", "run"]):
        done = subprocess.run([*COMMAND, *arguments], cwd=tmp_path, env=bare, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert b"Traceback" not in done.stderr + done.stdout


def test_a_word_is_quoted_as_the_systems_own_shell_takes_it(monkeypatch):
    assert one_word("my runs/vae") == "'my runs/vae'"
    monkeypatch.setattr("reparam.terminal.os", SimpleNamespace(name="nt"))
    assert one_word(r"my runs\vae") == r'"my runs\vae"'
    assert one_word(r"runs\vae") == r"runs\vae"


def test_a_stream_is_live_where_lines_can_be_redrawn(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv("TERM", "xterm")
    assert is_live(Terminal())
    assert not is_live(io.StringIO())
    monkeypatch.setenv("TERM", "dumb")
    assert not is_live(Terminal())
    monkeypatch.setattr(sys, "stderr", None)
    assert not is_live()

"""Long work says how long it will take, what nobody could mean is refused, and Ctrl-C ends all of it."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import reparam
from reparam import pace
from reparam.cli.main import main
from reparam.pace import TooLong, called, force, heard, work

HUGE = "1000000000"


class Clock:
    """A clock that the test moves."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    found = Clock()
    monkeypatch.setattr("time.monotonic", found)
    return found


def spend(clock, seconds, amounts, total=100, name="work"):
    """Do some amounts of work, each in so many seconds."""
    with work(name, total, "`samples`") as add:
        for amount in amounts:
            clock.now += seconds
            add(amount)


def test_what_is_left_is_said_from_the_third_second_on(clock, capsys):
    with heard():
        spend(clock, 1.0, [1] * 25)
    # 2 of 100 in 2 s leave 98 s; then a line every ten seconds
    assert capsys.readouterr().err.splitlines() == [
        "work: 2 %, 98 s left",
        "work: 12 %, 88 s left",
        "work: 22 %, 78 s left",
    ]


def test_short_work_and_work_that_nobody_hears_say_nothing(clock, capsys):
    with heard():
        spend(clock, 0.01, [1] * 100)
    spend(clock, 1e9, [1] * 100)
    with heard(quiet=True):
        spend(clock, 3.0, [1] * 100)
    assert capsys.readouterr().err == ""


def test_more_than_a_day_is_refused_unless_it_is_forced(clock):
    day = 24 * 3600
    with heard():
        spend(clock, 2.0, [1.0], total=day // 2)
        with pytest.raises(TooLong) as told:
            spend(clock, 2.0, [1.0], total=day // 2 + 1, name="log p(x)")
        assert str(told.value).startswith("log p(x) would take about 24 h on this machine: lower `samples`, or give fo")
    with heard(quiet=True), pytest.raises(TooLong):
        spend(clock, 2.0, [1e-9])
    with heard():
        force()
        spend(clock, 2.0, [1e-9])
    with heard(), pytest.raises(TooLong):
        spend(clock, 2.0, [1e-9])  # what was forced was that command's


def test_work_is_told_by_the_name_it_was_given(clock, capsys):
    with heard(), called("runs/vae"):
        spend(clock, 2.0, [50])
    assert capsys.readouterr().err == "runs/vae: 50 %, 2 s left\n"


def test_a_terminal_has_one_line_that_goes_away(clock, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    with heard():
        spend(clock, 2.0, [50])
    assert capsys.readouterr().err == "\x1b[2K\rwork: 50 %, 2 s left\x1b[2K\r"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Runs of images and of a table with holes, with two latents."""
    folder = tmp_path_factory.mktemp("pace")
    rng = np.random.default_rng(0)
    np.save(folder / "x.npy", (rng.random((200, 6, 6)) < 0.5).astype(np.uint8))
    rows = [f"{'' if k % 5 == 0 else k % 7},{k * 0.37:.2f},{'ab'[k % 2]}\n" for k in range(100)]
    (folder / "t.csv").write_text("count,amount,kind\n" + "".join(rows))
    (folder / "loss.py").write_text(
        "import torch\nfrom torch.nn import Parameter\nw = Parameter(torch.ones(2))\n"
        "def loss():\n    return (w * torch.randn(2) + w).square().sum(), {'w': w}\n"
    )
    how = {"steps": 3, "hidden": (8,), "latent_dim": 2, "progress": reparam.training.Silent()}
    reparam.fit("vae", folder / "x.npy", folder / "images", **how)
    reparam.fit("vae", folder / "t.csv", folder / "table", **how)
    return folder


LONG = {
    "evaluate images --likelihood --samples": "lower --samples or --images",
    "evaluate images --likelihood --samples 2 --images": "",
    "evaluate images --likelihood --proposal annealed --images 3 --steps": "GB of memory",
    "evaluate images --likelihood --proposal annealed --images 3 --samples": "GB of memory",
    "evaluate images --likelihood --proposal prior --samples": "lower --samples or --images",
    "score images x.npy --out o.npz --samples": "lower --samples",
    "score table t.csv --out o.csv --samples": "lower --samples",
    "impute table t.csv --out o.csv --draws": "GB of memory",
    "impute table t.csv --out o.csv --codes": "GB of memory",
    "sample images --out o.npz -n": "GB, and",
    "sample images --out o.npy -n": "GB, and",
    "sample table --out o.csv -n": "GB of memory",
    "sample table --given kind=a --out o.csv -n": "GB of memory",
    "manifold images --size": "GB of memory",
    "interpolate images --steps": "GB of memory",
    "latents images -n": "",
    "reconstruct images -n": "",
    "two-sample images x.npy -n": "GB of memory",
    "two-sample images x.npy -n 60 --permutations": "give 1000000 at most",
    "audit loss.py:loss --check --seeds": "lower --seeds",
    "compare --data x.npy --seeds": "give 1 to 1,000",
    "predictive-check images -n 20 --replicates 19 --out p.npz --codes": "lower --codes or --n",
    "predictive-check images -n 20 --out p.npz --replicates": "lower --replicates or --n",
    "predictive-check images --replicates 19 --out p.npz -n": "",
    "rate-distortion images -n 2 -k 2 --out r.npz --steps": "GB of memory",
    "rate-distortion images -n 2 --steps 5 --out r.npz -k": "GB of memory",
    "explore images --out e.html --n": "",
    "sweep autoencoder --data x.npy --vary latent-dim=2,3 --trials": "give 1 to 100,000",
    "sweep autoencoder --data x.npy --vary latent-dim=2,3 --seeds": "give 1 to 1,000",
}
"""Every count of every command, and what is said of a billion; nothing where there is no more than that of it."""


@pytest.mark.parametrize("line", LONG)
def test_a_billion_of_anything_is_refused_within_seconds_or_cut_to_what_there_is(place, line, monkeypatch, capsys):
    monkeypatch.chdir(place)
    monkeypatch.setattr(pace, "PATIENCE", 0.05)
    monkeypatch.setattr(pace, "LONGEST", 60.0)  # of models as small as these a billion of some things takes hours
    begun = time.perf_counter()
    code = main([*line.split(), HUGE])
    told = capsys.readouterr().err
    assert time.perf_counter() - begun < 60
    assert code == (2 if LONG[line] else 0), told
    assert LONG[line] in told
    last = [one for one in told.splitlines() if one.startswith("reparam: ") and not one.startswith("reparam: warning")]
    assert len(last) == (1 if LONG[line] else 0)


def test_force_starts_it_and_ctrl_c_ends_it(place):
    """With a word of how long it takes, exit code 130, and no traceback."""
    line = f"evaluate images --likelihood --force --samples {HUGE}"
    program = (
        "import sys; import reparam.cli.main as cli, reparam.pace as pace; pace.PATIENCE = 0.05; sys.exit(cli.main())"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, *line.split()], cwd=place, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    with process:
        said = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert said.startswith("images: log p(x): 0 %, ")
    assert said.endswith(" left\n")
    assert rest.splitlines()[-1] == "reparam: interrupted"
    assert "Traceback" not in rest
    assert process.returncode == 130

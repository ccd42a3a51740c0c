"""Sweeps: what is proposed, what decides, that the test split is the winner's alone, and that a kill loses nothing."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import numpy as np
import pytest

import reparam
from helpers import quiet_fit, said, small_data, small_vae
from reparam.cli.sweep import HELP
from reparam.errors import UserError
from reparam.evaluation.samples.run_measures import measure_run, yardstick_of
from reparam.kinds import KINDS
from reparam.runs.folder import RunFolder
from reparam.runs.run import load
from reparam.settings import DataConfig, TrainingConfig
from reparam.studies.job import work
from reparam.studies.sweeps import axis
from reparam.studies.sweeps.plan import planned
from reparam.studies.sweeps.proposals import Proposals
from reparam.studies.sweeps.pruning import LAGS, bars
from reparam.studies.sweeps.search import _tested, _told, folder_of
from reparam.studies.sweeps.trial import _trained, task_of, worth
from reparam.studies.trials import Trial
from reparam.training.validation import average

VAE = KINDS["vae"]
SMALL = {"latent_dim": 2, "hidden": (16,), "epochs": 2, "count": 100, "images": 10}
FLAGS = ("--latent-dim", 2, "--epochs", 2, "--count", 100, "--images", 10, "--threads", 1)


@pytest.fixture(scope="module")
def swept(grey):
    """Six trials."""
    return reparam.sweep(
        "vae", str(grey), vary={"learning_rate": (1e-4, 1e-1), "hidden": [16, [16, 8]]}, trials=6, threads=1,
        out=grey.parent / "swept", **{name: value for name, value in SMALL.items() if name != "hidden"},
    )  # fmt: skip


def rows_of(folder):
    return RunFolder(folder).rows()


def test_validation_decides_and_the_test_split_is_read_for_the_winner_alone(swept, grey):
    out = grey.parent / "swept"
    best = {}
    for trial in swept.trials:
        rows = rows_of(folder_of(out, trial.number, 0))
        assert rows[-1].keys() == {"step", "epoch", "split", "finished"}, "no test numbers in any trial's rows"
        best[trial.number] = max(row["elbo"] for row in rows if row["split"] == "validation")
        assert trial.value == best[trial.number]
    assert swept.winner.number == max(best, key=best.get)
    run = load(folder_of(out, swept.winner.number, 0))
    assert swept.test == average(run.model, run.data.test, run.data, 0)
    assert swept.best["learning_rate"] == run.config.training.learning_rate
    assert tuple(swept.best["hidden"]) == run.config.model.hidden


def test_the_test_split_of_no_other_trial_is_read(swept, grey, monkeypatch):
    """Told anew, the sweep evaluates one run on the test split; trained anew, none does."""
    read = []
    monkeypatch.setattr(
        "reparam.studies.sweeps.search.average",
        lambda model, split, data, seed: read.append(split is data.test) or {"elbo": 0.0},
    )
    out = grey.parent / "swept"
    again = reparam.sweep(
        "vae", str(grey), vary={"learning_rate": (1e-4, 1e-1), "hidden": [16, [16, 8]]}, trials=6, out=out,
        **{name: value for name, value in SMALL.items() if name != "hidden"},
    )  # fmt: skip
    assert read == [True]
    assert again.trials == swept.trials


def test_the_report_shows_what_the_settings_do(swept):
    html = swept.page.read_text()
    for words in ("What the settings do", "learning_rate", f"The winner, trial {swept.winner.number}", "lucky"):
        assert words in html
    told = json.loads(swept.page.with_suffix(".json").read_text())
    assert len(told["trials"]) == 6
    assert told["best"]["learning_rate"] == swept.best["learning_rate"]
    assert swept.numbers["learning_rate"].shape == swept.numbers["value"].shape == (6,)
    assert sum(swept.importances.values()) == pytest.approx(1)
    assert "best: trial" in str(swept)
    assert swept.figure().axes


def test_importances_find_the_setting_that_values_are_of(tmp_path):
    """Values that are a function of one setting of two."""
    axes = [axis(VAE, "learning_rate", "1e-4..1e-2"), axis(VAE, "hidden", "16,32")]
    proposals = Proposals(tmp_path, axes, "random", 0)
    for _ in range(30):
        trial = proposals.ask()
        proposals.tell(trial.number, float(np.log10(trial.settings["learning_rate"])), {})
    found = proposals.importances()
    assert next(iter(found)) == "learning_rate"
    assert found["learning_rate"] > 0.95


def test_proposals_depend_on_their_number_and_not_on_how_often_the_sweep_was_begun(tmp_path):
    axes = [axis(VAE, "learning_rate", "1e-4..1e-2"), axis(VAE, "latent_dim", "2..64")]
    places = [tmp_path / "one", tmp_path / "many"]
    found = []
    for place, anew in zip(places, (False, True), strict=True):
        place.mkdir()
        proposals = Proposals(place, axes, "tpe", 3)
        for _ in range(14):
            trial = proposals.ask()
            proposals.tell(trial.number, -abs(trial.settings["latent_dim"] - 20), {})
            if anew:
                with (place / "trials.jsonl").open("ab") as file:
                    file.write(b'{"op_code": 4, "wor')  # as a kill leaves it
                proposals = Proposals(place, axes, "tpe", 3)
        found.append([(one.settings, one.value) for one in proposals.all()])
    assert found[0] == found[1]
    numbers = [settings["learning_rate"] for settings, _ in found[0]]
    assert len(set(numbers)) == 14
    assert all(1e-4 <= number <= 1e-2 for number in numbers)
    later = [settings["latent_dim"] for settings, _ in found[0]][10:]
    assert np.mean([abs(one - 20) for one in later]) < 15, "it has learned where values are high"


def test_a_damaged_journal_is_a_sentence(tmp_path):
    (tmp_path / "trials.jsonl").write_text('{"op_code": 99}\n')
    with pytest.raises(UserError, match=r"is damaged .*remove it"):
        Proposals(tmp_path, [axis(VAE, "latent_dim", "2..64")], "tpe", 0)
    (tmp_path / "trials.jsonl").write_text("cos\nsystem\n")
    with pytest.raises(UserError, match="is damaged"):
        Proposals(tmp_path, [axis(VAE, "latent_dim", "2..64")], "tpe", 0)


AXES = [axis(VAE, "latent_dim", "2..64"), axis(VAE, "learning_rate", "1e-4..1e-1")]


def test_a_proposal_that_a_kill_cut_short_is_made_again(tmp_path):
    proposals = Proposals(tmp_path, AXES, "random", 0)
    first = proposals.ask()
    proposals.tell(0, 1.0, {})
    second = proposals.ask()
    journal = tmp_path / "trials.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    assert len(lines) == 8, "the study; twice a trial and its two settings; what the first came to"
    for kept in (6, 7):
        journal.write_bytes(b"".join(lines[:kept]))
        again = Proposals(tmp_path, AXES, "random", 0)
        assert [one.settings for one in again.all()] == [first.settings]
        assert again.ask() == second


def test_what_a_kill_leaves_in_the_last_moment_of_a_trial_is_cleared_when_it_is_taken_up(swept, grey, tmp_path):
    place = RunFolder(shutil.copytree(folder_of(grey.parent / "swept", 0, 0), tmp_path / "trial"))
    place.previous.write_bytes(place.best.read_bytes())
    run = _trained(place.record().settings, place.path, {}, True)
    assert not place.previous.exists()
    assert run.rows == rows_of(place.path)


@contextmanager
def no_file_larger_than(most):
    """As a disk that is full."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("sampler", ["tpe", "random", "grid"])
def test_choices_that_are_fewer_than_the_trials_are_each_tried_once(sampler, tmp_path):
    """Also those that another process has begun, and that a sweep which was broken off has left."""
    axes = [axis(VAE, "latent_dim", "2,4,8"), axis(VAE, "hidden", "16,32")]
    seen = []
    for _ in range(2):
        proposals = Proposals(tmp_path, axes, sampler, 0, trials=40)
        assert proposals.most == 6
        seen += [str(proposals.ask().settings) for _ in range(3)]
    assert len(set(seen)) == 6


def test_a_journal_that_cannot_be_written_is_a_sentence(tmp_path):
    proposals = Proposals(tmp_path, AXES, "random", 0)
    with no_file_larger_than(10), pytest.raises(UserError, match=r"trials.jsonl cannot be written \(File too large\)"):
        proposals.ask()
    assert Proposals(tmp_path, AXES, "random", 0).ask().number == 0


def test_what_the_system_refuses_is_no_failure_of_the_settings(grey, tmp_path):
    """The sweep ends, and called again it goes on."""
    how = {"vary": {"latent_dim": [2, 3]}, "sampler": "grid", "trials": 2, "threads": 1, "epochs": 1}
    how |= {"count": 60, "images": 5, "out": tmp_path / "out"}
    with (
        no_file_larger_than(4000),
        pytest.raises(UserError, match=r"trial-0000.* cannot be written \(File too large\)"),
    ):
        reparam.sweep("autoencoder", str(grey), **how)
    found = reparam.sweep("autoencoder", str(grey), **how)
    assert [one.state for one in found.trials] == ["complete", "complete"]


def test_what_a_workers_system_refuses_leaves_the_trial_open(grey, tmp_path):
    """Whoever proposes is told nothing of it, and the sweep goes on with it when it is called again."""
    axes = [axis(VAE, "latent_dim", "2,4")]
    plan = planned(VAE.settings(hidden=(8,)), DataConfig(data=str(grey)), TrainingConfig(epochs=1), axes, seeds=1)
    proposals = Proposals(tmp_path, axes, "grid", 0)
    trial = proposals.ask()
    task = task_of(plan.config(axes, dict(trial.settings), 0), folder_of(tmp_path, 0, 0), 1, {}, True)
    with no_file_larger_than(4000):
        came = work(task)
    said = _told(proposals, 0, [came])
    assert said.startswith("trial 0: put off: ")
    assert said.endswith("cannot be written (File too large): free space, or name another folder; call again, and the "
                         "sweep goes on with it")  # fmt: skip
    assert [one.state for one in Proposals(tmp_path, axes, "grid", 0).all()] == ["running"]
    assert "failure" not in work(task)


def test_data_that_go_are_no_failure_of_the_settings(grey, tmp_path):
    """They were there when the sweep began; where they are back, it goes on."""
    lies, elsewhere = tmp_path / "x.npz", tmp_path / "elsewhere.npz"
    shutil.copy(grey, lies)
    how = {"vary": {"latent_dim": [2, 3]}, "sampler": "grid", "trials": 2, "threads": 1, "epochs": 1}
    how |= {"count": 60, "images": 5, "out": tmp_path / "out"}
    with pytest.raises(UserError, match=r"x.npz"):
        reparam.sweep("autoencoder", str(lies), say=lambda said: lies.rename(elsewhere), **how)
    elsewhere.rename(lies)
    found = reparam.sweep("autoencoder", str(lies), **how)
    assert [one.state for one in found.trials] == ["complete", "complete"]


def test_a_trial_that_lags_behind_is_broken_off(grey, tmp_path):
    """After five good ones the sixth has a rate at which nothing is learned."""
    vary = {"learning_rate": [0.01, 0.011, 0.012, 0.013, 0.014, 1e-9]}
    found = reparam.sweep("vae", str(grey), vary=vary, sampler="grid", trials=9, out=tmp_path, **SMALL | {"epochs": 5})
    assert len(found.trials) == 6, "a grid has so many"
    assert [one.state for one in found.trials] == ["complete"] * 5 + ["pruned"]
    place = RunFolder(folder_of(tmp_path, 5, 0))
    assert any(LAGS in remark["note"] for remark in place.remarks())
    assert rows_of(place.path)[-1]["step"] < load(place.path).config.training.steps
    assert "1 broken off since it lagged behind" in str(found)


def test_what_has_to_be_reached_is_the_median(tmp_path):
    curves = [{10: -100.0, 50: -50.0 - i, 100: 0.0} for i in range(5)]
    assert bars(curves[:4]) == {}
    assert bars(curves)[20] == -100.0
    assert bars(curves)[50] == bars(curves)[95] == -52.0


def test_games_are_judged_by_their_distance_to_validation_examples(grey, tmp_path):
    found = reparam.sweep(
        "gan", str(grey), vary={"learning_rate": (1e-4, 1e-3)}, trials=2, seeds=2, epochs=1, count=100, images=10,
        out=tmp_path,
    )  # fmt: skip
    runs = [load(folder_of(tmp_path, 0, seed)) for seed in (0, 1)]
    assert [run.config.training.seed for run in runs] == [0, 1]
    assert found.trials[0].value == pytest.approx(np.mean([worth(run) for run in runs]))
    by = yardstick_of(runs[0], 5000, reference="validation")
    assert worth(runs[0]) == -measure_run(runs[0], by).frechet.value < 0
    assert "Fréchet distance to validation examples, negated" in str(found)


@pytest.mark.parametrize(
    ("name", "asked", "words"),
    [
        ("learning_rat", "1..2", "did you mean 'learning_rate'"),
        ("seed", "1,2", "no setting 'seed' to vary"),
        ("learning_rate", "1e-2..1e-4", "give the smaller end first"),
        ("learning_rate", "-1..1", "learning_rate: "),
        ("hidden", "16..32", "has no range"),
        ("hidden", "16", "varies nothing"),
        ("posterior", "normal,unknown", "posterior: "),
        ("latent_dim", 3, "give a tuple of two numbers, or a list"),
    ],
)
def test_what_cannot_be_varied_is_refused(name, asked, words):
    with pytest.raises(UserError, match=words):
        axis(VAE, name, asked)


def test_the_examples_of_the_help_can_be_varied():
    asked = [word for word in HELP.split() if "=" in word and not word.startswith("NAME")]
    assert len(asked) >= 7
    for word in asked:
        name, _, values = word.partition("=")
        axis(KINDS["gan"] if values == "1e-5..1e-3" else VAE, name, values)


def test_axes_are_read_as_they_are_meant():
    assert axis(VAE, "latent-dim", "2..64").whole
    assert axis(VAE, "latent-dim", "2..64").logarithmic
    assert not axis(VAE, "warmup", "0.1..0.5").logarithmic
    assert axis(VAE, "hidden", [16, (32, 8)]).values == {"16": [16], "32+8": [32, 8]}
    assert axis(VAE, "compile", "true,false").values == {"true": True, "false": False}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("vae",), "nothing is varied: give --vary learning_rate=1e-4..1e-2, or"),
        (("nothing", "--vary", "a=1"), "there is no kind of model 'nothing'"),
        (("vae", "--vary", "learning-rate"), "'learning-rate' varies nothing: give NAME=LOW..HIGH"),
        (("vae", "--vary", "latent-dim=2..8", "--trials", "0"), "--trials 0 will not do: give 1 to 100,000"),
        (("vae", "--vary", "latent-dim=2..8", "--sampler", "grid"), "latent_dim has a range"),
        (("vae", "--vary", "latent-dim=2..8", "--count", "0"), "count: 0 will not do"),
        (("vae", "--vary", "latent-dim=2..8", "--seeds", "1001"), "--seeds 1001 will not do: give 1 to 1,000"),
    ],
)
def test_mistakes_are_a_sentence(tmp_path, capsys, grey, words, sentence):
    code, _, told = said(
        capsys, "sweep", *words, *(() if words[0] == "nothing" else ("--data", grey)), "--out", tmp_path
    )
    assert code == 2
    assert sentence in told
    assert not list(tmp_path.glob("trial-*"))


def test_another_plan_in_the_folder_is_refused(swept, grey):
    with pytest.raises(UserError, match=r"a sweep of other settings \(model.*vary\)"):
        reparam.sweep("vae", str(grey), vary={"latent_dim": [2, 3]}, out=grey.parent / "swept", epochs=2)


def test_without_optuna_it_is_said_what_to_install(grey, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    code, _, told = said(capsys, "sweep", "vae", "--vary", "latent-dim=2..8", "--data", grey, "--out", tmp_path)
    assert code == 2
    assert "sweeps need Optuna: install it with `pip install 'reparam[search]'`" in told


@pytest.mark.slow
def test_a_sweep_that_is_killed_goes_on_and_workers_do_the_same(grey, tmp_path):
    """Killed in its second trial; and, proposed at random, the same trials on two workers: the same bytes."""
    asked = [sys.executable, "-m", "reparam", "sweep", "vae", "--data", grey, "--vary", "learning-rate=1e-3..1e-2"]
    asked += ["hidden=16,32", "--trials", 3, "--sampler", "random", "--pruner", "none", *FLAGS, "--quiet"]
    asked = list(map(str, asked))
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    one, two = tmp_path / "one", tmp_path / "two"
    process = subprocess.Popen([*asked, "--out", str(one)], env=environment)
    end = time.monotonic() + 180
    while not (one / "trial-0001" / "checkpoints" / "last.safetensors").exists():
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    for out, more in ((one, []), (two, ["--workers", "2"])):
        told = subprocess.run([*asked, "--out", str(out), *more], env=environment, capture_output=True, text=True)
        assert told.returncode == 0, told.stderr
        assert "3 trials of vae to their end" in told.stdout
    for number in range(3):
        for file in ("config.json", "metrics.jsonl", "checkpoints/last.safetensors"):
            name = f"trial-{number:04d}/{file}"
            assert (one / name).read_bytes() == (two / name).read_bytes(), name
    trials = [json.loads((out / "report.json").read_text())["trials"] for out in (one, two)]
    assert [trial.get("machine") for trial in trials[0]] == [None] * 3
    assert [trial["machine"] for trial in trials[1]] == [os.uname().nodename] * 3, "as the report's table says"
    assert (two / "report.html").read_text().count(f"<td>{os.uname().nodename}</td>") >= 3


def test_where_nothing_came_to_a_value_it_is_said(grey, tmp_path):
    with pytest.raises(UserError, match=r"no trial of .* came to a value"):
        reparam.sweep("vae", str(grey), vary={"learning_rate": [1e25, 1e26]}, sampler="grid", out=tmp_path, **SMALL)


def test_a_winner_whose_rows_went_meanwhile_is_named(tmp_path):
    run = quiet_fit(small_vae(), small_data(), tmp_path / "trial-0000", steps=2)
    run.rows.clear()
    with pytest.raises(UserError, match="trial-0000 has no rows of its training left: if it was moved, put it back"):
        _tested(Trial("trial-0000", tmp_path / "trial-0000", run))

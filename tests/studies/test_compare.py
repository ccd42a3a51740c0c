"""The comparison from end to end on data that nobody tuned for, and the rules of its conclusion."""

import gzip
import hashlib
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from helpers import said, small
from reparam.cli.main import main
from reparam.data.readers import fashion, idx
from reparam.errors import UserError
from reparam.kinds import VAEConfig
from reparam.runs.config import RunConfig
from reparam.runs.folder import RunFolder
from reparam.runs.run import load, share_data
from reparam.runs.sealed import read_sealed, write_sealed
from reparam.settings import DataConfig, TrainingConfig
from reparam.studies import Protocol, Trial, contender, judge, named_models, parse_budget, settle
from reparam.studies.conclusion import RULES, conclude
from reparam.studies.lengths import steps_once
from reparam.studies.numbers_csv import as_csv
from reparam.studies.plane import sprite
from reparam.studies.trials import Shown, folder_of, trials
from reparam.training.budget import steps_within
from study_helpers import RNG, SMALL, blobs


@pytest.fixture(scope="module")
def results(compared):
    """Its results, measured again."""
    given = [Trial(name, compared / name, load(compared / name)) for name in ("autoencoder-2", "vae-2", "gan")]
    return judge(given, Protocol(count=100, images=10))


def folder_of_colours(path):
    path = path / "colours"
    path.mkdir()
    for i, image in enumerate(blobs(700, 16, 16, 3)[0]):
        Image.fromarray(image).save(path / f"{i}.png")
    return str(path)


def stand_in_for_fashion(path, monkeypatch):
    """Files with Fashion-MNIST's names and few images, their checksums put in the table."""
    sums = {}
    for part, n in (("train", 600), ("t10k", 200)):
        x, _ = blobs(n, 28, 28)
        for kind, array in (("images-idx3", x[..., 0]), ("labels-idx1", RNG.integers(0, 10, n).astype(np.uint8))):
            head = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
            raw = head + array.tobytes()
            sums[f"{part}-{kind}-ubyte"] = hashlib.sha256(raw).hexdigest()
            (path / f"{part}-{kind}-ubyte.gz").write_bytes(gzip.compress(raw))
    assert idx.TEST_LABELS in sums
    monkeypatch.setattr(fashion, "UNPACKED_SHA256", sums)
    monkeypatch.setenv("REPARAM_DATA", str(path))
    return "fashion-mnist"


def table_of_columns(path):
    x = RNG.normal(size=(700, 3)) * [1.0, 10.0, 100.0]
    np.savetxt(path / "table.csv", x, delimiter=",", header="a,b,c", comments="")
    return str(path / "table.csv")


def headings(out):
    html = (out / "report.html").read_text()
    assert len(html) < 5_000_000
    return {part.split("</h2>")[0].split(">")[-1] for part in html.split("<h2")[1:]}


IMAGE_SECTIONS = {"Samples over training", "Reconstructions", "The latent plane", "Paths between two examples"}


def test_grey_images_of_any_shape(compared):
    assert headings(compared) >= IMAGE_SECTIONS | {"Fidelity and coverage", "Likelihood", "Cost", "Conclusion"}
    html = (compared / "report.html").read_text()
    assert "what the plane of its two latents decodes to" in html
    assert "floor: test set" in html
    record = json.loads((compared / "report.json").read_text())
    assert set(record["results"]) == {str(compared / name) for name in ("autoencoder-2", "vae-2", "gan")}
    assert record["results"][str(compared / "vae-2")]["log_likelihood"]["examples"] == 10
    assert record["results"][str(compared / "gan")]["log_likelihood"] is None
    assert record["floor"]["two_sample"]["accuracy"] == pytest.approx(0.5, abs=0.25)


@pytest.mark.slow
@pytest.mark.parametrize("source", ["colours", "fashion"])
def test_other_images(tmp_path, monkeypatch, source):
    data = folder_of_colours(tmp_path) if source == "colours" else stand_in_for_fashion(tmp_path, monkeypatch)
    out = tmp_path / "out"
    models = ("vae-2", "gan", "wgan")
    assert main(["compare", "--data", data, "--models", *models, *SMALL, "--out", str(out)]) == 0
    assert headings(out) >= IMAGE_SECTIONS


def test_a_table_is_shown_by_pairs_of_columns(tmp_path):
    out = tmp_path / "out"
    models = ("autoencoder-2", "vae-2", "gan")
    assert main(["compare", "--data", table_of_columns(tmp_path), "--models", *models, *SMALL, "--out", str(out)]) == 0
    assert not headings(out) & (IMAGE_SECTIONS | {"Classes of the samples"})
    assert headings(out) >= {"Samples", "Latent spaces", "Fidelity and coverage"}
    assert (out / "vae-2" / "figures" / "report-sample.png").exists()


def test_points_with_known_modes(tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["compare", "--data", "two-gaussians", "--models", "vae-1", *SMALL, "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["protocol"]["epochs"] == 1
    assert (
        main(
            [
                "compare",
                "--data",
                "ring",
                "--models",
                "gan",
                *SMALL[2:],
                "--budget",
                "0.2s",
                "--out",
                str(tmp_path / "r"),
            ]
        )
        == 0
    )
    assert {"Modes", "Samples over training"} <= headings(tmp_path / "r")
    assert "of 8 modes" in capsys.readouterr().out


def test_what_is_finished_is_reused_and_seeds_are_added(grey, tmp_path, capsys):
    asked = ["compare", "--data", str(grey), "--models", "vae-2", *SMALL[:-1], "--out", str(tmp_path / "a")]
    assert main(asked) == 0
    run = RunFolder(tmp_path / "a" / "vae-2")
    before = run.last.stat().st_mtime_ns
    run.previous.write_bytes(run.best.read_bytes())  # as a kill leaves it in the last moment of a training
    capsys.readouterr()
    assert main([*asked, "--seeds", "2"]) == 0
    assert not run.previous.exists()
    assert "vae-2: finished already" in capsys.readouterr().err
    assert (tmp_path / "a" / "vae-2" / "checkpoints" / "last.safetensors").stat().st_mtime_ns == before
    assert (tmp_path / "a" / "vae-2-seed1").exists()
    html = (tmp_path / "a" / "report.html").read_text()
    assert "standard deviation over 2 seeds" in html
    assert "was trained once" not in html
    assert "reparam snapshots" in html
    assert "vae-2-seed1: samples" not in html, "pictures are of each model's first seed"


def test_another_protocol_or_model_in_the_folder_is_refused(grey, compared, capsys):
    assert main(["compare", "--data", str(grey), "--budget", "5s", "--out", str(compared)]) == 2
    assert "another protocol (seconds: None there, 5.0 here; epochs: 1 there, None here)" in capsys.readouterr().err
    (compared.parent / "other").mkdir()
    (compared / "vae-2").rename(compared.parent / "other" / "gan")
    try:
        out = str(compared.parent / "other")
        assert main(["compare", "--data", str(grey), "--models", "gan", *SMALL, "--out", out]) == 2
        assert "other settings of model or data" in capsys.readouterr().err
    finally:
        (compared.parent / "other" / "gan").rename(compared / "vae-2")


def test_a_model_that_fails_is_reported_and_the_rest_go_on(grey, tmp_path, capsys):
    """A file lies where one run's folder should be."""
    (tmp_path / "vae-2").touch()
    asked = ["compare", "--data", str(grey), "--models", "vae-2", "autoencoder-2", *SMALL, "--out", str(tmp_path)]
    assert main(asked) == 0
    assert "`vae-2` failed: " in capsys.readouterr().out
    assert "failed: " in (tmp_path / "report.html").read_text()


def test_what_another_process_trains_is_said_to_be_in_training_and_comes_last(grey, tmp_path, capsys):
    """While the others train it may be finished; else it is left out, which is no failure."""
    asked = ["compare", "--data", str(grey), "--models", "vae-2", "autoencoder-2", *SMALL, "--out", str(tmp_path)]
    with RunFolder(tmp_path / "vae-2").locked(new=True):
        assert main([word for word in asked if word != "--quiet"]) == 0
    out, told = capsys.readouterr()
    assert told.count("vae-2: in training by another process") == 2, "once in its turn, once in the end"
    assert f"`vae-2` left out: another process ({os.getpid()} on {socket.gethostname()}) is training into" in out
    assert "failed" not in out + told
    assert "left out: another process" in (tmp_path / "report.html").read_text()
    assert not (tmp_path / "vae-2" / "config.json").exists()
    with RunFolder(tmp_path / "x" / "vae-2").locked(new=True):
        assert main([*asked[:4], "vae-2", *SMALL, "--out", str(tmp_path / "x")]) == 2, "nothing to report on"
    assert "left out: another process" in capsys.readouterr().err
    assert main(asked) == 0, "let go of, it is trained"
    assert RunFolder(tmp_path / "vae-2").finished


def test_what_another_process_has_finished_meanwhile_is_taken(grey, tmp_path):
    protocol = Protocol(data=DataConfig(data=str(grey)), seconds=None, epochs=1)
    lock = RunFolder(tmp_path / "vae-2").locked(new=True)
    lock.__enter__()
    found = trials(["vae-2", "autoencoder-2"], protocol, 1, tmp_path, lambda text: None, Shown())
    first = next(found)
    assert first.name == "autoencoder-2", "the other is in training elsewhere"
    lock.__exit__(None, None, None)
    (last,) = found
    assert last.name == "vae-2"
    assert last.outcome == "finished"


def test_a_run_that_another_process_begins_meanwhile_is_no_failure(grey, tmp_path):
    """Between the look at its folder and the first step another comparison takes it."""
    protocol, locks = Protocol(data=DataConfig(data=str(grey)), seconds=None, epochs=1), []

    def begin(text):
        if text.endswith("1 epoch"):
            locks.append(RunFolder(tmp_path / "vae-2").locked(new=True))
            locks[-1].__enter__()

    (trial,) = trials(["vae-2"], protocol, 1, tmp_path, begin, Shown())
    locks[0].__exit__(None, None, None)
    assert trial.elsewhere


def test_all_seeds_of_a_model_train_for_the_steps_that_its_first_was_timed_for(grey, tmp_path):
    """Timed one by one they came to differ by a third on a machine that does other things."""
    protocol = Protocol(data=DataConfig(data=str(grey)), seconds=0.5)

    def steps(seeds):
        found = trials(["vae-2", "autoencoder-2"], protocol, seeds, tmp_path, lambda text: None, Shown())
        return {(trial.name, trial.folder.name): trial.run.rows[-1]["step"] for trial in found}

    once = steps(1)
    written = read_sealed(tmp_path / "steps.json")
    assert {name: n for (name, _), n in once.items()} == written
    thrice = steps(3)  # a comparison taken up again
    assert len(thrice) == 6
    assert all(n == written[name] for (name, _), n in thrice.items())
    (tmp_path / "steps.json").unlink()  # as before it was written down: the finished runs tell
    assert all(n == written[name] for (name, _), n in steps(4).items())


@pytest.mark.slow
def test_an_interrupted_comparison_goes_on(grey, tmp_path):
    asked = [
        "compare",
        "--data",
        str(grey),
        "--models",
        "vae-2",
        "gan",
        "--epochs",
        "400",
        "--out",
        str(tmp_path / "a"),
    ]
    process = subprocess.Popen([sys.executable, "-m", "reparam", *asked], stderr=subprocess.PIPE, text=True)
    metrics = tmp_path / "a" / "vae-2" / "metrics.jsonl"
    deadline = time.monotonic() + 60
    while not (metrics.exists() and metrics.read_text().count("\n") > 3) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert re.search(r"call `\S+ -m reparam compare` with the same options again", said), said
    assert not RunFolder(tmp_path / "a" / "vae-2").finished
    assert main([*asked, "--quiet", "--count", "100", "--images", "10", "--models", "vae-2"]) == 0
    assert RunFolder(tmp_path / "a" / "vae-2").finished


def test_a_report_of_runs_trained_apart(compared, tmp_path, capsys):
    runs = [str(compared / "vae-2"), str(compared / "gan")]
    assert main(["report", *runs, "--out", str(tmp_path / "r.html"), "--count", "100", "--images", "10"]) == 0
    assert "trained apart" in (tmp_path / "r.html").read_text()
    assert (tmp_path / "r.json").exists()
    assert main(["report", *runs, "--out", str(tmp_path / "r.pdf")]) == 2
    assert "not named like one" in capsys.readouterr().err
    assert main(["report", str(tmp_path / "nothing")]) == 2


def test_runs_of_different_data_are_refused(compared, tmp_path, capsys):
    ring = str(tmp_path / "ring")
    assert main(["train", "gan", "--data", "ring", "--steps", "2", "--out", ring, "--quiet"]) == 0
    assert main(["report", str(compared / "gan"), ring, "--out", str(tmp_path / "r.html")]) == 2
    assert "different data do not compare" in capsys.readouterr().err


def test_runs_of_the_same_data_hold_them_once_and_others_their_own(compared, tmp_path):
    """Twenty runs are not twenty times the data; what a run was given, or what is binarized otherwise, is its own."""
    ring = tmp_path / "ring"
    assert main(["train", "gan", "--data", "ring", "--steps", "2", "--out", str(ring), "--quiet"]) == 0
    folders = [compared / "vae-2", compared / "gan", compared / "vae-2", ring]
    runs, given = [load(folder) for folder in folders], load(compared / "gan")
    given = replace(given, dataset=given.data)
    share_data([*runs, given])
    (vae, gan, again, other) = runs
    assert again.data is vae.data
    assert (gan.data is vae.data) == (gan.record.binarization == vae.record.binarization)
    assert other.data.fingerprint == other.record.fingerprint != vae.record.fingerprint
    assert all(given.data is not run.data for run in runs)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--models", "vaee"], "did you mean 'vae'"),
        (["--models", "vae-0"], "latent_dim: 0"),
        (["--budget", "soon"], "no budget"),
        (["--budget", "0s"], "no budget"),
        (["--seeds", "0"], "--seeds 0"),
        (["--data", "nowhere.npz"], "nowhere.npz"),
    ],
)
def test_mistakes_are_told_before_anything_is_trained(tmp_path, capsys, argv, words):
    assert main(["compare", *argv, "--out", str(tmp_path / "out")]) == 2
    assert words in capsys.readouterr().err


def test_the_budget_is_turned_into_steps_that_take_it(tmp_path):
    config = RunConfig(model=VAEConfig(latent_dim=2), training=TrainingConfig(batch_size=64))
    short, long = steps_within(config, 1.0), steps_within(config, 10.0)
    assert 3 < long / short < 30, "ten times the time is about ten times the steps, on a machine that does other things"
    with pytest.raises(UserError, match="trains nothing"):
        steps_within(config, 0.0)


def test_a_folder_that_cannot_be_one_is_refused_in_words(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert main(["compare", "--data", "ring", "--models", "gan", "--out", str(tmp_path / "file")]) == 2
    assert "is there already and was not made by reparam" in capsys.readouterr().err


def test_too_few_examples_to_measure_are_told_and_the_rest_is_reported(tmp_path, capsys):
    np.savez(tmp_path / "few.npz", x=blobs(40, 8, 8)[0][..., 0])
    out = ("--out", str(tmp_path / "out"))
    assert main(["compare", "--data", str(tmp_path / "few.npz"), "--models", "vae-2", *SMALL, *out]) == 0
    said = capsys.readouterr().out
    assert "Samples could not be measured: 4 examples are too few to measure by" in said
    assert "log p(x) of" in said
    assert "Fidelity and coverage" not in headings(tmp_path / "out")


def test_the_notes_of_every_training_name_flags(tmp_path, capsys):
    """Among them what the reader has decided, in the words of the settings that decide otherwise."""
    np.savez(tmp_path / "few.npz", x=blobs(12, 8, 8)[0][..., 0], y=np.arange(12) % 4)
    options = [option for option in SMALL if option != "--quiet"]
    out = ("--out", str(tmp_path / "out"))
    assert main(["compare", "--data", str(tmp_path / "few.npz"), "--models", "vae-2", *options, *out]) == 0
    told = " ".join("".join(capsys.readouterr()).split())
    assert "the test split has none of class" in told
    assert "--split-by stratified keeps the shares" in told
    assert "split_by=" not in told


def test_help_names_every_model_there_is(capsys):
    with pytest.raises(SystemExit):
        main(["compare", "--help"])
    told = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert ", ".join(named_models()) in told


def test_names_protocols_and_folders(tmp_path):
    assert contender("vae-flow-3").posterior == "iaf"
    assert contender("vae-flow-3").latent_dim == 3
    assert contender("gan").latent_dim is None
    assert parse_budget("1.5h") == 5400
    assert folder_of(tmp_path, "gan", 2).name == "gan-seed2"
    settle(Protocol(seconds=3.0), tmp_path)
    settle(Protocol(seconds=3.0, count=7), tmp_path)  # what is measured may change
    with pytest.raises(UserError, match="data: mnist there, ring here"):
        settle(Protocol(seconds=3.0, data=DataConfig(data="ring")), tmp_path)


def sentences(results, name):
    return next(found for rule, found in conclude(results) if rule.name == name)


def with_card(results, index, **changes):
    """The results with one card changed."""
    changed = list(results.results)
    changed[index] = replace(changed[index], card=replace(changed[index].card, **changes))
    return replace(results, results=tuple(changed))


def test_the_conclusion_follows_the_numbers(results):
    """Give the last model the best distance, and the sentence names it; make errors large, and it says so."""
    card = results.results[2].card
    better = with_card(results, 2, frechet=replace(card.frechet, value=0.0, standard_error=1e-6))
    assert sentences(better, "closest to the data")[0].startswith("`gan` has the smallest")
    unsure = with_card(results, 2, frechet=replace(card.frechet, value=0.0, standard_error=1e6))
    assert "cannot be told from it" in sentences(unsure, "closest to the data")[0]


def test_rules_tell_faults_and_only_faults(results):
    card = results.results[2].card
    assert sentences(results, "memorization") == ["No model seems to repeat training examples."]
    copying = with_card(results, 2, memorization_values=replace(card.memorization_values, copies=0.5))
    assert sentences(copying, "memorization")[0].startswith("`gan`: samples repeat training examples")
    narrow = with_card(results, 2, manifold=replace(card.manifold, precision=0.9, recall=0.1))
    assert any("`gan` is more faithful than varied" in found for found in sentences(narrow, "faithful or varied"))
    alike = with_card(results, 2, two_sample=replace(card.two_sample, accuracy=0.65, held_out=60, p_binomial=0.014))
    assert sentences(alike, "told from data") == [
        "A classifier of whole samples has not told these from data, which takes p < 0.01: "
        "`gan` (right in 65.0 % of 60, p = 0.014)."
    ]
    likelihood = sentences(results, "likelihood")
    assert likelihood[0].startswith("`vae-2`"), "there is no other to be larger than"
    assert "largest" not in likelihood[0]
    assert likelihood[1].startswith("`autoencoder-2`, `gan`: no likelihood")


def with_draws(result, name, mean, effective):
    """A result of another model with a log p(x) that rests on so many draws."""
    likelihood = replace(result.likelihood, mean=mean, effective_sample_size=(effective, 1.0), samples=1000)
    return replace(result, trial=replace(result.trial, name=name), likelihood=likelihood)


def test_a_log_likelihood_of_a_few_draws_is_called_a_bound_that_cannot_be_trusted(results):
    """Neither ranked nor named as a number, alone and beside others, whatever its size."""
    vae = results.results[1]
    sure, lower, poor = (with_draws(vae, *how) for how in (("a", -9.0, 40.0), ("b", -90.0, 5.0), ("c", 1626.0, 1.1)))

    def told(*of):
        return sentences(replace(results, results=of), "likelihood")

    untrusted = told(poor)[0]
    assert "a few draws carry all the weight (1.1 of 1,000 are effective)" in untrusted
    assert "lower bound that cannot be trusted" in untrusted
    assert told(sure)[0].startswith("`a` gives test examples a log p(x) of")
    assert told(sure, poor) == [told(sure, poor)[0], untrusted]
    assert told(sure, poor)[0].startswith("`a` alone has a log p(x) that rests on enough draws")
    both, last = told(poor, lower, sure)
    assert both.startswith("`a` gives test examples the largest log p(x)")
    assert "`b`" in both
    assert last == untrusted
    assert not any("largest" in text for text in told(poor, replace(poor, trial=replace(poor.trial, name="d"))))


def test_a_bound_that_falls_or_still_rises_is_told(results):
    vae = results.results[1]
    for bounds, rule in (((-90.0, -80.0, -85.0), "overfitting"), ((-90.0, -85.0, -80.0), "not finished")):
        rows = [{"split": "validation", "step": i, "elbo": bound} for i, bound in enumerate(bounds)]
        changed = replace(vae, trial=replace(vae.trial, run=replace(vae.run, rows=rows)))
        found = sentences(replace(results, results=(changed,)), rule)
        assert len(found) == 1, rule
        other = "not finished" if rule == "overfitting" else "overfitting"
        assert not sentences(replace(results, results=(changed,)), other)


def test_every_rule_is_shown(compared):
    html = (compared / "report.html").read_text()
    for rule in RULES:
        assert rule.name in html


def test_tiles_of_a_sprite_are_where_they_belong():
    images = np.arange(6).reshape(2, 3, 1, 1, 1).repeat(4, 3).repeat(5, 4) / 255
    pixels = np.asarray(Image.open(io.BytesIO(sprite(images))))
    assert pixels.shape == (8, 15)
    assert [[pixels[4 * i, 5 * j] for j in range(3)] for i in range(2)] == [[0, 1, 2], [3, 4, 5]]


def test_images_are_grey_levels_in_csv():
    text = as_csv({"x": np.array([0.0, 1.0, 0.5, 0.2]).reshape(1, 1, 2, 2), "n": [1, 2]})
    assert text.splitlines() == ["array,row,values", "x,0,0,255,128,51", "n,0,1", "n,1,2"]


def test_a_picture_that_cannot_be_written_is_told_and_the_report_is_made_without_it(images, tmp_path, capsys):
    """A folder stands where a picture should: the rest of the report is there."""
    run = tmp_path / "run"
    assert said(capsys, "train", "vae", *small(images), "--quiet", "--out", run)[0] == 0
    (run / "figures" / "report-reconstruct.png").mkdir()
    few = ["--count", "60", "--images", "5", "--out", tmp_path / "report.html"]
    code, _, error = said(capsys, "report", run, *few)
    assert code == 0, error
    assert "report-reconstruct.png cannot be written (Is a directory)" in error
    assert "the report does without it" in error
    assert (tmp_path / "report.html").is_file()


def test_steps_that_another_comparison_timed_meanwhile_are_taken(tmp_path):
    """Two comparisons in one folder: what one writes while the other times is not lost, and the first word counts."""

    def measured():
        write_sealed(tmp_path / "steps.json", {"vae-2": 7, "gan": 5})
        return 9

    assert steps_once(tmp_path, "vae-2", [], measured) == 7
    assert read_sealed(tmp_path / "steps.json") == {"vae-2": 7, "gan": 5}

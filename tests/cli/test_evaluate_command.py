"""What ``reparam evaluate`` says of runs: all that applies, the floor, the best, and why something is missing."""

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from helpers import said, small
from reparam.cli.main import main
from reparam.data import Dataset, Split
from reparam.evaluation.samples.run_measures import measures
from reparam.evaluation.samples.yardstick import Yardstick
from reparam.runs.checkpoint import read_tensors, write_tensors
from reparam.runs.folder import RunFolder
from reparam.runs.lines import rewrite_lines
from reparam.runs.run import load
from reparam.studies import asked
from reparam.studies.scores import WIDTH, quality_text

MEASURES = ["Fréchet distance", "precision", "recall", "coverage", "two-sample accuracy", "duplicates"]
FEW = ("--samples", 5, "--count", 80)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A VAE, a GAN, an autoencoder and AVB of 800 small grey images, and a VAE of points."""
    place, rng = tmp_path_factory.mktemp("runs"), np.random.default_rng(0)
    x = rng.integers(0, 256, (800, 1, 1)) * rng.random((800, 8, 8)) + rng.random((800, 8, 8))
    np.save(place / "grey.npy", x.astype(np.uint8))
    np.save(place / "points.npy", rng.normal(size=(700, 3)).astype(np.float32))
    np.save(place / "little.npy", rng.normal(size=(200, 3)).astype(np.float32))
    players = ["--generator-hidden", "16", "--discriminator-hidden", "16", "--latent-dim", "2", "--steps", "5"]
    for name, kind, data, flags in (
        ("vae", "vae", "grey", small("")[2:]),
        ("other", "vae", "grey", [*small("")[2:], "--seed", "1"]),
        ("ae", "autoencoder", "grey", small("")[2:]),
        ("avb", "avb", "grey", [*small("")[2:], "--context", "8", "--posterior-hidden", "8"]),
        ("gan", "gan", "grey", players),
        ("points", "vae", "points", small("")[2:]),
        ("little", "vae", "little", small("")[2:]),
    ):
        train = ["train", kind, "--data", str(place / f"{data}.npy"), *flags, "--out", str(place / name), "--quiet"]
        assert main(train) == 0
    return place


@pytest.fixture(autouse=True)
def there(folder, monkeypatch):
    monkeypatch.chdir(folder)


def found(capsys, *argv):
    code, out, err = said(capsys, "evaluate", *argv, "--json")
    assert (code, err) == (0, "")

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(out, parse_constant=refuse)


def unfolded(text):
    return " ".join(text.split())


def row(text, measure):
    (line,) = (line for line in text.splitlines() if line.startswith(f"{measure}  "))
    return re.split(r" {2,}", line)


def test_everything_that_applies_to_each_run(capsys):
    code, out, err = said(capsys, "evaluate", "vae", "gan", "ae", *FEW)
    assert (code, err) == (0, "")
    likelihood, quality, left_out = out.split("\n\n")
    assert [line.split()[0] for line in likelihood.splitlines()[:2]] == ["run", "vae"]
    assert "nats per example of 80 from test; 5 samples of the posterior each" in likelihood
    assert max(map(len, quality.splitlines())) <= WIDTH
    for measure in MEASURES:
        numbers = row(quality, measure)[2:]
        assert len(numbers) == 4
        assert all(re.fullmatch(r"-?[\d.]+±[\d.]+\*?", number) for number in numbers), numbers
    assert "80 samples (decoder means) against 80 examples of" in unfolded(quality)
    assert "gan: no log p(x): a GAN has no likelihood of its own: --proposal annealed with --scale 0.1" in left_out
    assert "ae: no log p(x): this Autoencoder has no prior" in left_out
    (why,) = found(capsys, "vae", "avb", "--likelihood", "--samples", 5)["left_out"]["log_likelihood"].values()
    assert why == "this AVB has no posterior whose density is known: use --proposal annealed (or prior)"


def test_json_holds_all_of_it(capsys):
    result = found(capsys, "vae", "gan", *FEW)
    assert set(result) == {"log_likelihood", "quality", "floor", "left_out"}
    assert set(result["log_likelihood"]) == {"vae"}
    assert result["log_likelihood"]["vae"]["examples"] == 80
    assert set(result["quality"]) == {"vae", "gan"}
    expected = measures(load("vae"), 80).json()
    assert result["quality"]["vae"] == json.loads(json.dumps(expected | {"name": "vae"}))
    (fingerprint,) = result["floor"]
    assert fingerprint == load("vae").data.fingerprint
    assert result["floor"][fingerprint]["name"] == "test set"
    assert result["floor"][fingerprint]["conditions"] == result["quality"]["gan"]["conditions"]
    assert result["left_out"]["quality"] == {}
    assert set(result["left_out"]["log_likelihood"]) == {"gan"}


def test_numbers_that_json_does_not_know_are_null(capsys):
    result = found(capsys, "vae", "--likelihood", "--images", 1, "--samples", 5)
    assert result["log_likelihood"]["vae"]["standard_error"] is None


def test_one_or_the_other_alone(capsys, tmp_path):
    only = found(capsys, "vae", "--likelihood", "--samples", 5)
    assert set(only) == {"log_likelihood", "left_out"}
    assert only["log_likelihood"]["vae"]["examples"] == 80
    only = found(capsys, "vae", "--quality", "--count", 60, "--reference", "test", "--features", "raw", "--seed", 3)
    assert set(only) == {"quality", "floor", "left_out"}
    conditions = only["quality"]["vae"]["conditions"]
    assert [conditions[key] for key in ("n", "reference", "seed")] == [60, "test", 3]
    assert "raw pixels" in conditions["features"]
    assert next(iter(only["floor"].values()))["name"] == "validation set"
    both = found(capsys, "vae", "--quality", "--likelihood", *FEW, "--out", tmp_path / "v.npz")
    assert set(both) == {"log_likelihood", "quality", "floor", "left_out"}
    with np.load(tmp_path / "v.npz") as values:
        assert values["vae"].mean() == pytest.approx(both["log_likelihood"]["vae"]["mean"])


def test_fewer_images_are_taken_where_samples_are_measured_too_and_that_is_said(capsys, monkeypatch):
    monkeypatch.setattr(asked, "IMAGES", 7)
    note = "(--images: of so many; --likelihood alone: of all)"
    out = unfolded(said(capsys, "evaluate", "vae", *FEW)[1])
    assert f"nats per example of 7 from test; 5 samples of the posterior each {note}" in out
    for flags, examples in ((("--images", 9), 9), (("--likelihood",), 80)):
        out = unfolded(said(capsys, "evaluate", "vae", *FEW, *flags)[1])
        assert f"nats per example of {examples} from test" in out
        assert note not in out


def test_annealing_gives_every_model_but_an_autoencoder_a_likelihood(capsys):
    flags = ("--likelihood", "--proposal", "annealed", "--steps", 3, "--images", 5)
    result = found(capsys, "vae", "gan", "ae", "avb", *flags, "--scale", 0.5)
    assert set(result["log_likelihood"]) == {"vae", "gan", "avb"}
    assert {one["samples"] for one in result["log_likelihood"].values()} == {16}
    code, _, err = said(capsys, "evaluate", "vae", *flags, "--scale", 0.5)
    assert (code, "has a likelihood of its own: leave --scale out" in err) == (2, True)


def test_a_bound_above_log_p_of_x_is_no_bound_and_that_is_said(capsys, folder, tmp_path):
    run = shutil.copytree(folder / "avb", tmp_path / "avb")
    flags = (run, "--likelihood", "--proposal", "annealed", "--steps", 3, "--images", 40)
    (result,) = found(capsys, *flags)["log_likelihood"].values()
    place = RunFolder(run)
    *rows, last = place.rows()
    assert result["estimated_bound"] == last["estimated_elbo"]
    error = np.hypot(result["standard_error"], result["monte_carlo_error"])
    for errors, contradicted in ((2.9, False), (3.1, True)):
        bound = result["mean"] + errors * error
        rewrite_lines(place.metrics, [*rows, last | {"estimated_elbo": bound}], place.identity)
        out = unfolded(said(capsys, "evaluate", *flags)[1])
        assert (f"its own estimate of the bound, {bound:.2f}, lies above that" in out) == contradicted
    # the others' naive estimates lie far below the truth, and contradict nobody
    assert "lies above" not in unfolded(said(capsys, "evaluate", run, "--likelihood", "--proposal", "prior")[1])


def test_the_best_of_each_measure_is_marked_and_never_the_floor(capsys):
    cards = found(capsys, "vae", "gan", "other", "--quality", "--count", 80)["quality"]
    text = said(capsys, "evaluate", "vae", "gan", "other", "--quality", "--count", 80)[1]
    for measure, key, ideal in (("Fréchet distance", "frechet", 0), ("two-sample accuracy", "two_sample", 0.5)):
        gaps = [abs(card[key].get("value", card[key].get("accuracy")) - ideal) for card in cards.values()]
        floor, *marked = [cell.endswith("*") for cell in row(text, measure)[2:]]
        assert not floor
        assert sum(marked) < len(marked), "where the worst is as good as the best, nobody is best"
        assert not any(marked) or marked[int(np.argmin(gaps))]
    assert row(text, "Fréchet distance")[-1].endswith("*"), "of an untrained game the others differ by many errors"
    assert "*: the runs nearest to the ideal" in unfolded(text)
    assert "*" not in said(capsys, "evaluate", "vae", "--quality", "--count", 80)[1]


def test_each_data_set_has_its_own_tables_and_floor(capsys):
    out = said(capsys, "evaluate", "vae", "points", "other", *FEW)[1]
    grey, points = out.split("data: points")
    assert grey.startswith("data: grey")
    assert len(row(grey, "recall")) == 5
    assert len(row(points, "recall")) == 4
    assert len(re.findall("^run ", out, re.MULTILINE)) == 2
    result = found(capsys, "vae", "points", "other", *FEW)
    assert set(result["floor"]) == {card["conditions"]["fingerprint"] for card in result["quality"].values()}
    assert len(result["floor"]) == 2


def diverged(folder, name):
    """A copy of a run with weights that are no numbers, as training leaves them."""
    copy = shutil.copytree(folder / name, folder / f"diverged-{name}")
    for path in (copy / "checkpoints").glob("*.safetensors"):
        tensors, notes = read_tensors(path)
        write_tensors(path, {key: t * torch.nan if t.is_floating_point() else t for key, t in tensors.items()}, notes)
    return copy.name


def test_what_cannot_be_measured_is_said_and_the_others_go_on(capsys, folder):
    lost = [diverged(folder, name) for name in ("vae", "gan", "ae", "points")]
    code, out, _ = said(capsys, "evaluate", "gone", *lost, "little", "vae", *FEW)
    out = unfolded(out)
    assert code == 0
    assert out.count("gone is no run folder") == 1
    for name in lost:
        assert re.search(f"{name}: samples not measured: [78]0 of [78]0 samples are not finite", out)
    assert "20 examples are too few to measure by: 60 are needed" in out
    code, out, err = said(capsys, "evaluate", "gone", *lost, "little", "vae", *FEW, "--json")
    assert {line.split()[2].split("/")[0] for line in err.splitlines()} == set(lost), "a warning each"
    left_out = json.loads(out)["left_out"]
    assert set(left_out["quality"]) == {"gone", *lost, "little"}
    assert set(left_out["log_likelihood"]) == {"gone", *lost}


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ((), "no run was named"),
        (("gone", "missing"), "gone is no run folder.*; missing is no run folder"),
        (("gan", "--likelihood"), "a GAN has no likelihood of its own"),
        (("little", "--quality"), "20 examples are too few"),
        (("vae", "--quality", "--count", 59), "59 examples are too few"),
        (("vae", "--count", 0), "--count 0 takes no examples"),
        (("vae", "--images", 0), "--images 0 takes no examples"),
        (("vae", "--quality", "--out", "x.npz"), "--quality alone does not estimate"),
        (("vae", "--likelihood", "--samples", 0), "0 samples estimate nothing"),
        (("vae", "--features", "inception"), "REPARAM_INCEPTION_WEIGHTS"),
        (("points", "--quality", "--features", "inception"), "REPARAM_INCEPTION_WEIGHTS"),
    ],
)
def test_where_nothing_could_be_evaluated_the_code_is_2(capsys, monkeypatch, argv, words):
    monkeypatch.delenv("REPARAM_INCEPTION_WEIGHTS", raising=False)
    code, out, err = said(capsys, "evaluate", *argv)
    assert (code, out) == (2, "")
    assert re.fullmatch(f"reparam: .*{words}.*\n", err)


def points(*parts):
    x = [torch.from_numpy(np.random.default_rng(i).normal(size=(n, 3)).astype(np.float32)) for i, n in enumerate(parts)]
    return Dataset("points", *map(Split, x), data_shape=(3,), fingerprint="0" * 64)


def test_a_memorizing_run_is_named_and_one_on_data_that_repeat_themselves_is_excused():
    data = points(300, 150, 150)
    by = Yardstick(data)
    cards = {name: by.measure(x, name) for name, x in (("runs/a", data.train.x), ("runs/b", data.validation.x))}
    text = unfolded(quality_text(cards, by.floor()))
    assert "runs/a: training examples seem to be repeated, so that nearness to the data is no merit here" in text
    assert "but so does the test set" not in text
    twice = Yardstick(replace(data, test=Split(data.train.x[:150])))
    text = unfolded(quality_text({"runs/a": twice.measure(data.train.x, "runs/a")}, twice.floor()))
    assert "no merit here (but so does the test set" in text


def test_many_runs_with_long_names_stay_within_the_width():
    data = points(100, 80, 80)
    by = Yardstick(data)
    card, real = by.measure(data.validation.x), by.floor()
    cards = {f"runs/vae-mnist-20260101-12000{i}": card for i in range(7)}
    text = quality_text(cards, real)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert text.count("precision") > 1
    assert sum(len(re.findall(r"20260101-12000\d", line)) for line in text.splitlines()) == 7
    same = quality_text({"a/run": card, "b/run": card}, real)
    assert "a/run" in same.splitlines()[0]
    assert "*" not in same.splitlines()[1], "as good as each other"


def test_a_report_speaks_of_flags_on_the_command_line(capsys, tmp_path):
    code, out, err = said(capsys, "report", "little", "--images", 20, "--out", tmp_path / "r.html")
    assert code == 0, err
    assert "20 examples are too few to measure by" in out
    assert "give --data that were not trained on" in out
    assert "data=" not in out


def test_a_model_that_is_called_like_a_setting_keeps_its_name(capsys, tmp_path, monkeypatch):
    """In the text and in the JSON, as in the page."""
    runs = [tmp_path / name for name in ("prior", "seed=1")]
    for run in runs:
        shutil.copytree("little", run)
    page = tmp_path / "count=2.html"
    asked = ("report", *runs, "--images", 20, "--out", page)
    code, out, err = said(capsys, *asked)
    assert code == 0, err
    assert "`prior`" in out
    assert "`seed=1`" in out
    assert f"open {page}" in out
    code, out, err = said(capsys, *asked, "--json")
    assert code == 0, err
    conclusion = " ".join(json.loads(out)["conclusion"])
    assert "`prior`" in conclusion
    assert "`seed=1`" in conclusion
    monkeypatch.chdir(tmp_path)
    code, out, err = said(capsys, "evaluate", "seed=1", "prior", "--images", 20, *FEW)
    assert (code, "--seed 1" in out, "seed=1" in out) == (0, False, True), err

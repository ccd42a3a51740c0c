"""One more of everything, from outside the package: the files in ``extending/``, and a line in a table of ours each.

How many files each takes is the measure of the house; each is then used as ours are.
"""

import ast
import json
import re
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import reparam
from extending import callback, command, kind, loss, metric, reader, result
from helpers import quiet_fit, said, small_data
from reparam import kinds
from reparam.adversarial import LOSSES
from reparam.cli import figures
from reparam.cli.main import COMMANDS, Command
from reparam.data import READERS
from reparam.errors import UserError
from reparam.evaluation import MEASURES, Compared, sample, yardstick_of
from reparam.evaluation.samples.measures import further
from reparam.models.allowed import CLASSES
from study_helpers import SMALL

HERE = Path(__file__).parent / "extending"
TABLES = (kinds.KINDS, CLASSES, LOSSES, MEASURES, READERS, COMMANDS)
FILES = {
    "kind of model": ("model", "kind"),
    "GAN loss": ("loss",),
    "measure of samples": ("metric",),
    "data format": ("reader",),
    "figure": ("result", "picture"),
    "command": ("command",),
    "callback": ("callback",),
}
"""Besides a test each, and a line for whatever has a table."""


@pytest.fixture(autouse=True)
def _tables_as_they_were():
    before = [dict(table) for table in TABLES]
    yield
    for table, entries in zip(TABLES, before, strict=True):
        table.clear()
        table.update(entries)


@pytest.fixture(scope="module")
def points(tmp_path_factory):
    """600 points about (3, -1) in a format that is not ours."""
    path = tmp_path_factory.mktemp("data") / "x.numbers"
    np.savetxt(path, np.random.default_rng(0).normal((3, -1), (1, 0.5), (600, 2)))
    return path


@pytest.fixture(scope="module")
def table(points):
    """The same as a table."""
    path = points.with_suffix(".csv")
    np.savetxt(path, np.loadtxt(points), delimiter=",")
    return path


def train(capsys, folder, *words):
    code, out, error = said(capsys, "train", *words, "--batch-size", "60", "--out", folder, "--json")
    assert code == 0, error
    return json.loads(out)


def test_every_file_is_of_one_addition_and_stands_on_the_package_alone():
    files = {path.stem for path in HERE.glob("*.py")}
    assert sorted(files) == sorted(name for names in FILES.values() for name in names)
    for names in FILES.values():
        for name in names:
            tree = ast.parse((HERE / f"{name}.py").read_text(encoding="utf-8"))
            imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
            assert {module for module in imported if module.startswith("extending")} <= {
                f"extending.{n}" for n in names
            }


def test_contributing_says_how_many_files_each_takes():
    page = (HERE.parent.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    told = {what: int(number) for what, number in re.findall(r"^\| ([\w ]+) \| (\d)", page, re.MULTILINE)}
    assert told == {what: len(files) for what, files in FILES.items()}


def test_a_kind_trains_and_loads(capsys, table, tmp_path):
    kinds.add(kind.KIND)
    kinds.add(kind.KIND)  # adding it again changes nothing
    assert "cloud             a normal distribution of every value by itself" in said(capsys, "train")[1]
    with suppress(SystemExit):
        said(capsys, "train", "cloud", "--help")
    told = capsys.readouterr().out
    assert all(word in told for word in ("--least-deviation", "Smallest standard deviation of a value", "--epochs"))

    words = ("cloud", "--data", table, "--least-deviation", "0.2", "--epochs", "40")
    trained = train(capsys, tmp_path / "run", *words)
    run = reparam.load(tmp_path / "run")
    assert run.model.least == 0.2
    assert run.config.model == kind.CloudConfig(least_deviation=0.2)
    assert trained["test"] == {"log_density": pytest.approx(run.test["log_density"])}
    # the maximum likelihood is at the mean, whose standard error is 0.05; the last rates are close to 0
    torch.testing.assert_close(run.model.mean.detach(), run.data.train.x.mean(0), rtol=0, atol=0.05)
    assert said(capsys, "sample", tmp_path / "run")[0] == 0
    assert (
        said(capsys, "train", "--from", tmp_path / "run", "--epochs", "1", "--out", tmp_path / "on", "--quiet")[0] == 0
    )


@pytest.mark.slow
def test_a_kind_and_its_variants_are_compared(capsys, table, tmp_path):
    kinds.add(kind.KIND)
    MEASURES["means_apart"] = metric.means_apart
    models, study = ("--models", "cloud", "cloud-wide"), tmp_path / "study"
    code, out, _ = said(capsys, "compare", "--data", table, *models, *SMALL, "--out", study, "--json")
    results = json.loads(out)["results"]
    assert (code, list(results)) == (0, [str(study / "cloud"), str(study / "cloud-wide")])
    assert all(result["measures"]["means_apart"]["value"] > 0 for result in results.values())
    assert "distance of means" in (study / "report.html").read_text(encoding="utf-8")
    assert reparam.load(study / "cloud-wide").model.least == 2
    assert "cloud, cloud-wide" in said(capsys, "compare", "--models", "clod", "--out", tmp_path / "no")[2]


def test_settings_of_a_kind_are_checked_and_told_as_flags(capsys, table, tmp_path):
    kinds.add(kind.KIND)
    words = ("train", "cloud", "--data", table, "--out", tmp_path / "run")
    code, _, error = said(capsys, *words, "--least-deviation", "-1")
    assert (code, "least_deviation: -1.0 will not do" in error) == (2, True)
    with pytest.raises(UserError, match=r"^wide is not a setting here"):
        kinds.settings_of({"kind": "cloud", "wide": 1})
    from reparam.cli.flags import translated

    assert translated("use least_deviation=0.1") == "use --least-deviation 0.1"


def test_without_its_kind_a_run_says_what_to_add(capsys, table, tmp_path):
    kinds.add(kind.KIND)
    train(capsys, tmp_path / "run", "cloud", "--data", table, "--epochs", "1")
    del kinds.KINDS["cloud"]
    with pytest.raises(UserError, match=r"no kind of model 'cloud' .* call reparam.kinds.add"):
        reparam.load(tmp_path / "run")
    assert said(capsys, "train", "cloud")[0] == 2
    kinds.add(kind.KIND)
    assert isinstance(reparam.load(tmp_path / "run").model, kind.Cloud)


def test_a_kind_or_class_under_a_name_that_is_taken_is_refused():
    from dataclasses import replace

    with pytest.raises(UserError, match="a kind of model 'vae' already"):
        kinds.add(replace(kind.KIND, name="vae"))
    with pytest.raises(UserError, match="another class 'VAE' already"):
        kinds.add(replace(kind.KIND, model=type("VAE", (kind.Cloud,), {})))
    with pytest.raises(UserError, match="another class 'Linear' already"):
        kinds.add(replace(kind.KIND, model=type("Linear", (kind.Cloud,), {})))
    assert "cloud" not in kinds.KINDS
    assert CLASSES["VAE"] is reparam.VAE


def test_a_loss_trains_a_game_and_loads(capsys, table, tmp_path):
    game = ("gan", "--loss", "pearson", "--data", table, "--generator-hidden", "8", "--steps", "5")
    code, _, error = said(capsys, "train", *game, "--out", tmp_path / "no")
    assert (code, "--loss pearson will not do" in error, "hinge, relativistic" in error) == (2, True, True)
    LOSSES["pearson"] = loss.PEARSON
    train(capsys, tmp_path / "run", *game)
    run = reparam.load(tmp_path / "run")
    assert run.model.game is loss.PEARSON
    assert json.loads((tmp_path / "run" / "config.json").read_text())["model"]["arguments"]["loss"] == "pearson"
    assert said(capsys, "sample", tmp_path / "run")[0] == 0
    first = [row for row in run.rows if row["split"] == "train"][-1]
    assert np.isfinite(first["discriminator_loss"])


def test_a_loss_is_best_where_its_paper_says():
    """The discriminator's is least at D = (p - q)/(p + q), here of p = (2, 8)/10 and q = (5, 5)/10."""
    p, q = torch.tensor([2, 8]), torch.tensor([5, 5])
    outputs = ((p - q) / (p + q)).requires_grad_()
    judged = loss.PEARSON.discriminator(outputs.repeat_interleave(p), outputs.repeat_interleave(q))
    (gradient,) = torch.autograd.grad(judged, outputs)
    torch.testing.assert_close(gradient, torch.zeros(2), rtol=0, atol=1e-6)
    real, fake = torch.tensor([0.5, -1.0]), torch.tensor([2.0, 0.0])
    assert loss.PEARSON.discriminator(real, fake) == 0.25 * (0.5**2 + 2**2) + 0.25 * (3**2 + 1)
    assert loss.PEARSON.generator(real, fake) == 1.0


def test_a_metric_stands_beside_ours_with_its_floor(capsys, table, tmp_path):
    MEASURES["means_apart"] = metric.means_apart
    train(capsys, tmp_path / "run", "vae", "--data", table, "--hidden", "8", "--latent-dim", "1", "--steps", "5")
    words = ("evaluate", tmp_path / "run", "--quality", "--count", "60")
    found = json.loads(said(capsys, *words, "--json")[1])
    (floor,), (card,) = found["floor"].values(), found["quality"].values()
    run = reparam.load(tmp_path / "run")
    drawn, by = sample(run, 60, 0).x, yardstick_of(run, 60)
    for measured, x in ((card, drawn), (floor, by.examples("test", 60).numpy())):
        known = np.linalg.norm(x.mean(0, dtype=float) - by.x.numpy().mean(0, dtype=float))
        assert measured["means_apart"]["value"] == pytest.approx(known, rel=1e-12)
    assert floor["means_apart"]["value"] < card["means_apart"]["value"]
    assert {"frechet", "kernel"} <= card.keys(), "ours are there, too"
    (row,) = [line for line in said(capsys, *words)[1].splitlines() if line.startswith("distance of means")]
    assert f"{floor['means_apart']['value']:.1f}±" in row
    assert f"{card['means_apart']['value']:.1f}±" in row
    assert "distance of means" in [panel.get_title() for panel in reparam.evaluate(run, count=60).figure().axes]


def test_a_metric_does_not_take_the_place_of_ours():
    MEASURES["frechet"] = metric.means_apart
    x = torch.zeros(2, 2)
    with pytest.raises(UserError, match="'frechet', which is ours already"):
        further(Compared(x, x, x, x, 0))


def test_a_format_is_described_trained_on_and_scored(capsys, points, tmp_path):
    words = ("data", points, "--out", tmp_path / "a.png", "--json")
    code, _, error = said(capsys, *words)
    assert (code, ".npy, .npz, .csv" in error) == (2, True)
    READERS[".numbers"] = reader.FORMAT
    code, out, _ = said(capsys, *words)
    assert (code, json.loads(out)["name"]) == (0, "x.numbers")
    read = reparam.load_data(points)
    held = torch.cat([split.x for split in read.splits.values()]).numpy()
    np.testing.assert_array_equal(np.sort(held, 0), np.sort(np.loadtxt(points, dtype=np.float32), 0))
    train(capsys, tmp_path / "run", "vae", "--data", points, "--hidden", "8", "--latent-dim", "1", "--steps", "5")
    assert said(capsys, "score", tmp_path / "run", points, "--samples", "2", "--out", tmp_path / "s.npz")[0] == 0
    with np.load(tmp_path / "s.npz") as scores:
        assert {len(scores[name]) for name in scores} == {600}
    with pytest.raises(UserError, match=r"labels=.*names a column"):
        reparam.load_data(points, labels="a")
    with pytest.raises(UserError, match=r"'.*nothing' is of no format that is read: give .*\.csv.*\.numbers, IDX"):
        reparam.load_data(other(points))


def other(points):
    path = points.with_suffix(".nothing")
    path.write_text("1 2")
    return path


def test_a_figure_is_written_with_its_numbers(capsys, table, tmp_path):
    COMMANDS["lengths"] = Command(
        "how long samples are",
        figures.Command(
            figures.CountOptions,
            lambda options, run: result.lengths(run, options.n or 100, options.seed),
            "Show how long samples are.",
            ["reparam lengths runs/vae"],
        ),
    )
    assert "lengths           how long samples are" in said(capsys, "--help")[1]
    train(capsys, tmp_path / "run", "vae", "--data", table, "--hidden", "8", "--latent-dim", "1", "--steps", "5")
    assert said(capsys, "lengths", tmp_path / "run", "-n", "50")[1].strip() == str(
        tmp_path / "run" / "figures" / "lengths.png"
    )
    drawn = sample(reparam.load(tmp_path / "run"), 50, 0).x
    with np.load(tmp_path / "run" / "figures" / "lengths.npz") as numbers:
        np.testing.assert_allclose(numbers["lengths"], (drawn.astype(float) ** 2).sum(1) ** 0.5, rtol=1e-6)
    with Image.open(tmp_path / "run" / "figures" / "lengths.png") as picture:
        assert min(picture.size) > 100
    (tmp_path / "mine.png").write_bytes(b"mine")
    assert said(capsys, "lengths", tmp_path / "run", "--out", tmp_path / "mine.png")[0] == 2


def test_a_command_is_listed_and_runs(capsys, table, tmp_path):
    assert said(capsys, "size")[0] == 2
    COMMANDS["size"] = Command("how many numbers models hold", command.run)
    assert "size              how many numbers models hold" in said(capsys, "--help")[1]
    train(capsys, tmp_path / "run", "vae", "--data", table, "--hidden", "8", "--latent-dim", "1", "--steps", "1")
    code, out, _ = said(capsys, "size", tmp_path / "run", "--json")
    # encoder 2-8-2, decoder 1-8-2, and two learned deviations
    assert (code, json.loads(out)) == (0, {str(tmp_path / "run"): (16 + 8) + (16 + 2) + (8 + 8) + (16 + 2) + 2})
    assert "did you mean 'size'" in said(capsys, "sizes")[2]
    code, _, error = said(capsys, "size", tmp_path / "nothing")
    assert (code, error.count("\n")) == (2, 1)


def test_a_callback_stops_a_training():
    stops = callback.SmallEnough(1e9)
    run = quiet_fit(kind.Cloud((1, 6, 6)), small_data(), epochs=50, log_every=1, callbacks=[stops])
    assert (len(stops.seen), run.step) == (1, 1)
    again = callback.SmallEnough(-1e9)
    assert quiet_fit(kind.Cloud((1, 6, 6)), small_data(), epochs=2, log_every=1, callbacks=[again]).step == 12
    assert len(again.seen) == 12

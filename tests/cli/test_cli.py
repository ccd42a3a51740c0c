import json
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import reparam
from helpers import said, small
from reparam.cli.main import COMMANDS, main
from reparam.cli.train import KINDS


@pytest.fixture(scope="module")
def run_folder(images):
    """A small finished run with two latents."""
    folder = images.parent / "run"
    assert main(["train", "vae", *small(images), "--out", str(folder), "--quiet"]) == 0
    return folder


def test_help_lists_every_command_and_each_has_an_example(capsys):
    _, out, _ = said(capsys, "--help")
    for command in COMMANDS:
        assert command in out
        with suppress(SystemExit):
            main([command, "--help"])
        assert f"reparam {command}" in capsys.readouterr().out.split("examples:")[1]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_help_of_a_kind_lists_its_flags_with_an_example(capsys, kind):
    with pytest.raises(SystemExit):
        main(["train", kind, "--help"])
    out = capsys.readouterr().out
    assert f"reparam train {kind}" in out.split("examples:")[1]
    for flag in ("--latent-dim", "--epochs", "--seed", "--data", "--out", "--json"):
        assert flag in out


def test_training_writes_a_run_and_prints_it_as_json(capsys, images, tmp_path):
    code, out, _ = said(capsys, "train", "vae", *small(images), "--out", tmp_path / "run", "--json")
    result = json.loads(out)
    assert code == 0
    assert result["run"] == str(tmp_path / "run")
    assert set(result["test"]) == {"elbo", "reconstruction", "kl"}
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["schema"] == 2
    assert config["settings"]["model"]["likelihood"] == "auto", "as it was asked for"
    assert config["model"]["arguments"]["likelihood"]["class"] == "BernoulliLikelihood", "and as it was decided"
    assert config["data"]["binarization"] == "none"
    assert config["training"]["optimizers"] == {
        "vae": {"optimizer": "adam", "learning_rate": 6e-3, "weight_decay": 0.0}
    }
    assert (tmp_path / "run" / "checkpoints" / "last.safetensors").exists()


@pytest.mark.parametrize("command", ["sample", "snapshots", "reconstruct", "manifold", "latents", "curves"])
def test_each_figure_command_writes_a_picture_and_its_numbers(capsys, run_folder, tmp_path, command):
    code, out, _ = said(capsys, command, run_folder, "--out", tmp_path / "a.png", "--json")
    result = json.loads(out)
    assert code == 0
    with Image.open(result["picture"]) as picture:
        assert min(picture.size) > 100
    with np.load(result["numbers"], allow_pickle=False) as numbers:
        assert numbers.files
    assert said(capsys, command, run_folder)[1].strip() == str(run_folder / "figures" / f"{command}.png")


def test_evaluate_prints_the_log_likelihood_of_runs(capsys, run_folder, tmp_path):
    flags = ["--samples", 20, "--images", 30, "--out", tmp_path / "values.npz"]
    code, out, err = said(capsys, "evaluate", run_folder, *flags, "--json")
    result = json.loads(out)["log_likelihood"][str(run_folder)]
    assert (code, err) == (0, "")
    assert result["examples"] == 30
    with np.load(tmp_path / "values.npz") as values:
        assert values[str(run_folder)].mean() == pytest.approx(result["mean"])
    table = said(capsys, "evaluate", run_folder, "--samples", 20, "--images", 30)[1]
    assert f"{result['mean']:.2f}" in table
    assert said(capsys, "evaluate")[0] == 2


def test_raw_samples_go_into_an_npz_by_name(capsys, run_folder, tmp_path):
    _, out, _ = said(capsys, "sample", run_folder, "-n", 300, "--out", tmp_path / "s.npz")
    with np.load(out.strip(), allow_pickle=False) as arrays:
        assert arrays["x"].shape == (300, 1, 8, 10)
        assert set(np.unique(arrays["x"])) <= {0.0, 1.0}
    assert [path.name for path in tmp_path.iterdir()] == ["s.npz"]


def test_info_tells_of_a_run(capsys, run_folder):
    code, out, _ = said(capsys, "info", run_folder, "--json")
    result = json.loads(out)
    assert code == 0
    assert result["finished"]
    assert result["last"]["test"]["elbo"] == reparam.load(run_folder).test["elbo"]
    assert result["cost"]["parameters"] > 0
    assert "finished" in said(capsys, "info", run_folder)[1]


def test_info_of_a_table_has_a_line_a_column(capsys):
    """Not the schema as one line of nearly 2,000 letters; nor sizes, ends and shares as Python writes them."""
    folder = Path(__file__).parents[1] / "golden" / "schema-2" / "vae-people"
    schema = reparam.load(folder).record.schema
    shown = said(capsys, "info", folder)[1].splitlines()
    assert max(map(len, shown)) <= 130
    for column in schema.columns:
        (line,) = (line for line in shown if line.split()[:2] == [column.name, column.word] or
                   line.split()[1:3] == [column.name, column.word])  # fmt: skip
        assert column.about[:20] in line
    assert not any(sign in "".join(shown) for sign in "{}")
    told = json.loads(said(capsys, "info", folder, "--json")[1])["columns"]
    assert [(one["column"], one["kind"]) for one in told] == [(one.name, one.word) for one in schema.columns]


def test_data_are_described_and_drawn(capsys, images, tmp_path):
    code, out, _ = said(capsys, "data", images, "--out", tmp_path / "d.png", "--json")
    result = json.loads(out)
    assert code == 0
    assert result["data_shape"] == [1, 8, 10]
    assert Path(result["picture"]).exists()


def test_resuming_a_finished_run_is_no_mistake(capsys, run_folder):
    before = (run_folder / "metrics.jsonl").read_text()
    code, out, _ = said(capsys, "train", "--resume", run_folder, "--quiet")
    assert code == 0
    assert str(run_folder) in out
    assert (run_folder / "metrics.jsonl").read_text() == before


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["tarin"], r"no command 'tarin' \(did you mean 'train'\?\)"),
        (["train", "vea"], r"no kind of model 'vea' \(did you mean 'vae'\?\): choose from"),
        (["train", "vae-vamp"], r"no kind of model 'vae-vamp' \(that is 'vae' with --prior vamp\)"),
        (["train", "vae", "--data", "no-such-thing"], "no-such-thing"),
        (["train", "vae", "--data", ""], "an empty name is no path: name a file or a folder"),
        (["train", "vae", "--epochs", "0"], "epochs: 0 will not do"),
        (["train", "vae", "--device", "tpu9"], "device 'tpu9' is not known"),
        (["train", "vae", "--binarization", "none", "--likelihood", "bernoulli"], "--binarization dynamic"),
        (["train", "vae", "--tensorboard", "--data", "two-gaussians", "--out", "fresh"], "reparam\\[tensorboard\\]"),
        (["train", "--resume", "no/such/run"], "no/such/run is no run folder: there is no such folder"),
        (["train", "vae", "--resume", "runs/a"], "leave vae out, as in `reparam train --resume RUN`"),
        (["train", "--resume", "runs/a", "--steps=9"], "without --steps: leave it out, or begin another"),
        (["sample", "no/such/run"], "no/such/run is no run folder"),
        (["manifold", "RUN", "--size", "0"], "0"),
        (["train", "vae", "--out", "RUN"], "exists already"),
    ],
)
def test_a_users_mistake_is_one_sentence_and_exit_code_2(capsys, run_folder, argv, words, tmp_path, monkeypatch):
    import re
    import sys

    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "tensorboard", None)  # as if it were not installed
    code, out, err = said(capsys, *[run_folder if word == "RUN" else word for word in argv])
    assert code == 2
    assert out == ""
    assert err.startswith("reparam: ")
    assert len(err.strip().splitlines()) == 1
    assert re.search(words, err), err


def test_a_model_that_was_not_to_be_tested_is_not_said_to_be_beyond_judgement(capsys, tmp_path):
    short = ["--data", "two-gaussians", "--steps", "2"]
    code, told, _ = said(capsys, "train", "vae", *short, "--hidden", "4", "--no-test", "--out", tmp_path / "vae")
    assert code == 0
    assert "test: done; not judged by the test split, as was asked" in told
    code, told, _ = said(capsys, "train", "gan", *short, "--out", tmp_path / "gan")
    assert "test: done; no number judges a model of this kind by itself" in told


def test_bundled_models_are_listed_with_a_space_behind_each_name(capsys):
    _, told, _ = said(capsys, "bundled")
    heads = [line for line in told.splitlines() if line.startswith("bundled:")]
    assert heads
    assert {line.split()[0] for line in heads} == set(json.loads(said(capsys, "bundled", "--json")[1]))


def test_an_autoencoder_draws_too(capsys, images, tmp_path):
    folder = tmp_path / "run"
    assert said(capsys, "train", "autoencoder", *small(images), "--out", folder, "--quiet")[0] == 0
    for command in ("sample", "reconstruct", "manifold", "latents", "curves"):
        assert said(capsys, command, folder)[0] == 0


def test_points_train_and_draw(capsys, tmp_path):
    folder = tmp_path / "run"
    options = ["--data", "moons", "--latent-dim", "1", "--hidden", "16", "--steps", "30", "--out", folder, "--quiet"]
    assert said(capsys, "train", "vae", *options)[0] == 0
    for command in ("sample", "reconstruct", "latents", "curves"):
        assert said(capsys, command, folder)[0] == 0
    code, _, err = said(capsys, "manifold", folder)
    assert code == 2
    assert "grid of images" in err


SMALL_PLAYERS = [
    "--latent-dim",
    "3",
    "--generator-hidden",
    "12",
    "--discriminator-hidden",
    "12",
    "--steps",
    "12",
    "--quiet",
]


@pytest.mark.parametrize("kind", ["gan", "wgan"])
def test_a_game_trains_and_draws(capsys, images, tmp_path, kind):
    folder = tmp_path / "run"
    assert said(capsys, "train", kind, "--data", images, *SMALL_PLAYERS, "--log-every", "3", "--out", folder)[0] == 0
    for command in ("sample", "snapshots", "interpolate", "curves"):
        code, out, _ = said(capsys, command, folder, "--json")
        assert code == 0
        assert Path(json.loads(out)["picture"]).exists()
    with np.load(folder / "figures" / "interpolate.npz") as arrays:
        assert arrays["x"].shape == (9, 1, 8, 10)
    code, _, err = said(capsys, "reconstruct", folder)
    assert code == 2
    assert "has no encoder" in err


def test_a_game_on_points_shows_its_samples_over_training(capsys, tmp_path):
    folder = tmp_path / "run"
    flags = ["--generator-hidden", "8", "--discriminator-hidden", "8", "--steps", "32", "--batch-size", "16"]
    assert said(capsys, "train", "gan", "--data", "ring", *flags, "--out", folder)[0] == 0
    code, out, _ = said(capsys, "snapshots", folder, "--json")
    assert code == 0
    with np.load(json.loads(out)["numbers"]) as arrays:
        assert arrays.files == [f"step_{step}" for step in (0, 2, 4, 8, 16, 32)]
        assert arrays["step_32"].shape == (1000, 2)
    config = reparam.load(folder).config
    assert config.training.steps == 32


def test_samples_are_chosen_from_as_many_candidates_as_asked_for(capsys, images, tmp_path):
    def drawn(folder, *flags):
        code, out, err = said(capsys, "sample", folder, *flags, "--json")
        return err if code else np.load(json.loads(out)["numbers"])["x"]

    folder, other = tmp_path / "gan", tmp_path / "wgan"
    flags = ["--data", "ring", *SMALL_PLAYERS]
    assert said(capsys, "train", "gan", *flags, "--candidates", "3", "--out", folder)[0] == 0
    assert said(capsys, "train", "wgan", *flags, "--out", other)[0] == 0
    assert np.array_equal(drawn(folder), drawn(folder, "--candidates", "3"))
    titles = [reparam.sample(reparam.load(folder), candidates=n).title for n in (None, 1)]
    assert [title.endswith("each chosen from 3") for title in titles] == [True, False]
    assert not np.array_equal(drawn(folder), drawn(folder, "--candidates", "1"))
    assert "no density ratio" in drawn(other, "--candidates", "2")
    assert "at least 1" in drawn(folder, "--candidates", "0")
    assert said(capsys, "train", "vae", "--data", images, "--steps", "2", "--quiet", "--out", tmp_path / "vae")[0] == 0
    assert "no discriminator" in drawn(tmp_path / "vae", "--candidates", "2")


def test_a_conditional_game_draws_the_class_asked_for(capsys, tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "d.npz", x=rng.integers(0, 255, (300, 8, 8), dtype=np.uint8), y=np.arange(300) % 3)
    folder = tmp_path / "run"
    options = ["--data", tmp_path / "d.npz", "--conditional", *SMALL_PLAYERS, "--out", folder]
    assert said(capsys, "train", "gan", *options)[0] == 0
    assert said(capsys, "sample", folder, "--label", "2")[0] == 0
    assert "no class '7': the classes are 0, 1, 2" in said(capsys, "sample", folder, "--label", "7")[2]
    assert "no path between classes" in said(capsys, "interpolate", folder)[2]


def test_conditions_without_labels_are_refused(capsys, images, tmp_path):
    code, _, err = said(capsys, "train", "gan", "--data", images, "--conditional", "--out", tmp_path / "run")
    assert code == 2
    assert "conditional" in err


def test_a_toys_coverage_is_logged(capsys, tmp_path):
    folder = tmp_path / "run"
    assert said(capsys, "train", "gan", "--data", "ring", *SMALL_PLAYERS, "--out", folder)[0] == 0

    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert said(capsys, "info", folder)[0] == 0
    assert said(capsys, "curves", folder)[0] == 0
    assert {"modes", "high_quality", "reverse_kl"} <= set(rows[0])
    assert rows[0]["split"] == "validation"

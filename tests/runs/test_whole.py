"""A run folder is whole: it needs neither its data, nor a working directory, nor the source's constants."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import reparam
from helpers import quiet_fit, said, same, small, small_data, small_vae, weights
from reparam.errors import UserError
from reparam.models import GAN, VAE, NormalLikelihood, StandardNormal
from reparam.networks import MLP
from reparam.runs.folder import RunFolder
from reparam.runs.upgrade import upgraded

COMMANDS = ("sample", "snapshots", "manifold", "curves", "info", "interpolate")


@pytest.fixture
def run(capsys, images, tmp_path):
    """A finished run with two latents whose data are gone."""
    shutil.copy(images, tmp_path / "x.npy")
    folder = tmp_path / "run"
    assert said(capsys, "train", "vae", *small(tmp_path / "x.npy"), "--out", folder)[0] == 0
    (tmp_path / "x.npy").rename(tmp_path / "moved.npy")
    return folder


@pytest.mark.parametrize("command", [c for c in COMMANDS if c != "interpolate"])
def test_what_needs_no_data_works_without_them_from_any_directory(capsys, run, monkeypatch, tmp_path, command):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    code, out, err = said(capsys, command, run, "--json")
    assert code == 0, err
    assert json.loads(out)


def test_what_needs_them_says_where_they_lay(capsys, run):
    code, _, err = said(capsys, "latents", run)
    assert code == 2
    assert "no longer at" in err
    assert "x.npy" in err


MOVED = (
    ("latents", "-n", "20"),
    ("interpolate",),
    ("snapshots",),
    ("evaluate", "--samples", "5", "--images", "10", "--count", "50"),
    ("report", "--count", "50", "--images", "10"),
)


@pytest.mark.parametrize("words", MOVED, ids=lambda words: words[0])
def test_every_command_that_reads_them_is_told_where_they_lie_now(capsys, run, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    command, *more = words
    code, _, err = said(capsys, command, run, *more, "--json")
    if command not in ("snapshots", "interpolate"):  # pictures kept samples alone; these images have no classes
        assert code == 2
        assert "no longer at" in err
        assert "--data" in err
    code, out, err = said(capsys, command, run, *more, "--data", tmp_path / "moved.npy", "--json")
    if command == "interpolate":
        assert "no longer at" not in err
    else:
        assert code == 0, err
        assert json.loads(out)


def test_python_takes_them_where_it_takes_folders(run, tmp_path):
    how = {"measures": ("log_likelihood",), "samples": 5, "images": 10}
    with pytest.raises(UserError, match="no longer at"):
        reparam.evaluate(run, **how)
    found = reparam.evaluate(run, data=tmp_path / "moved.npy", **how)
    assert found[str(run)].likelihood is not None
    loaded = reparam.load(run)
    again = reparam.evaluate(loaded, data=tmp_path / "moved.npy", **how)
    assert (again[str(run)].likelihood.values == found[str(run)].likelihood.values).all()


def test_a_run_whose_data_were_moved_goes_on(capsys, images, tmp_path):
    shutil.copy(images, tmp_path / "x.npy")
    whole, halved = tmp_path / "whole", tmp_path / "halved"
    for folder in (whole, halved):
        assert said(capsys, "train", "vae", *small(tmp_path / "x.npy"), "--out", folder)[0] == 0
    rows = (halved / "metrics.jsonl").read_text().splitlines()
    (halved / "metrics.jsonl").write_text("".join(row + "\n" for row in rows[:-1]))
    (tmp_path / "x.npy").rename(tmp_path / "moved.npy")
    assert said(capsys, "train", "--resume", halved)[0] == 2
    code, _, err = said(capsys, "train", "--resume", halved, "--data", tmp_path / "moved.npy", "--quiet")
    assert code == 0, err
    assert same(weights(reparam.load(whole).model), weights(reparam.load(halved).model))


def test_other_data_of_the_same_schema_take_their_place(run, tmp_path):
    loaded = reparam.load(run, data=tmp_path / "moved.npy")
    assert len(loaded.data.test) == loaded.record.sizes["test"]
    assert loaded.data.fingerprint == loaded.record.fingerprint
    with pytest.raises(UserError, match="shape"):
        reparam.load(run, data=np.zeros((50, 3), np.float32))


def test_data_are_found_from_another_directory(capsys, images, tmp_path, monkeypatch):
    shutil.copy(images, tmp_path / "x.npy")
    monkeypatch.chdir(tmp_path)
    assert said(capsys, "train", "vae", *small("x.npy"), "--out", "run")[0] == 0
    (tmp_path / "b").mkdir()
    monkeypatch.chdir(tmp_path / "b")
    assert said(capsys, "latents", tmp_path / "run", "--json")[0] == 0


def test_arrays_of_the_users_own_are_given_again(tmp_path):
    x = np.random.default_rng(0).normal(size=(300, 3)).astype(np.float32)
    model = VAE(MLP(3, [8], 4), MLP(2, [8], 3), StandardNormal(2), likelihood=NormalLikelihood((3,)))
    quiet_fit(model, x, tmp_path / "run", steps=5)
    assert reparam.sample(reparam.load(tmp_path / "run"), 3).x.shape == (3, 3)
    with pytest.raises(UserError, match="given as arrays"):
        _ = reparam.load(tmp_path / "run").data
    again = reparam.load(tmp_path / "run", data=x)
    assert again.data.fingerprint == again.record.fingerprint
    assert reparam.latents(again, 10).z.shape == (10, 2)


def test_a_changed_default_changes_no_old_run(run, monkeypatch):
    """Every argument stands in the tree, so that what constructors do unless told otherwise decides nothing."""
    from reparam.models import allowed

    class Forgetful(MLP):
        def __init__(self, inputs, hidden, outputs, activation="tanh"):
            super().__init__(inputs, hidden, outputs, activation)

    before = reparam.sample(reparam.load(run), 4).mean
    monkeypatch.setitem(allowed.CLASSES, "MLP", Forgetful)
    np.testing.assert_array_equal(reparam.sample(reparam.load(run), 4).mean, before)


def test_config_json_leaves_nothing_open(run):
    config = json.loads((run / "config.json").read_text())
    assert set(config) == {"schema", "settings", "model", "training", "data", "origin", "machine", "checksum"}
    may_be_none = {"epochs", "optimizer", "learning_rate", "gradient_clip", "patience", "keep_every", "memory"}
    assert {k for k, v in config["training"].items() if v is None or v == "auto"} <= may_be_none
    assert config["training"]["steps"] > 0
    assert {k for k, v in config["data"].items() if v is None} <= set()
    assert config["data"]["sizes"] == {"train": 480, "validation": 60, "test": 60}


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda config: [], "no table"),
        (lambda config: config | {"schema": 99}, "newer reparam"),
        (lambda config: config | {"schema": "one"}, "schema 'one'"),
        (lambda config: {k: v for k, v in config.items() if k != "training"}, "not whole"),
        (lambda config: config | {"data": 3}, "not whole"),
        (lambda config: config | {"model": {"class": "os.system", "arguments": {}}}, "os.system"),
        (lambda config: config | {"model": {"class": "Linear", "arguments": {"in_features": 1}}}, "restore"),
    ],
)
def test_a_damaged_record_is_refused_in_a_sentence(run, damage, words):
    """As an earlier version wrote it, without a checksum or a copy, which find every change."""
    file = run / "config.json"
    (run / "checkpoints" / "config-copy.json").unlink()
    file.write_text(json.dumps(damage({k: v for k, v in json.loads(file.read_text()).items() if k != "checksum"})))
    with pytest.raises(UserError, match=words):
        reparam.load(run)


@pytest.mark.parametrize(
    "given", [{"model": VAE}, {"model": 3}, {"classes": VAE}, {"classes": ["VAE"]}, {"classes": [3]}], ids=repr
)
def test_what_is_no_model_and_no_class_is_not_blamed_on_the_folder(run, given):
    with pytest.raises(UserError, match=f"{next(iter(given))}=.* will not do"):
        reparam.load(run, **given)


def test_a_changed_model_asks_for_the_model_and_not_for_our_classes(tmp_path):
    model = small_vae()
    model.encoder.register_forward_hook(lambda module, given, made: made * 2)
    quiet_fit(model, small_data(), tmp_path / "run", steps=1)
    with pytest.raises(UserError, match=r"changed after they were constructed.*model=\.\.\.\)$"):
        reparam.load(tmp_path / "run")


def test_a_file_in_the_place_of_a_run_is_none(capsys, tmp_path):
    (tmp_path / "x.npy").write_bytes(b"mine")
    code, _, err = said(capsys, "train", "--resume", tmp_path / "x.npy")
    assert (code, "is no run folder: it is a file" in err) == (2, True)


def test_an_old_record_without_a_shape_is_refused_in_a_sentence():
    golden = Path(__file__).parents[1] / "golden" / "schema-0" / "vae"
    plain = json.loads((golden / "config.json").read_text())
    plain["data"]["data_shape"] = []
    with pytest.raises(UserError, match="not whole"):
        upgraded(plain, golden)


@pytest.mark.parametrize("line", ["[1]", "3", "{}", '{"step": 1}'])
def test_a_log_that_was_changed_by_hand_is_told_with_its_line_which_hides_no_other(capsys, run, line):
    known = reparam.load(run).rows
    first, *rows = (run / "metrics.jsonl").read_text().splitlines()
    (run / "metrics.jsonl").write_text("\n".join([first, line, *rows, ""]))
    for command in ("info", "curves"):
        code, _, err = said(capsys, command, run)
        assert (code, f"warning: line 2 of {run / 'metrics.jsonl'} is damaged" in err) == (0, True)
    assert RunFolder(run).log().rows == known


@pytest.mark.parametrize(("name", "words"), [(".", "names no file"), ("", "an empty word is none")])
def test_a_picture_needs_a_name(capsys, run, name, words):
    code, _, err = said(capsys, "sample", run, "--out", name)
    assert (code, words in err) == (2, True)


def test_a_run_is_shown_in_a_line(run):
    text = repr(reparam.load(run))
    assert len(text) < 300
    assert "VAE" in text
    assert "elbo" in text


def test_a_new_run_begins_from_anothers_weights(capsys, run, tmp_path):
    (tmp_path / "moved.npy").rename(tmp_path / "x.npy")
    code, _, err = said(
        capsys, "train", "--from", run, "--epochs", 1, "--learning-rate", 1e-9, "--out", tmp_path / "on"
    )
    assert code == 0, err
    before, after = reparam.load(run), reparam.load(tmp_path / "on")
    for name, tensor in weights(before.model).items():
        torch.testing.assert_close(weights(after.model)[name], tensor, atol=1e-5, rtol=0)
    assert after.written.origin["run"] == str(run)
    assert after.written.training.batch_size == before.written.training.batch_size
    code, out, _ = said(capsys, "info", tmp_path / "on")
    assert "begun from" in out


def test_a_new_run_reads_what_is_named_even_where_that_is_the_commands_own_default(capsys, run, tmp_path):
    """`--data mnist` was taken for nothing said; `--split-seed` alone for `--data mnist`."""
    (tmp_path / "moved.npy").rename(tmp_path / "x.npy")
    code, _, err = said(capsys, "train", "--from", run, "--data", "mnist", "--steps", 1, "--out", tmp_path / "on")
    assert (code, "'mnist' has examples of shape" in err) == (2, True)
    code, _, err = said(capsys, "train", "--from", run, "--split-seed", 3, "--steps", 1, "--out", tmp_path / "split")
    assert code == 0, err
    split = reparam.load(tmp_path / "split")
    assert (split.record.seed, split.record.source) == (3, str(tmp_path / "x.npy"))


def test_binarization_that_the_model_was_not_trained_with_is_refused_and_not_passed_over(capsys, run, tmp_path):
    told = ("--data", tmp_path / "moved.npy", "--binarization", "threshold", "--steps", 1, "--out", tmp_path / "on")
    code, _, err = said(capsys, "train", "--from", run, *told)
    assert (code, "--binarization threshold will not do" in err) == (2, True)


def test_a_run_goes_on_as_it_was_begun_and_says_so(tmp_path):
    quiet_fit(small_vae(), small_data(), tmp_path / "run", epochs=1)
    with pytest.raises(UserError, match="goes on as it was begun, with epochs=1, not 5"):
        quiet_fit(small_vae(), small_data(), tmp_path / "run", epochs=5, resume=True)


def test_a_model_of_the_users_own_is_trained_from_its_file(capsys, images, tmp_path):
    (tmp_path / "mine.py").write_text(
        "from reparam.models import VAE, StandardNormal\n"
        "from reparam.networks import MLP\n"
        "def compose(data):\n"
        "    return VAE(MLP(data.data_shape, [8], 4), MLP(2, [8], data.data_shape), StandardNormal(2))\n"
        "def nothing(data):\n"
        "    return 3\n"
    )
    target = f"{tmp_path / 'mine.py'}:compose"
    asked = ["--data", images, "--epochs", 1, "--out", tmp_path / "run"]
    code, _, err = said(capsys, "train", target, *asked, "--quiet")
    assert code == 0, err
    assert type(reparam.load(tmp_path / "run").model) is VAE, "of our parts, it loads without the file"
    code, _, err = said(capsys, "train", f"{tmp_path / 'mine.py'}:nothing", *asked[:-1], tmp_path / "other")
    assert code == 2
    assert "the function gave a int" in err


def test_python_and_the_command_train_alike(capsys, images, tmp_path):
    """The same composition, the same data: the same weights, bit for bit, rates and lengths included."""
    from reparam.kinds import KINDS, GANConfig
    from reparam.runs.config import RunConfig
    from reparam.settings import DataConfig
    from reparam.training.named import fresh_model
    from reparam.training.resolve import resolve, settle, usual_training

    players = ["--generator-hidden", 8, 8, "--discriminator-hidden", 8, "--latent-dim", 3]
    command = ["train", "gan", *players, "--data", images, "--device", "cpu", "--steps", 60]
    assert said(capsys, *command, "--out", tmp_path / "command", "--quiet")[0] == 0
    settings = GANConfig(generator_hidden=(8, 8), discriminator_hidden=(8,), latent_dim=3)
    config, data = resolve(RunConfig(model=settings, data=DataConfig(data=str(images))))
    model = fresh_model(config, data)
    assert isinstance(model, GAN)
    assert settle(usual_training(model, {}), model, data) == settle(KINDS["gan"].training, model, data)
    run = reparam.fit(model, data, device="cpu", steps=60, progress=reparam.training.Silent())
    assert same(weights(run.model), weights(reparam.load(tmp_path / "command").model))


def test_config_and_settings_are_not_both_given():
    from reparam.runs.config import RunConfig

    with pytest.raises(UserError, match="seed and config= were both given"):
        reparam.fit(small_vae(), small_data(), config=RunConfig(), seed=7)


def test_a_rate_that_is_meant_for_another_rule_is_not_taken():
    with pytest.raises(UserError, match="optimizer='sgd' needs a learning rate"):
        reparam.fit(small_vae(), small_data(), optimizer="sgd", epochs=1)

"""A kind by its name from Python: what the command trains, to the bit, on whatever holds examples."""

import numpy as np
import pytest
import torch

import reparam
from helpers import said, same, small_data, weights
from reparam.errors import UserError
from reparam.training import Silent


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(3)
    path = tmp_path / "rows.csv"
    lines = [f"{rng.normal():.3f},{rng.integers(30)},{rng.choice(list('xyz'))}" for _ in range(90)]
    path.write_text("\n".join(["height,age,town", *lines]))
    return path


@pytest.mark.parametrize("kind", ["vae", "gan", "autoencoder"])
def test_it_trains_what_the_command_trains(tmp_path, table, capsys, kind):
    players = {"generator_hidden": (8,), "discriminator_hidden": (8,)}
    settings = players if kind == "gan" else {"latent_dim": 2, "hidden": (8,)}
    flags = [word for name, value in settings.items() for word in (f"--{name.replace('_', '-')}", *np.ravel(value))]
    out = tmp_path / "cli"
    code, _, err = said(capsys, "train", kind, "--data", table, *flags, "--steps", 12, "--seed", 3, "--out", out)
    assert code == 0, err
    run = reparam.fit(kind, table, tmp_path / "python", steps=12, seed=3, progress=Silent(), **settings)
    theirs = reparam.load(out)
    assert same(weights(run.model), weights(theirs.model))
    assert run.written.training.model_dump(mode="json") == theirs.written.training.model_dump(mode="json")
    assert run.written.settings.model == theirs.written.settings.model
    assert reparam.load(tmp_path / "python").test == theirs.test


def test_grey_images_are_binarized_afresh_as_by_the_command():
    x = torch.rand(60, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    run = reparam.fit("vae", x, steps=2, hidden=(4,), latent_dim=1, progress=Silent())
    assert run.data.binarization == "dynamic"
    assert (
        reparam.fit("vae", x, steps=2, hidden=(4,), likelihood="normal", progress=Silent()).data.binarization == "none"
    )


def test_it_goes_on_where_it_was_interrupted(tmp_path):
    data, usual = small_data(), {"steps": 4, "hidden": (4,), "progress": Silent()}
    whole = reparam.fit("vae", data, **usual)
    run = reparam.fit("vae", data, tmp_path / "run", **usual)
    again = reparam.fit("vae", data, tmp_path / "run", resume=True, **usual)
    for kind, more, words in (
        ("vae", {"kl_weight": 0.5}, "with kl_weight=1.0, not 0.5"),
        ("vae", {"hidden": (5,)}, r"with hidden=\(4,\), not \(5,\)"),
        ("autoencoder", {}, "of kind 'vae', not 'autoencoder'"),
    ):
        with pytest.raises(UserError, match=words):
            reparam.fit(kind, data, tmp_path / "run", resume=True, **{**usual, **more})
    assert same(weights(whole.model), weights(run.model))
    assert same(weights(run.model), weights(again.model))


def test_names_and_settings_that_there_are_not_are_refused():
    x = torch.zeros(30, 2)
    with pytest.raises(UserError, match=r"no kind of model is called 'vea' \(did you mean 'vae'\?\): there are"):
        reparam.fit("vea", x)
    with pytest.raises(UserError, match=r"latent_dimension is no setting of a vae \(did you mean latent_dim\?\)"):
        reparam.fit("vae", x, latent_dimension=3)
    with pytest.raises(UserError, match="latent_dim: 0 will not do"):
        reparam.fit("vae", x, latent_dim=0)

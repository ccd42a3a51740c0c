"""A batch of one: every kind trains on it, or says in a sentence why not before anything is written."""

import numpy as np
import pytest
import torch
from torch import nn

from helpers import quiet_fit, same, small_data, weights
from reparam.cli.main import main
from reparam.data import Dataset, Split
from reparam.errors import UserError
from reparam.models import GAN, VAE, StandardNormal
from reparam.networks import MLP
from reparam.networks.players import conv_generator, mlp_discriminator, mlp_generator
from reparam.settings import TrainingConfig
from reparam.training.lone import check_batch
from reparam.training.resolve import settle

KINDS = [
    ["autoencoder"],
    ["vae"],
    ["vae", "--prior", "vamp", "--components", "2"],
    ["vae", "--objective", "iwae"],
    ["avb"],
    ["avb", "--adaptive-contrast"],
    ["gan"],
    ["gan", "--loss", "non-saturating", "--unroll", "1"],
    ["wgan"],
    ["wgan", "--gradient-penalty", "10"],
]
NORMALIZED = {"gan", "wgan"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three images and three rows (of which one is trained on), and forty of each."""
    path, rng = tmp_path_factory.mktemp("few"), np.random.default_rng(0)
    for n in (3, 40):
        np.save(path / f"images{n}.npy", rng.random((n, 1, 9, 8), dtype=np.float32))
        np.save(path / f"rows{n}.npy", rng.normal(size=(n, 3)).astype(np.float32))
    return path


@pytest.mark.parametrize("kind", KINDS, ids=" ".join)
@pytest.mark.parametrize(
    ("network", "data", "batch"),
    [
        ("mlp", "images3", 256),
        ("mlp", "images40", 1),
        ("mlp", "rows3", 256),
        ("mlp", "rows40", 1),
        ("conv", "images3", 256),
        ("conv", "images40", 1),
    ],
)
def test_every_kind_trains_or_refuses_in_a_sentence(folder, kind, network, data, batch, tmp_path, capsys):
    argv = ["train", *kind, "--data", folder / f"{data}.npy", "--network", network, "--steps", 2, "--log-every", 1]
    code = main([str(word) for word in [*argv, "--batch-size", batch, "--quiet", "--out", tmp_path / "run"]])
    if kind[0] in NORMALIZED and network == "mlp" and data.startswith("images"):
        assert code == 2
        told = capsys.readouterr().err.strip().splitlines()[-1]
        assert "1 example, too few for batch normalization (generator." in told
        assert ("bring more data" in told) == (data == "images3")
        assert not (tmp_path / "run" / "config.json").exists()
    else:
        assert code == 0


def lone():
    data = small_data()
    return Dataset(
        "lone", Split(data.train.x[:1]), data.validation, data.test, data_shape=(1, 6, 6), binary=True, fingerprint="1"
    )


def test_a_model_of_the_users_own_is_refused_alike_and_left_as_it_was():
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(36, 6), nn.BatchNorm1d(6))
    model = VAE(encoder, MLP(3, [8], (1, 6, 6)), StandardNormal(3)).eval()
    before = weights(model)
    with pytest.raises(UserError, match=r"'lone' has 1 example, .*\(encoder\.2\): bring more data"):
        quiet_fit(model, lone())
    with pytest.raises(UserError, match=r"batch_size=1 .*\(encoder\.2\): give 2 or more"):
        quiet_fit(model, small_data(), batch_size=1)
    assert same(before, weights(model))
    assert not model.training


def test_nothing_is_refused_that_can_be_trained():
    """Without batch normalization, with two examples, or over the pixels of one."""
    shape, state = (1, 8, 8), torch.get_rng_state()
    x = torch.rand(40, *shape)
    data = Dataset("images", Split(x[:20]), Split(x[20:30]), Split(x[30:]), data_shape=shape, fingerprint="2")
    judge = mlp_discriminator(shape, [8])
    for generator, batch in (
        (mlp_generator(3, [8, 8], shape, 0.0, 1.0, batch_norm=False), 1),
        (mlp_generator(3, [8, 8], shape, 0.0, 1.0), 2),
        (conv_generator(3, 2, shape, 0.0, 1.0), 1),
    ):
        model = GAN(generator, judge, 3, shape)
        check_batch(model, data, settle(TrainingConfig(batch_size=batch), model, data))
    torch.set_rng_state(state)

"""What several tests share: small data and models, quiet training, the command as a function, comparisons."""

import torch

from reparam.cli.main import main
from reparam.data import Dataset, Split
from reparam.models import GAN, VAE, StandardNormal
from reparam.networks import MLP
from reparam.training import Silent, fit


def small_data(n=640, seed=0):
    """Binary images of 6 by 6 with structure, in memory."""
    z = torch.randn(n, 2)
    x = (torch.tanh(z @ torch.randn(2, 36)) > 0.3).to(torch.uint8).reshape(n, 1, 6, 6)
    splits = [Split(part) for part in x.split([n - 200, 100, 100])]
    return Dataset("small", *splits, data_shape=(1, 6, 6), binary=True, fingerprint="0" * 64, seed=seed)


def small_vae(latent=3):
    return VAE(MLP((1, 6, 6), [16], 2 * latent), MLP(latent, [16], (1, 6, 6)), StandardNormal(latent))


def quiet_fit(model, data, folder=None, **settings):
    length = {} if "steps" in settings else {"epochs": 3}
    usual = {"batch_size": 64, "log_every": 3, "learning_rate": 2e-3}
    if "optimizer" in settings or isinstance(model, GAN):
        del usual["learning_rate"]  # the turns know theirs
    return fit(model, data, folder, progress=Silent(), **{**length, **usual, **settings})


EVERY_SHORT_RUN = ("little to train on", "little to test by", "hardly a training", "standard error", "were seen about")


def is_usual(note):
    """Whether it is said of every short training on little data, as most of the tests' are."""
    return any(words in note for words in EVERY_SHORT_RUN)


def remarks(place):
    """What was said of a run besides."""
    return [remark for remark in place.remarks() if not is_usual(remark["note"])]


def weights(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def small(data):
    return ["--data", str(data), "--hidden", "16", "--latent-dim", "2", "--epochs", "2", "--batch-size", "60"]


def said(capsys, *argv):
    code = main([str(word) for word in argv])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def agree(ours, theirs, inputs):
    """Value and gradient of two results are the same."""
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)
    weights = torch.linspace(0.5, 1.5, ours.numel(), dtype=ours.dtype).reshape(ours.shape)
    gradients = [torch.autograd.grad((y * weights).sum(), inputs, retain_graph=True) for y in (ours, theirs)]
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)

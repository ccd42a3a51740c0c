"""What needs no data works when they are gone, and from any working directory."""

import json

import numpy as np
import pytest

from helpers import said

FLAGS = {
    "vae": ["--hidden", "8"],
    "autoencoder": ["--hidden", "8"],
    "gan": ["--generator-hidden", "8", "--discriminator-hidden", "8"],
    "avb": ["--hidden", "8", "--context", "8", "--posterior-hidden", "8"],
}
NEED_NO_DATA = ["sample", "snapshots", "manifold", "interpolate", "curves", "info"]
# without a prior, codes of test examples say where codes lie
UNKNOWN_PLANE = {("autoencoder", "manifold"), ("autoencoder", "interpolate")}
HAVE_NO_CODES = {("gan", "manifold")}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Runs of every family on data that have been removed, trained by relative paths from another folder."""
    from reparam.cli.main import main

    place = tmp_path_factory.mktemp("gone")
    images = (np.random.default_rng(0).random((300, 8, 10)) < 0.5).astype(np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        np.save("x.npy", images)
        for kind, flags in FLAGS.items():
            common = ["--data", "x.npy", "--latent-dim", "2", "--steps", "4", "--quiet", "--out", f"runs/{kind}"]
            assert main(["train", kind, *flags, *common]) == 0
    (place / "x.npy").unlink()
    np.save(place / "other.npy", images[:9])
    return place


@pytest.mark.parametrize("command", NEED_NO_DATA)
@pytest.mark.parametrize("kind", FLAGS)
def test_commands_that_need_no_data_work_without_them(runs, capsys, tmp_path, monkeypatch, kind, command):
    monkeypatch.chdir(tmp_path)
    code, out, err = said(capsys, command, runs / "runs" / kind, "--json")
    if (kind, command) in UNKNOWN_PLANE:
        assert (code, "x.npy" in err) == (2, True)
        return
    if code and (kind, command) in HAVE_NO_CODES:
        return
    assert code == 0, err
    assert json.loads(out)


@pytest.mark.parametrize("command", ["encode", "score"])
@pytest.mark.parametrize("kind", FLAGS)
def test_new_examples_are_read_as_those_that_are_gone(runs, capsys, tmp_path, kind, command):
    code, _, err = said(capsys, command, runs / "runs" / kind, runs / "other.npy", "--out", tmp_path / "o.npz")
    if (kind, command) == ("gan", "encode"):
        assert "has no encoder" in err
        return
    assert code == 0, err
    with np.load(tmp_path / "o.npz") as arrays:
        assert len(arrays[{"encode": "z", "score": "score"}[command]]) == 9


def test_what_needs_data_says_which(runs, capsys):
    for command in ("reconstruct", "latents", "evaluate"):
        code, _, err = said(capsys, command, runs / "runs" / "vae")
        assert (code, "x.npy" in err) == (2, True)

"""No command writes over what it did not make, nor among the data, unless asked."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from helpers import said, small
from reparam.cli.main import COMMANDS

MINE = b"made by hand"
WRITE_NOTHING = {"bundled", "doctor", "info", "watch", "two-sample", "audit"}
SAY_NOT_WHO_MADE_THEM = {
    "encode": "encode {run} {data} --split test --out {out}/a.csv",
    "config": "config {run} --out {out}/a.yaml",
}
WRITE_A_FOLDER_OF_THEIR_OWN = {"train", "push"}  # see their tests


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A small run on images of 8 by 10, with a latent plane."""
    with torch.random.fork_rng():
        folder = tmp_path_factory.mktemp("run")
        rng = np.random.default_rng(0)
        np.savez(folder / "x.npz", x=(rng.random((600, 8, 10)) < rng.random((600, 1, 1))).astype(np.uint8),
                 y=np.arange(600) % 3)  # fmt: skip
        from reparam.cli.main import main

        assert main(["train", "vae", *small(folder / "x.npz"), "--out", str(folder / "run"), "--quiet"]) == 0
        return folder / "run"


# the words of each command with {run}, {data} and {out}, and the files that it makes there
PICTURE = ("{out}/a.png", ("a.png", "a.npz"))
CALLS = {
    **{name: (f"{name} {{run}} --out {PICTURE[0]}", PICTURE[1])
       for name in ("sample", "snapshots", "reconstruct", "manifold", "latents", "interpolate", "curves")},
    "rate-distortion": (f"rate-distortion {{run}} -n 3 --steps 2 --samples 2 --out {PICTURE[0]}", PICTURE[1]),
    "predictive-check": (f"predictive-check {{run}} -n 20 --replicates 20 --out {PICTURE[0]}", PICTURE[1]),
    "export": ("export {run} --to torch-export --out {out}/a.pt2", ("a.pt2",)),
    "sample numbers": ("sample {run} --out {out}/a.npz", ("a.npz",)),
    "data": ("data {data} --out {out}/a.png", PICTURE[1]),
    "evaluate": ("evaluate {run} --likelihood --samples 5 --images 20 --out {out}/a.npz", ("a.npz",)),
    "encode": ("encode {run} {data} --split test --out {out}/a.npz", ("a.npz",)),
    "score": ("score {run} {data} --split test --samples 2 --out {out}/a.npz", ("a.npz",)),
    "explore": ("explore {run} -n 3 --out {out}/a.html", ("a.html",)),
    "report": ("report {run} --count 100 --images 20 --out {out}/a.html", ("a.html", "a.json")),
    "course": ("course 000 --exercise --out {out}", ("000-exercise.ipynb",)),
    "lab": ("lab normal-kl --quick --out {out}", ("normal-kl.png", "normal-kl.npz", "normal-kl.json")),
}  # fmt: skip
# those that work for minutes are seen to refuse at once; what they write goes the same ways
REFUSALS = {
    "labs": ("labs --gallery {out} --quick", ("index.html",)),
    "compare": ("compare --data {data} --models vae --epochs 1 --out {out}", ("report.html", "report.json")),
    "sweep": ("sweep vae --data {data} --vary latent-dim=2..4 --out {out}", ("report.html", "report.json")),
    "impute": ("impute {run} {data} --out {out}/a.parquet", ("a.parquet",)),
    "demo": ("demo --data {data} --quick --out {out}", ("report.html", "report.json")),
}


def words(line, run, out):
    return line.format(run=run, data=run.parent / "x.npz", out=out).split()


def test_every_command_that_writes_is_tried():
    tried = {name.split()[0] for name in CALLS | REFUSALS | SAY_NOT_WHO_MADE_THEM}
    assert tried | WRITE_NOTHING | WRITE_A_FOLDER_OF_THEIR_OWN == set(COMMANDS)


@pytest.mark.parametrize("name", CALLS)
def test_a_command_replaces_what_it_made_and_nothing_else(run, tmp_path, capsys, name):
    line, makes = CALLS[name]
    argv = words(line, run, tmp_path)
    for made in makes:
        (tmp_path / made).write_bytes(MINE)
        code, _, error = said(capsys, *argv)
        assert (code, (tmp_path / made).read_bytes()) == (2, MINE)
        assert f"{made} is there already and was not made by reparam" in error
        assert [path.name for path in tmp_path.iterdir()] == [made]
        (tmp_path / made).unlink()
    (tmp_path / makes[0]).write_bytes(MINE)
    assert said(capsys, *argv, "--force")[0] == 0
    assert all((tmp_path / made).read_bytes() != MINE for made in makes)
    assert said(capsys, *argv)[0] == 0


@pytest.mark.parametrize("name", REFUSALS)
def test_a_long_command_refuses_at_once(run, tmp_path, capsys, name):
    line, makes = REFUSALS[name]
    for made in makes:
        (tmp_path / made).write_bytes(MINE)
        code, _, error = said(capsys, *words(line, run, tmp_path))
        assert (code, (tmp_path / made).read_bytes()) == (2, MINE)
        assert f"{made} is there already and was not made by reparam" in error
        assert [path.name for path in tmp_path.iterdir()] == [made]
        (tmp_path / made).unlink()


def test_the_picture_of_data_in_their_own_folder_leaves_them_whole(run, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(run.parent / "x.npz", tmp_path / "mydata.npz")
    whole = (tmp_path / "mydata.npz").read_bytes()
    assert said(capsys, "data", "mydata.npz")[0] == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        "mydata.npz",
        "mydata.npz-examples.png",
        "mydata.npz-examples.npz",
    }
    assert said(capsys, "data", "mydata.npz", "--out", "mydata.png")[0] == 2
    # data that reparam made once are data all the same
    assert said(capsys, "data", "mydata.npz-examples.npz", "--out", "mydata.npz-examples.png")[0] == 2
    assert (tmp_path / "mydata.npz").read_bytes() == whole


def test_a_table_keeps_the_arrays_of_its_name(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{i},{i * i}\n" for i in range(30)))
    np.savez(tmp_path / "t.npz", x=np.zeros(3))
    kept = (tmp_path / "t.npz").read_bytes()
    assert said(capsys, "data", "t.csv")[0] == 0
    assert said(capsys, "data", "t.csv", "--out", "t.png")[0] == 2
    assert (tmp_path / "t.npz").read_bytes() == kept


def test_files_of_one_name_and_two_endings_have_pictures_of_their_own(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = "\n".join(f"{i};{i * i}" for i in range(30))
    (tmp_path / "t.csv").write_text(f"a;b\n{lines}\n")
    (tmp_path / "t.tsv").write_text(f"a;b\n{lines}\n".replace(";", "\t"))
    assert said(capsys, "data", "t.csv")[0] == 0
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert said(capsys, "data", "t.tsv")[0] == 0
    assert {"t.csv-examples.png", "t.csv-examples.npz", "t.tsv-examples.png"} <= {p.name for p in tmp_path.iterdir()}
    assert all((tmp_path / name).read_bytes() == whole for name, whole in first.items())


@pytest.fixture
def photos(tmp_path):
    """A folder of 30 images."""
    folder = tmp_path / "photos.v1"
    folder.mkdir()
    for i in range(30):
        Image.fromarray(np.random.default_rng(i).integers(0, 256, (8, 8), dtype=np.uint8)).save(folder / f"{i}.png")
    return folder


@pytest.mark.parametrize(
    "line",
    [
        "data {data} --out {data}/seen.png",
        "data . ",
    ],
)
def test_nothing_is_put_among_images(photos, capsys, monkeypatch, line):
    monkeypatch.chdir(photos)
    before = sorted(photos.rglob("*"))
    code, _, error = said(capsys, *line.format(data=photos).split())
    assert code == 2
    assert "lies inside the data" in error
    assert sorted(photos.rglob("*")) == before


def test_a_run_of_images_puts_no_figure_among_them(photos, capsys, tmp_path):
    folder = tmp_path / "run"
    assert said(capsys, "train", "vae", *small(photos), "--out", folder, "--quiet")[0] == 0
    before = sorted(photos.rglob("*"))
    for line in (f"sample {folder} --out {photos}/a.png", f"evaluate {folder} --images 3 --out {photos}/a.npz",
                 f"report {folder} --out {photos}/a.html"):  # fmt: skip
        code, _, error = said(capsys, *line.split())
        assert code == 2
        assert "lies inside the data" in error
    assert sorted(photos.rglob("*")) == before
    assert said(capsys, "sample", folder, "--out", tmp_path / "seen.png")[0] == 0


def test_a_folder_of_images_names_its_picture_whole(photos, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert said(capsys, "data", "photos.v1")[0] == 0
    assert (tmp_path / "photos.v1-examples.png").exists()


def test_runs_inside_their_own_data_are_warned_of_and_never_read_as_data(photos, capsys, monkeypatch):
    from reparam import load, load_data

    monkeypatch.chdir(photos)
    before = load_data(photos).fingerprint
    words = ("train", "vae", *small("."))
    code, out, _ = said(capsys, *words, "--out", "runs/one")
    assert code == 0
    assert "runs/one lies inside its data" in out
    for line in ("sample runs/one", "reconstruct runs/one", "train --resume runs/one", "sample runs/one -n 3"):
        assert said(capsys, *line.split())[0] == 0
    assert said(capsys, *words, "--out", "mine", "--quiet")[0] == 0
    assert said(capsys, "compare", "--data", ".", "--models", "vae", "--epochs", "1", "--out", "compared")[0] == 0
    assert load_data(photos).fingerprint == before
    assert load("mine").data.fingerprint == before
    _, out, _ = said(capsys, "data", ".", "--out", photos.parent / "seen.png")
    assert "passed over: 3 run folders of reparam (compared, mine, runs)" in out
    code, _, error = said(capsys, "sample", "runs/one", "--out", "here.png")
    assert code == 2
    assert "lies inside the data" in error


@pytest.mark.parametrize("name", SAY_NOT_WHO_MADE_THEM)
def test_what_says_nothing_of_who_made_it_is_replaced_only_when_told(run, tmp_path, capsys, name):
    argv = words(SAY_NOT_WHO_MADE_THEM[name], run, tmp_path)
    assert said(capsys, *argv)[0] == 0
    assert said(capsys, *argv)[0] == 2
    assert said(capsys, *argv, "--force")[0] == 0


def test_reconstructions_of_ones_own_images_are_not_put_among_them(run, photos, capsys):
    code, _, error = said(capsys, "reconstruct", run, "--data", photos, "--out", photos / "a.png")
    assert code == 2
    assert "lies inside the data" in error

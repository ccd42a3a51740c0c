"""``encode``, ``score`` and ``reconstruct --data`` on examples of the user's own."""

import json

import numpy as np
import pytest

import reparam
from helpers import said, small
from reparam.cli.main import main


@pytest.fixture(scope="module")
def folder(images):
    folder = images.parent / "run"
    assert main(["train", "vae", *small(images), "--out", str(folder), "--quiet"]) == 0
    return folder


@pytest.fixture
def mine(tmp_path):
    x = (np.random.default_rng(3).random((30, 8, 10)) < 0.5).astype(np.uint8)
    np.save(tmp_path / "mine.npy", x)
    return tmp_path / "mine.npy", x


@pytest.mark.parametrize("ending", [".npz", ".csv"])
@pytest.mark.parametrize("command", ["encode", "score"])
def test_a_row_is_written_for_each_example_in_the_files_order(capsys, folder, mine, tmp_path, command, ending):
    path, x = mine
    out = tmp_path / f"out{ending}"
    code, text, err = said(capsys, command, folder, path, "--out", out, "--json")
    assert code == 0, err
    facts = json.loads(text)
    assert (facts["examples"], facts["out"]) == (30, str(out))
    assert facts["which"] == "every example in its order of mine.npy"
    run = reparam.load(folder)
    expected = run.encode(x) if command == "encode" else run.score(x).values
    if ending == ".npz":
        with np.load(out) as arrays:
            np.testing.assert_array_equal(arrays["z" if command == "encode" else "score"], expected)
    else:
        assert out.read_text().splitlines()[0] == ("z1,z2" if command == "encode" else "score,standard_error")
        written = np.loadtxt(out, delimiter=",", skiprows=1)
        if command == "score":
            np.testing.assert_allclose(written[:, 1], run.score(x).errors, rtol=1e-8)
            assert facts["mean"] == pytest.approx(expected.mean())
            written = written[:, 0]
        np.testing.assert_allclose(written, expected, rtol=1e-8)  # nine digits, which give float32 back bit for bit
        assert np.array_equal(written.astype(np.float32), expected.astype(np.float32)) or command == "score"


def test_what_the_numbers_are_is_said(capsys, folder, mine, tmp_path):
    code, out, err = said(capsys, "score", folder, mine[0], "--samples", 5, "--out", tmp_path / "s.csv")
    assert (code, out) == (0, f"{tmp_path / 's.csv'}\n")
    assert "30 rows: every example in its order of mine.npy; log p(x) in nats by importance sampling, 5 draws" in err


def test_a_split_can_be_asked_for(capsys, folder, images, tmp_path):
    code, out, _ = said(capsys, "encode", folder, images, "--split", "test", "--out", tmp_path / "z.npz", "--json")
    assert code == 0
    assert json.loads(out)["which"] == "the test split of x.npy"
    with np.load(tmp_path / "z.npz") as arrays:
        assert arrays["z"].shape == (60, 2)


def test_ones_own_examples_are_reconstructed(capsys, folder, mine, tmp_path):
    path, x = mine
    code, _, err = said(capsys, "reconstruct", folder, "--data", path, "--out", tmp_path / "r.png")
    assert code == 0, err
    assert "30 examples: every example in its order of mine.npy" in err
    with np.load(tmp_path / "r.npz") as arrays:
        np.testing.assert_array_equal(arrays["x"][:, 0], x)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("encode", "RUN", "MINE", "--out", "z.txt"), "z.txt is of no format that is written: name it .npz or .csv"),
        (("encode", "RUN", "MINE", "--out", "MINE.npz"), "is there already"),
        (("encode", "RUN", "gone.npy", "--out", "z.npz"), "'gone.npy' does not exist"),
        (("score", "RUN", "ring", "--out", "z.npz"), "the data have examples of shape"),
        (("reconstruct", "RUN", "--data", "MINE", "-n", "3"), "leave one out"),
    ],
)
def test_mistakes_are_a_sentence(capsys, folder, mine, tmp_path, argv, words):
    (tmp_path / "mine.npy.npz").write_text("kept")
    words_of = {"RUN": folder, "MINE": mine[0], "MINE.npz": tmp_path / "mine.npy.npz"}
    code, out, err = said(capsys, *[words_of.get(word, word) for word in argv])
    assert (code, out) == (2, "")
    assert words in err
    assert len(err.splitlines()) == 1
    assert (tmp_path / "mine.npy.npz").read_text() == "kept"


def test_a_table_with_a_column_of_words_is_read_as_it_was_when_trained_on(capsys, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("a,colour\n" + "".join(f"{i % 7},{'red' if i % 2 else 'blue'}\n" for i in range(60)))
    run, out = tmp_path / "run", tmp_path / "z.npz"
    flags = ("--labels", "colour", "--hidden", 8, "--latent-dim", 2, "--steps", 2, "--quiet")
    assert said(capsys, "train", "vae", "--data", table, *flags, "--out", run)[0] == 0
    assert reparam.load(run).record.reading == {"labels": "colour"}
    code, _, err = said(capsys, "encode", run, table, "--out", out)
    assert code == 0, err
    with np.load(out) as arrays:
        assert arrays["z"].shape == (60, 2)

"""Where the machine is at fault, or a name is none, a command says so in one sentence."""

import os
import struct
import zipfile

import numpy as np
import pytest

from helpers import said
from reparam.data import load_data
from reparam.errors import UserError
from reparam.settings import GREATEST, MOST, TrainingConfig


def refused(capsys, *argv):
    code, _, error = said(capsys, *argv)
    assert code == 2
    assert error.count("\n") == 1, error
    return error


def test_memory_that_is_not_there_is_a_sentence(tmp_path, capsys):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(50, 2000)).astype(np.float32))
    # eight terabytes, which nobody has: refused before any of it is touched
    options = ["--data", tmp_path / "x.npy", "--hidden", "1000000000", "--memory", "0", "--out", tmp_path / "run"]
    assert "takes more memory than there is" in refused(capsys, "train", "autoencoder", *options)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["epochs", "steps", "batch_size", "patience", "log_every"])
def test_no_count_is_larger_than_torch_can_take(name):
    with pytest.raises(UserError, match=f"{name}: {MOST + 1} will not do"):
        TrainingConfig(**{name: MOST + 1})
    assert getattr(TrainingConfig(**{name: MOST}), name) == MOST


@pytest.mark.parametrize("name", ["learning_rate", "weight_decay", "reach", "gradient_clip"])
def test_no_number_is_larger_than_torch_can_take(name):
    with pytest.raises(UserError, match=f"{name}: 1e\\+31 will not do"):
        TrainingConfig(**{name: 10 * GREATEST})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("~nosuchuser/x.npy", "begins with the home of a user that there is not"),
        ("x" * 300 + ".npy", "is no path"),
        ("x/" * 3000, "is no path"),
        ("a\nb.npy", r"a\nb.npy"),
        (os.fsdecode(b"\xff.npy"), r"\udcff.npy"),
    ],
    ids=["user", "name", "path", "line", "bytes"],
)
def test_names_that_no_system_has(tmp_path, capsys, name, words):
    assert words in refused(capsys, "data", name)
    assert refused(capsys, "info", name)
    assert refused(capsys, "train", "vae", "--data", name, "--out", tmp_path / "run")


def packed(path, **entries):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(f"{name}.npy", content)
    return path


def of(array):
    import io

    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def changed(path, value, at):
    """Two bytes of every record of an archive."""
    content = bytearray(path.read_bytes())
    for signature, offset in zip((b"PK\x03\x04", b"PK\x01\x02"), at, strict=True):
        struct.pack_into("<H", content, content.find(signature) + offset, value)
    path.write_bytes(content)
    return path


def test_archives_that_hold_no_arrays(tmp_path):
    x = of(np.zeros((40, 4), np.float32))
    with pytest.raises(UserError, match="'x' in it is no array"):
        load_data(packed(tmp_path / "text.npz", x=b"no array"))
    with pytest.raises(UserError, match="encrypted"):
        load_data(changed(packed(tmp_path / "secret.npz", x=x), 1, (6, 8)))
    with pytest.raises(UserError, match="compression method is not supported"):
        load_data(changed(packed(tmp_path / "method.npz", x=x), 99, (8, 10)))
    with pytest.raises(UserError, match="no text in UTF-8"):
        load_data(packed(tmp_path / "labels.npz", x=x, y=of(np.array([b"\xff\xfe", b"a"] * 20))))
    named = load_data(packed(tmp_path / "bytes.npz", x=x, y=of(np.array(["é".encode(), b"a"] * 20))), read_as="vectors")
    assert named.classes == ("a", "é")


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="a device that never ends")  # noqa: PTH110
def test_what_is_no_file_among_pictures_is_told_and_not_waited_for(tmp_path):
    from PIL import Image

    for number in range(20):
        Image.new("L", (8, 8), number * 9).save(tmp_path / f"{number}.png")
    (tmp_path / "endless.png").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(UserError, match="no regular file"):
        load_data(tmp_path)
    data = load_data(tmp_path, skip_broken=True)
    assert sum(len(split.x) for split in data.splits.values()) == 20


def test_a_table_of_more_columns_than_are_read(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_text("\n".join(",".join(str(row) for _ in range(100_001)) for row in range(3)))
    with pytest.raises(UserError, match="has 100,001 columns, and a text table is read with 100,000 at most"):
        load_data(path)


@pytest.mark.parametrize("values", [np.full((60, 1), 3e38), np.linspace(-3e38, 3e38, 60)[:, None]], ids=["one", "all"])
def test_pictures_of_huge_numbers(tmp_path, capsys, values):
    np.save(tmp_path / "x.npy", values.astype(np.float32))
    code, _, error = said(capsys, "data", tmp_path / "x.npy", "--as", "vectors", "--out", tmp_path / "x.png")
    assert code == 0, error

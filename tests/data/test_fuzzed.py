"""Files of every format with bytes changed, lost, doubled and put in: read, or refused in a sentence."""

import gzip
import io
import tarfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from reparam.data import load_data
from reparam.errors import UserError

RNG = np.random.default_rng(17)
FRAME = pd.DataFrame({"a": RNG.normal(size=40).round(2), "n": RNG.integers(0, 9, 40), "w": RNG.choice(list("xyz"), 40)})


def written(write):
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def picture(form):
    return written(lambda file: Image.fromarray(RNG.integers(0, 256, (9, 9, 3), np.uint8)).save(file, form))


def zipped(file):
    with zipfile.ZipFile(file, "w") as archive:
        for k in range(12):
            archive.writestr(f"{'ab'[k % 2]}/{k}.png", picture("PNG"))


def tarred(file):
    with tarfile.open(fileobj=file, mode="w") as archive:
        for k in range(12):
            content = picture("PNG")
            entry = tarfile.TarInfo(f"{k}.png")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


X = RNG.normal(size=(30, 4))
LABELS = RNG.integers(0, 3, 30)
TEXT = FRAME.to_csv(index=False).encode()
WHOLE = {
    "t.csv": TEXT,
    "semicolons.csv": FRAME.to_csv(index=False, sep=";", decimal=",").encode(),
    "t.tsv": FRAME.to_csv(index=False, sep="\t").encode("utf-16"),
    "t.csv.gz": gzip.compress(TEXT, mtime=0),
    "t.parquet": written(FRAME.to_parquet),
    "t.feather": written(FRAME.to_feather),
    "x.npy": written(lambda file: np.save(file, X)),
    "x.npz": written(lambda file: np.savez(file, x=X, y=LABELS)),
    "z.npz": written(lambda file: np.savez_compressed(file, x_train=X, y_train=LABELS)),
    "p.zip": written(zipped),
    "p.tar": written(tarred),
    "i-idx3-ubyte": bytes([0, 0, 8, 3, 0, 0, 0, 9, 0, 0, 0, 4, 0, 0, 0, 4])
    + bytes(RNG.integers(0, 256, 144, np.uint8)),
}
PLACE = st.integers(0, 2**16)
CHANGE = st.one_of(
    st.tuples(st.just("flip"), PLACE, st.integers(1, 255)),
    st.tuples(st.just("lose"), PLACE, st.integers(1, 64)),
    st.tuples(st.just("double"), PLACE, st.integers(1, 64)),
    st.tuples(st.just("put"), PLACE, st.binary(min_size=1, max_size=8)),
    st.tuples(st.just("cut"), PLACE, st.none()),
)


def changed(content, changes):
    for what, place, more in changes:
        at = place % max(1, len(content))
        match what:
            case "flip":
                content = content[:at] + bytes([content[at] ^ more]) + content[at + 1 :] if content else content
            case "lose":
                content = content[:at] + content[at + more :]
            case "double":
                content = content[: at + more] + content[at:]
            case "put":
                content = content[:at] + more + content[at:]
            case _:
                content = content[:at]
    return content


def is_read_or_refused(path):
    refused = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            data = load_data(path)
        except UserError as error:
            refused = str(error)
    assert 0 < len(refused) < 2000 if refused is not None else len(data.train) > 0


@pytest.mark.parametrize("name", WHOLE)
def test_whole_files_are_read(tmp_path, name):
    (tmp_path / name).write_bytes(WHOLE[name])
    assert len(load_data(tmp_path / name).train) >= 5


@pytest.mark.parametrize("name", WHOLE)
def test_damaged_files_are_read_or_refused(tmp_path_factory, name):
    folder: Path = tmp_path_factory.mktemp("fuzz")

    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(CHANGE, min_size=1, max_size=4))
    def tried(changes):
        (folder / name).write_bytes(changed(WHOLE[name], changes))
        is_read_or_refused(folder / name)

    tried()


@pytest.mark.parametrize("name", ["t.csv", "x.npy", "x.npz", "p.zip", "t.parquet"])
def test_anything_under_such_a_name_is_read_or_refused(tmp_path_factory, name):
    folder: Path = tmp_path_factory.mktemp("fuzz")

    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))))
    def tried(content):
        (folder / name).write_bytes(content)
        is_read_or_refused(folder / name)

    tried()


def test_damaged_schemas_are_read_or_refused(tmp_path):
    table, schema = tmp_path / "t.csv", tmp_path / "t.schema.json"
    table.write_bytes(TEXT)
    found = load_data(table).table
    assert found is not None
    found.write(schema)
    whole = schema.read_bytes()
    read = 0

    @settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(CHANGE, min_size=1, max_size=2))
    def tried(changes):
        nonlocal read
        schema.write_bytes(changed(whole, changes))
        try:
            read += len(load_data(table, schema_file=str(schema)).train) > 0
        except UserError as error:
            refused = str(error)
            assert refused
            assert len(refused) < 2000

    tried()
    assert read, "some changes are of no meaning"

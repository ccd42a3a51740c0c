"""Files that are larger than they look: little that is packed, heads that lie; refused before the memory is full."""

import gzip
import io
import struct
import zipfile

import numpy as np
import pytest

import reparam
from reparam import hardware
from reparam.data.large.source import is_large
from reparam.data.readers.columnar import Columnar
from reparam.data.reading import split_rows
from reparam.errors import UserError


@pytest.fixture
def little_memory(monkeypatch, tmp_path):
    """A machine on which 4 MB are free, as the system's own file says it."""
    said = tmp_path / "meminfo"
    said.write_text("MemAvailable: 4000 kB\n")
    monkeypatch.setattr(hardware, "MEMINFO", said)


def head(shape):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return file.getvalue()


def test_an_array_of_an_archive_that_says_it_is_longer_than_it_is(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", head((12_500_000_000, 1)) + bytes(64))
    with pytest.raises(
        UserError, match=r"a.npz' is not a whole .npz file \('x' in it says that it holds 50.0 GB, and 19"
    ):
        reparam.load_data(tmp_path / "a.npz")


def test_an_archive_that_unpacks_to_more_than_there_is_room_for(tmp_path, little_memory):
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros((10**6, 1), np.float32))
    assert (tmp_path / "a.npz").stat().st_size < 10**5
    with pytest.raises(
        UserError, match=r"a.npz' takes 0.0 GB of memory to be read, and 0.0 are free: save it as an .npy"
    ):
        reparam.load_data(tmp_path / "a.npz")


def packed_idx(path, says, holds):
    with gzip.open(path, "wb") as file:
        file.write(struct.pack(">IIII", 2051, says, 10, 10) + bytes(holds))
    return path


def test_packed_images_are_unpacked_as_far_as_their_head_says(tmp_path):
    path = packed_idx(tmp_path / "a-idx3-ubyte.gz", 10, 10**7)
    with pytest.raises(UserError, match="which makes 1016 in all, and has more: fetch it again"):
        reparam.load_data(path)


def test_packed_images_beyond_the_memory_are_not_unpacked(tmp_path, little_memory):
    path = packed_idx(tmp_path / "a-idx3-ubyte.gz", 2**31 - 1, 2000)
    with pytest.raises(
        UserError, match=r"takes 661.4 GB of memory to be read, and 0.0 are free: convert it to an .npy"
    ):
        reparam.load_data(path)


@pytest.mark.parametrize("ending", ["parquet", "arrow", "feather"])
def test_tables_whose_rows_are_packed_to_nearly_nothing(tmp_path, little_memory, ending):
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    from pyarrow import feather, ipc

    table, path = pa.table({name: np.zeros(10**6) for name in "ab"}), tmp_path / f"a.{ending}"
    if ending == "parquet":
        parquet.write_table(table, path, compression="zstd")
    elif ending == "feather":
        feather.write_feather(table, str(path), compression="zstd")
    else:
        with ipc.new_file(str(path), table.schema, options=ipc.IpcWriteOptions(compression="zstd")) as file:
            file.write_table(table, max_chunksize=10**5)
    assert path.stat().st_size < 10**5
    assert is_large(path, 10**7)
    file = Columnar(path)
    assert file.rows == 10**6
    with pytest.raises(UserError, match=rf"a.{ending}' takes 0.0 GB of memory to be read, and 0.0 are free: split it"):
        file.column(0)


def test_rows_of_a_split_are_in_order_and_each_in_one_of_them():
    parts = split_rows(1001, 3)
    assert all((part.diff() > 0).all() for part in parts)
    assert sorted(np.concatenate([part.numpy() for part in parts])) == list(range(1001))
    order = np.concatenate([part.numpy() for part in parts])
    assert [len(part) for part in parts] == [801, 100, 100]
    assert not (order[:801] == np.arange(801)).all(), "they are drawn"

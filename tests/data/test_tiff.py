"""TIFF files of many channels, however they are laid out."""

import io
import struct
import zlib

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from image_helpers import everything, noted
from reparam.data import load_data
from reparam.data.readers.opening import Broken
from reparam.data.readers.tiff import read_tiff
from reparam.errors import UserError

DEFLATE = 8


def written(array, order="<", compression=1, apart=False, rows=None, tile=None, predictor=1):
    """An array ``(height, width, channels)`` as a TIFF file, by the words of its specification."""
    height, width, channels = array.shape
    dtype = array.dtype.newbyteorder(order)
    layers = [array[..., i : i + 1] for i in range(channels)] if apart else [array]
    blocks = [block for layer in layers for block in _blocks(layer, rows or height, tile)]
    packed = [_packed(block, dtype, compression, predictor) for block in blocks]
    tags = {
        256: [width], 257: [height], 258: [8 * dtype.itemsize] * channels, 259: [compression], 262: [1],
        277: [channels], 284: [2 if apart else 1], 317: [predictor], 339: [" uif".index(dtype.kind)] * channels,
    }  # fmt: skip
    sizes = list(map(len, packed))
    if tile:
        tags |= {322: [tile], 323: [tile], 324: sizes, 325: sizes}
    else:
        tags |= {273: sizes, 278: [rows or height], 279: sizes}
    spare = 8 + 2 + 12 * len(tags) + 4
    start = spare + sum(4 * len(values) for values in tags.values() if len(values) > 1)
    tags[324 if tile else 273] = [start + sum(sizes[:i]) for i in range(len(sizes))]
    entries, extra = b"", b""
    for tag, values in sorted(tags.items()):
        entries += struct.pack(f"{order}HHI", tag, 4, len(values))
        entries += struct.pack(f"{order}I", values[0] if len(values) == 1 else spare + len(extra))
        extra += struct.pack(f"{order}{len(values)}I", *values) if len(values) > 1 else b""
    mark = b"II" if order == "<" else b"MM"
    head = mark + struct.pack(f"{order}HIH", 42, 8, len(tags))
    return head + entries + struct.pack(f"{order}I", 0) + extra + b"".join(packed)


def _blocks(layer, rows, tile):
    if tile is None:
        return [layer[row : row + rows] for row in range(0, len(layer), rows)]
    across, down = -layer.shape[1] % tile, -layer.shape[0] % tile
    padded = np.pad(layer, ((0, down), (0, across), (0, 0)))
    places = [(y, x) for y in range(0, padded.shape[0], tile) for x in range(0, padded.shape[1], tile)]
    return [padded[y : y + tile, x : x + tile] for y, x in places]


def _packed(block, dtype, compression, predictor):
    if predictor == 2:
        block = np.diff(block, axis=1, prepend=np.zeros_like(block[:, :1]))
    raw = np.ascontiguousarray(block.astype(dtype)).tobytes()
    return zlib.compress(raw) if compression == DEFLATE else raw


@given(
    st.sampled_from(["u1", "u2", "i2", "u4", "f4", "f8"]),
    st.sampled_from(["<", ">"]),
    st.sampled_from([1, DEFLATE]),
    st.booleans(),
    st.sampled_from([None, 1, 5, "tile"]),
    st.integers(1, 30),
    st.integers(1, 30),
    st.integers(2, 13),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_values_come_back(dtype, order, compression, apart, rows, height, width, channels, differences, seed):
    values = np.random.default_rng(seed).integers(0, 2**20, (height, width, channels))
    array = (values % 256 if dtype == "u1" else values % 2**15 if dtype[1] == "2" else values).astype(dtype)
    file = written(
        array,
        order,
        compression,
        apart,
        None if rows == "tile" else rows,
        16 if rows == "tile" else None,
        2 if differences and dtype[0] != "f" else 1,
    )
    found = read_tiff(io.BytesIO(file))
    assert found.dtype == (np.uint8 if dtype == "u1" else np.float32)
    assert np.array_equal(found, array)


def test_pillows_own_compressions_are_undone():
    from PIL import Image

    array = np.random.default_rng(0).integers(0, 9, (12, 14, 3), dtype=np.uint8)
    for compression in ("raw", "tiff_lzw", "packbits", "tiff_adobe_deflate"):
        file = io.BytesIO()
        Image.fromarray(array).save(file, "TIFF", compression=compression)
        file.seek(0)
        assert np.array_equal(read_tiff(file), array)


def test_a_folder_of_thirteen_bands(tmp_path):
    rng = np.random.default_rng(1)
    arrays = rng.integers(0, 4000, (12, 8, 9, 13)).astype(np.uint16)
    arrays[0, 0, 0, 0] = 3999
    for i, array in enumerate(arrays):
        (tmp_path / f"{i:02}.tif").write_bytes(written(array, compression=DEFLATE))
    data = load_data(tmp_path)
    assert (data.data_shape, data.scale) == ((13, 8, 9), 4095)
    stored = sorted(np.moveaxis(array, -1, 0).astype(np.float32).tobytes() for array in arrays)
    assert sorted(x.tobytes() for x in everything(data)) == stored
    assert noted(data, "of 13 channels").startswith("of 13 channels, 1, 2 and 3 are drawn as red, green and blue")
    data = load_data(tmp_path, bands=(4, 3, 2))
    chosen = sorted(np.moveaxis(array[..., [3, 2, 1]], -1, 0).astype(np.float32).tobytes() for array in arrays)
    assert data.data_shape == (3, 8, 9)
    assert sorted(x.tobytes() for x in everything(data)) == chosen
    assert load_data(tmp_path, image_size=4).data_shape == (13, 4, 4)
    (tmp_path / "x.tif").write_bytes(written(arrays[0][..., :7]))
    with pytest.raises(UserError, match=r"x.tif' has 7 channels and .*11.tif' 13: .*bands=\(1, 2, 3\)"):
        load_data(tmp_path)


def test_what_is_damaged_is_said():
    array = np.random.default_rng(0).integers(0, 256, (20, 20, 6), dtype=np.uint8)
    for compression in (1, DEFLATE):
        with pytest.raises(Broken, match=r"cut short|cannot be unpacked"):
            read_tiff(io.BytesIO(written(array, compression=compression)[:-1000]))
    assert read_tiff(io.BytesIO(b"\x89PNG and more")) is None
    with pytest.raises(Broken, match="predictor 3"):
        read_tiff(io.BytesIO(written(array, predictor=3)))


def test_a_file_that_speaks_of_millions_of_tiles_takes_no_memory_for_them():
    array = np.zeros((16, 16, 2), np.uint8)
    file = bytearray(written(array, tile=16))
    for tag, value in ((256, 8192), (257, 8192), (322, 1), (323, 1)):
        place = file.index(struct.pack("<HHI", tag, 4, 1))
        file[place + 8 : place + 12] = struct.pack("<I", value)
    with pytest.raises(Broken, match="1 strips or tiles, and its size makes 67108864"):
        read_tiff(io.BytesIO(bytes(file)))
    place = file.index(struct.pack("<HHI", 322, 4, 1))
    file[place + 8 : place + 12] = bytes(4)
    with pytest.raises(Broken, match="tiles of 0x1"):
        read_tiff(io.BytesIO(bytes(file)))

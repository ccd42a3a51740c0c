"""TIFF files of any number of channels, of which Pillow reads four: satellite images, spectra, measurements."""

import io
import itertools
import math
import struct
from collections.abc import Iterator
from typing import IO, Any

import numpy as np

from reparam.data.readers.opening import Broken

MAGIC = (b"II*\0", b"MM\0*")
WIDTH, HEIGHT, BITS, COMPRESSION, STRIPS, SAMPLES, ROWS, STRIP_BYTES = 256, 257, 258, 259, 273, 277, 278, 279
PLANAR, PREDICTOR, TILE_WIDTH, TILE_HEIGHT, TILES, TILE_BYTES, FORMAT = 284, 317, 322, 323, 324, 325, 339
KINDS = {1: "u", 2: "i", 3: "f"}
NONE, MOST_VALUES = 1, 2**28
MOST_CHANNELS = 4096


def read_tiff(file: IO[bytes]) -> np.ndarray | None:
    """The first page of a TIFF file, ``(height, width, channels)`` uint8, or float32 where values are others.

    Strips and tiles, channels together or apart, and any compression that Pillow's libtiff undoes.

    Args:
        file: its bytes, from the beginning.

    Returns:
        The values; None where it is no TIFF file, or one without channels.

    Raises:
        Broken: if it is damaged, or written in a way that is not read.
    """
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    head = file.read(8)
    if head[:4] not in MAGIC:
        return None
    tags: Any = ImageFileDirectory_v2(head)
    file.seek(tags.next)
    tags.load(file)
    channels = int(tags.get(SAMPLES, 1))
    if channels < 2:
        return None
    shape = int(tags[HEIGHT]), int(tags[WIDTH]), channels
    if channels > MOST_CHANNELS or math.prod(shape) > MOST_VALUES:
        raise Broken(f"it has {channels:,} channels of {shape[1]}x{shape[0]}, more than are read")
    dtype = _dtype(tags, "<" if head[:2] == b"II" else ">")
    values = np.zeros(shape, dtype)
    for block, rows, columns, layers in _blocks(file, tags, dtype, shape):
        values[rows, columns, layers] = block
    return values if values.dtype == np.uint8 else values.astype(np.float32)


def _dtype(tags: Any, order: str) -> np.dtype:
    """The type of the values, which all channels share.

    Raises:
        Broken: if they do not, or numpy has none like it.
    """
    bits, kinds = set(tags.get(BITS, (1,))), set(tags.get(FORMAT, (1,)))
    kind = KINDS.get(next(iter(kinds)), "")
    if len(bits) != 1 or len(kinds) != 1 or not kind or not bits <= ({16, 32, 64} if kind == "f" else {8, 16, 32}):
        raise Broken(f"its channels are of {', '.join(map(str, sorted(bits)))} bits, which are not read")
    return np.dtype(f"{order}{kind}{bits.pop() // 8}")


Block = tuple[np.ndarray, slice, slice, slice]


def _blocks(file: IO[bytes], tags: Any, dtype: np.dtype, shape: tuple[int, int, int]) -> Iterator[Block]:
    """The strips or tiles, and where each belongs."""
    height, width, channels = shape
    tiled = TILES in tags
    across, down = (int(tags[TILE_WIDTH]), int(tags[TILE_HEIGHT])) if tiled else (width, int(tags.get(ROWS, height)))
    down = min(down, height) if not tiled else down
    apart = tags.get(PLANAR, 1) == 2
    deep, layers_apart = (1, channels) if apart else (channels, 1)
    if min(across, down) < 1:
        raise Broken(f"it has strips or tiles of {across}x{down}")
    made = [range(layers_apart), range(0, height, down), range(0, width, across)]
    offsets, sizes = (tags[TILES], tags[TILE_BYTES]) if tiled else (tags[STRIPS], tags[STRIP_BYTES])
    count = math.prod(map(len, made))
    if not count == len(offsets) == len(sizes):
        raise Broken(f"it has {len(offsets)} strips or tiles, and its size makes {count}")
    for (layer, row, column), offset, size in zip(itertools.product(*made), offsets, sizes, strict=True):
        rows = down if tiled else min(down, height - row)
        file.seek(offset)
        raw = _unpacked(file.read(size), int(tags.get(COMPRESSION, NONE)), across * deep * dtype.itemsize, rows)
        block = np.frombuffer(raw, dtype, count=rows * across * deep).reshape(rows, across, deep)
        block = _unpredicted(block, int(tags.get(PREDICTOR, 1)))
        layers = slice(layer, layer + 1) if apart else slice(0, channels)
        inside = block[: height - row, : width - column]
        yield inside, slice(row, row + len(inside)), slice(column, column + inside.shape[1]), layers


def _unpacked(raw: bytes, compression: int, row_bytes: int, rows: int) -> bytes:
    """A strip as it was before it was compressed: Pillow is shown it as a grey image whose pixels are these bytes.

    Raises:
        Broken: if it is damaged, or cut short.
    """
    if compression == NONE:
        if len(raw) < row_bytes * rows:
            raise Broken("it is cut short")
        return raw[: row_bytes * rows]
    from PIL import Image

    entries = [
        (WIDTH, row_bytes), (HEIGHT, rows), (BITS, 8), (COMPRESSION, compression), (262, 1),
        (STRIPS, 8 + 2 + 9 * 12 + 4), (SAMPLES, 1), (ROWS, rows), (STRIP_BYTES, len(raw)),
    ]  # fmt: skip
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    head = struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + directory + struct.pack("<I", 0)
    try:
        with Image.open(io.BytesIO(head + raw), formats=("TIFF",)) as image:
            return image.tobytes()
    except Exception as error:  # Pillow raises nearly everything at what is damaged
        raise Broken(f"its values cannot be unpacked ({error})") from error


def _unpredicted(block: np.ndarray, predictor: int) -> np.ndarray:
    """Values that were written as differences along a row.

    Raises:
        Broken: if they were predicted otherwise.
    """
    if predictor == 1:
        return block
    if predictor == 2 and block.dtype.kind in "ui":
        return np.cumsum(block, axis=1, dtype=block.dtype.newbyteorder("="))
    raise Broken(f"its values were written by predictor {predictor}, which is not read")

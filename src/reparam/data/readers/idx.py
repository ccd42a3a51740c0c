"""The IDX format of MNIST: a magic number, the sizes, then bytes; plain or gzipped."""

import gzip
import hashlib
import io
import math
import zlib
from pathlib import Path

import numpy as np
import torch

from reparam.data.dataset import Split
from reparam.data.readers.claims import require_memory, takes_in
from reparam.data.readers.labels import encode_labels
from reparam.data.reading import Reading, by_name, split_note, split_rows
from reparam.door import is_file
from reparam.errors import UserError

#: The usual names of the four files, less ``.gz``.
TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
HELD_OUT = 10_000
LONGEST_HEAD = 4 + 4 * 255
"""Bytes of a head that says as many sizes as one may."""


def read_idx(path: Path, *, sha256: str | None = None, unpacked_sha256: str | None = None) -> np.ndarray:
    """The uint8 array in an IDX file, of as many dimensions as it says.

    ``sha256`` is checked against the file, ``unpacked_sha256`` against its contents once ungzipped.

    Raises:
        UserError: When the file cannot be read, is cut short or corrupt, holds other than unsigned bytes, or fails
            its checksum.
    """
    try:
        require_memory(repr(str(path)), path.stat().st_size, "convert it to an .npy")
        packed = path.read_bytes()
    except OSError as error:
        raise UserError(f"{str(path)!r} cannot be read ({error.strerror}): give an IDX file.") from error
    _verify(packed, sha256, path)
    raw = _unpack(packed, path)
    _verify(raw, unpacked_sha256, path)
    return parse_idx(raw, path)


def parse_idx(raw: bytes, path: Path) -> np.ndarray:
    """The uint8 array in the bytes of an IDX file; ``path`` names it in errors."""
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[3] == 0:
        raise UserError(f"{str(path)!r} is not an IDX file: it begins with {raw[:4].hex(' ') or 'nothing'}, and an IDX "
                        f"file of unsigned bytes begins with 00 00 08.")  # fmt: skip
    if raw[2] != 8:
        raise UserError(f"{str(path)!r} is an IDX file of type {raw[2]:#04x}, and only unsigned bytes (0x08) are read: "
                        f"convert it to .npy.")  # fmt: skip
    sizes, start, expected = _stated(raw)
    if len(sizes) < raw[3] or len(raw) != expected:
        has = "more" if len(raw) > expected else len(raw)
        raise UserError(f"{str(path)!r} is corrupt: it says it holds {' x '.join(map(str, sizes))} bytes, which makes "
                        f"{expected} in all, and has {has}: fetch it again.")  # fmt: skip
    return np.frombuffer(raw, np.uint8, offset=start).reshape(sizes)


def _stated(raw: bytes) -> tuple[tuple[int, ...], int, int]:
    """The sizes that a file's head says, where its numbers begin, and where they end."""
    start = 4 + 4 * raw[3]
    sizes = tuple(int(size) for size in np.frombuffer(raw[4:start], ">u4", count=len(raw[4:start]) // 4))
    return sizes, start, start + math.prod(sizes)


def _unpack(packed: bytes, path: Path) -> bytes:
    """The content, of what is packed no more than its head says, and a byte: a little unpacks to a lot."""
    if packed[:2] != b"\x1f\x8b":
        return packed
    try:
        with gzip.open(io.BytesIO(packed)) as file:
            head = file.read(LONGEST_HEAD)
            if len(head) < LONGEST_HEAD or head[:3] != b"\0\0\x08":
                return head
            sizes, _, expected = _stated(head)
            require_memory(repr(str(path)), takes_in(expected, sizes[0] if sizes else 0), "convert it to an .npy")
            return head + file.read(max(0, expected + 1 - len(head)))
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{str(path)!r} is a truncated or corrupt gzip file ({error}): fetch it again.") from error


def _verify(contents: bytes, sha256: str | None, path: Path) -> None:
    if sha256 is None:
        return
    found = hashlib.sha256(contents).hexdigest()
    if found != sha256:
        raise UserError(f"{str(path)!r} has SHA-256 {found} and should have {sha256}: fetch it again.")


def read_pair(images: Path, labels: Path | None, sums: dict[str, str], packed: bool) -> tuple[np.ndarray, np.ndarray]:
    """Images ``(n, h, w)`` and labels ``(n,)`` (empty when ``labels`` is None) that belong together.

    ``sums``: SHA-256 by usual name, of the file as it is when ``packed``, else of its contents.
    """

    def read(path: Path) -> np.ndarray:
        sha256 = sums.get(path.name.removesuffix(".gz"))
        return read_idx(path, sha256=sha256) if packed else read_idx(path, unpacked_sha256=sha256)

    pixels = read(images)
    if pixels.ndim != 3 or not pixels.size:
        raise UserError(f"{str(images)!r} holds an array of shape {pixels.shape}, not images (count, height, width): "
                        f"give the images' file of the pair.")  # fmt: skip
    if labels is None:
        return pixels, np.empty(0, np.uint8)
    marks = read(labels)
    if marks.shape != pixels.shape[:1]:
        raise UserError(f"{str(labels)!r} holds labels of shape {marks.shape} for the {len(pixels)} images of "
                        f"{images.name!r}: give a pair that belongs together.")  # fmt: skip
    return pixels, marks


def find(folder: Path, name: str) -> Path | None:
    """The file of this usual name in a folder, plain or gzipped; also as ``train-images.idx3-ubyte``."""
    for variant in (name, name.replace("-idx", ".idx")):
        for path in (folder / variant, folder / f"{variant}.gz"):
            if is_file(path):
                return path
    return None


def is_idx_folder(folder: Path) -> bool:
    """Whether a folder holds the training images of the usual four files."""
    return find(folder, TRAIN_IMAGES) is not None


def looks_like_idx(path: Path) -> bool:
    """Whether a file's name or its first bytes say it is IDX."""
    if "idx" in path.name.lower():
        return True
    with path.open("rb") as file:
        start = file.read(4)
    return start[:3] == b"\0\0\x08" or (path.suffix == ".gz" and start[:2] == b"\x1f\x8b")


def read_four(folder: Path, name: str, sums: dict[str, str] | None = None, packed: bool = False) -> Reading:
    """The usual four files of a folder; the last sixth of the training file, at most 10,000, validates.

    Raises:
        UserError: When one of the four is missing, and whatever :func:`read_idx` refuses.
    """
    paths = [find(folder, usual) for usual in (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)]
    for usual, path in zip((TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS), paths, strict=True):
        if path is None:
            raise UserError(
                f"{usual!r} (or {usual}.gz) is missing from {str(folder)!r}: all four IDX files are needed."
            )
    train_images, train_labels, test_images, test_labels = (path for path in paths if path)
    pixels, marks = read_pair(train_images, train_labels, sums or {}, packed)
    held_out = min(HELD_OUT, max(1, len(pixels) // 6))
    if len(pixels) < 2:
        raise UserError(
            f"{str(train_images)!r} holds {len(pixels)} image, and training and validation need at least 2."
        )
    test = read_pair(test_images, test_labels, sums or {}, packed)
    if test[0].shape[1:] != pixels.shape[1:]:
        raise UserError(f"The images of {str(folder)!r} are {pixels.shape[1]}x{pixels.shape[2]} in training and "
                        f"{test[0].shape[1]}x{test[0].shape[2]} in the test: give files of one size.")  # fmt: skip
    parts = [(pixels[:-held_out], marks[:-held_out]), (pixels[-held_out:], marks[-held_out:]), test]
    return _reading(name, parts, (f"the last {held_out:,} of the {len(pixels):,} training images validate",))


def read_file(path: Path, seed: int) -> Reading:
    """One IDX images file, with its labels when they lie beside it, split 80/10/10 from the seed."""
    beside = path.name.replace("images", "labels").replace("idx3", "idx1").removesuffix(".gz")
    labels = next((p for p in (path.with_name(beside), path.with_name(f"{beside}.gz")) if is_file(p)), None)
    labels = None if labels is None or labels.name == path.name else labels
    pixels, marks = read_pair(path, labels, {}, packed=False)
    parts = [(pixels[rows.numpy()], marks[rows.numpy()] if len(marks) else marks)
             for rows in split_rows(len(pixels), seed)]  # fmt: skip
    about_labels = f"labels read from {labels.name}" if labels else "no labels found beside the images"
    return _reading(path.name, parts, (split_note(seed), about_labels))


def _reading(name: str, parts: list[tuple[np.ndarray, np.ndarray]], notes: tuple[str, ...]) -> Reading:
    codes, classes = encode_labels([marks if len(marks) else None for _, marks in parts], name)
    splits = [Split(torch.from_numpy(pixels[:, None].copy()), y) for (pixels, _), y in zip(parts, codes, strict=True)]
    low, high = min(int(p.min()) for p, _ in parts), max(int(p.max()) for p, _ in parts)
    return Reading(
        name, by_name(splits), data_shape=(1, *parts[0][0].shape[1:]), low=low, high=high, binary=high <= 1,
        scale=1.0 if high <= 1 else 255.0, classes=classes, notes=notes,
    )  # fmt: skip

"""Targets: arrays, pictures, archives, packs and the table beside pictures."""

import bz2
import gzip
import io
import json
import lzma
import struct
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from attack.fuzz.tables import file, taken
from attack.fuzz.target import Form, Reads, Seeds, Target
from reparam.data import load_data

SIDE, COUNT = 5, 12
SUFFIXES = ("png", "jpg", "bmp", "webp", "ppm", "tga", "jp2", "pcx", "ico", "tif")
PIXELS = np.random.default_rng(3).integers(0, 256, (COUNT, SIDE, SIDE, 3), np.uint8)


def _npy(array: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def _zip(members: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return stream.getvalue()


def _tar(members: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue().rstrip(b"\0") + bytes(1024)


def picture(form: str, number: int = 0) -> bytes:
    """A small picture as a file."""
    stream = io.BytesIO()
    Image.fromarray(PIXELS[number]).save(stream, form)
    return stream.getvalue()


NAMES = {"png": "PNG", "jpg": "JPEG", "bmp": "BMP", "webp": "WEBP", "ppm": "PPM", "tga": "TGA", "jp2": "JPEG2000"}
NAMES |= {"pcx": "PCX", "ico": "ICO", "tif": "TIFF"}


def _arrays() -> Seeds:
    x, y = np.arange(COUNT * 4, dtype=np.float32).reshape(COUNT, 4), np.arange(COUNT) % 3
    return {
        "x.npy": [_npy(x), _npy(PIXELS[..., 0]), _npy(np.asfortranarray(x.astype(np.int16)))],
        "x.npz": [_zip({"x.npy": _npy(x), "y.npy": _npy(y)})],
        "x.npz, its array": [_npy(x)],
        "x.npz, its labels": [_npy(y), _npy(np.array(["a", "b", "c"])[y])],
        "x.npz, its test": [_npy(x[:3])],
    }


def _member(name: str) -> Callable[[bytes], bytes]:
    """An archive of arrays, one of which is what is given."""
    whole = {
        "x_train.npy": _npy(np.arange(48, dtype=np.float32).reshape(12, 4)),
        "y_train.npy": _npy(np.arange(12) % 3),
    }
    return lambda content: _zip({**whole, name: content})


ARRAYS = Target(
    "arrays of NumPy",
    {
        "x.npy": file("x.npy"),
        "x.npz": file("x.npz"),
        "x.npz, its array": file("x.npz", _member("x_train.npy")),
        "x.npz, its labels": file("x.npz", _member("y_train.npy")),
        "x.npz, its test": file("x.npz", _member("x_test.npy")),
    },
    _arrays,
)


def _idx(array: Any) -> bytes:
    head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return head + array.astype(np.uint8).tobytes()


def _of_four(name: str) -> Form:
    """The four usual files of IDX, one of which is what is given."""
    whole = {"train-images-idx3-ubyte": PIXELS[..., 0], "train-labels-idx1-ubyte": np.arange(COUNT) % 2}
    whole |= {"t10k-images-idx3-ubyte": PIXELS[:3, ..., 0], "t10k-labels-idx1-ubyte": np.arange(3) % 2}

    def reads(folder: Path, content: bytes) -> Reads:
        (folder / "four").mkdir()
        for other, array in whole.items():
            (folder / "four" / other).write_bytes(content if other == name else _idx(array))
        yield lambda: taken(load_data(folder / "four"))

    return reads


IDX = Target(
    "IDX files",
    {
        "a-idx3-ubyte": file("a-idx3-ubyte"),
        "a-idx3-ubyte.gz": file("a-idx3-ubyte.gz", lambda content: gzip.compress(content, 1, mtime=0)),
        "train-labels-idx1-ubyte of four": _of_four("train-labels-idx1-ubyte"),
        "t10k-images-idx3-ubyte of four": _of_four("t10k-images-idx3-ubyte"),
    },
    lambda: {
        "a-idx3-ubyte": [_idx(PIXELS[..., 0])],
        "a-idx3-ubyte.gz": [_idx(PIXELS[..., 1])],
        "train-labels-idx1-ubyte of four": [_idx(np.arange(COUNT) % 2)],
        "t10k-images-idx3-ubyte of four": [_idx(PIXELS[:3, ..., 0])],
    },
)


def _among(name: str) -> Form:
    """A folder of pictures, one of which is what is given."""

    def reads(folder: Path, content: bytes) -> Reads:
        (folder / "pictures").mkdir()
        for number in range(3):
            (folder / "pictures" / f"{number}.png").write_bytes(picture("PNG", number))
        (folder / "pictures" / name).write_bytes(content)
        yield lambda: taken(load_data(folder / "pictures", frames="all", image_size=4))

    return reads


def _stack(form: str) -> bytes:
    stream = io.BytesIO()
    first, *rest = (Image.fromarray(pixels) for pixels in PIXELS[:4, ..., 0])
    first.save(stream, form, save_all=True, append_images=rest)
    return stream.getvalue()


def _channels() -> bytes:
    """A TIFF of six channels, which Pillow does not read by itself."""
    pixels = np.arange(SIDE * SIDE * 6, dtype=np.uint16).reshape(SIDE, SIDE, 6)
    content = pixels.tobytes()
    tags = {256: SIDE, 257: SIDE, 258: 16, 259: 1, 262: 1, 273: 8, 277: 6, 278: SIDE, 279: len(content), 284: 1}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    head = b"II*\0" + struct.pack("<I", 8 + len(content))
    return head + content + struct.pack("<H", len(tags)) + entries + bytes(4)


def _pictures() -> Seeds:
    alone = {f"a.{suffix} among others": [picture(NAMES[suffix])] for suffix in SUFFIXES}
    alone["a.tif among others"].append(_channels())
    return {"x.tif": [_stack("TIFF")], "x.tiff": [_stack("TIFF")], "x.gif": [_stack("GIF")], **alone}


PICTURES = Target(
    "pictures",
    {
        **{name: file(name) for name in ("x.tif", "x.tiff", "x.gif")},
        **{f"a.{suffix} among others": _among(f"a.{suffix}") for suffix in SUFFIXES},
    },
    _pictures,
)


def _members(form: str = "PNG", count: int = 6) -> dict[str, bytes]:
    return {f"{'ab'[number % 2]}/{number}.{form.lower()}": picture(form, number) for number in range(count)}


def _called(content: bytes) -> bytes:
    """An archive of pictures that are called as the lines of a text."""
    names = content.decode(errors="replace").splitlines()[:20]
    dot = picture("PPM")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in dict.fromkeys(names):
            archive.writestr(zipfile.ZipInfo(name[:500]), dot)
    return stream.getvalue()


def _archives() -> Seeds:
    tar = _tar(_members("PPM", 4))
    return {
        "p.zip": [_zip(_members())],
        "p.tar": [tar],
        "p.tar.gz": [tar],
        "p.tar.bz2": [tar],
        "p.tar.xz": [tar],
        "p.tgz": [gzip.compress(tar, 9, mtime=0)],
        "p.zip by names": [b"a/0.ppm\nb/1.ppm\na/2.ppm\n", b"train/x/0.ppm\ntest/x/1.ppm\n../2.ppm\nvalid/y/3.ppm\n"],
    }


ARCHIVES = Target(
    "archives of pictures",
    {
        "p.zip": file("p.zip"),
        "p.tar": file("p.tar"),
        "p.tar.gz": file("p.tar.gz", lambda content: gzip.compress(content, 1, mtime=0)),
        "p.tar.bz2": file("p.tar.bz2", lambda content: bz2.compress(content, 1)),
        "p.tar.xz": file("p.tar.xz", lambda content: lzma.compress(content, preset=0)),
        "p.tgz": file("p.tgz"),
        "p.zip by names": file("p.zip", _called),
    },
    _archives,
)


def _beside(folder: Path, content: bytes) -> Reads:
    (folder / "pictures").mkdir()
    for number in range(6):
        (folder / "pictures" / f"{number:03}.ppm").write_bytes(picture("PPM", number))
    (folder / "pictures" / "labels.csv").write_bytes(content)
    yield lambda: taken(load_data(folder / "pictures"))
    yield lambda: taken(load_data(folder / "pictures", labels="class", groups="who"))


def _captions() -> Seeds:
    rows = [f"{number:03}.ppm,{'ab'[number % 2]},p{number % 3}" for number in range(6)]
    splits = [f"{number},{['train', 'test', 'valid'][number % 3]}" for number in range(6)]
    texts = ["\n".join(["file,class,who", *rows, ""]), "\n".join(["number,split", *splits, ""])]
    return {"labels.csv": [text.encode() for text in texts]}


CAPTIONS = Target("tables beside pictures", {"labels.csv": _beside}, _captions)

RECORD = {"made_by": "reparam", "format": "packed images", "version": 1, "name": "p", "examples": COUNT}
RECORD |= {"shape": [1, SIDE, SIDE], "dtype": "uint8", "scale": 255.0, "low": 0.0, "high": 255.0, "binary": False}
RECORD |= {"picture": {"low": 0.0, "high": 1.0}, "classes": ["a", "b"], "arrays": ["y", "files"], "notes": ["n"]}


def _pack(said: Mapping[str, Any] = RECORD) -> dict[str, bytes]:
    """Packed images by the names of their files."""
    numbers = np.arange(COUNT)
    arrays = {"x": PIXELS[..., 0][:, None], "y": numbers % 2, "splits": (numbers % 3).astype(np.uint8)}
    arrays |= {"groups": numbers // 2, "files": numbers}
    return {"pack.json": json.dumps(said).encode(), **{f"{name}.npy": _npy(array) for name, array in arrays.items()}}


def _packed(name: str, *arrays: str) -> Form:
    """A pack, one of whose files is what is given."""

    def reads(folder: Path, content: bytes) -> Reads:
        place = folder / "p.pack"
        place.mkdir()
        whole = _pack({**RECORD, "arrays": arrays} if arrays else RECORD)
        for other, known in whole.items():
            (place / other).write_bytes(content if other == name else known)
        yield lambda: taken(load_data(place))
        yield lambda: taken(load_data(place, memory_limit=16))

    return reads


PACKS = Target(
    "packed images",
    {
        "pack.json": _packed("pack.json"),
        "x.npy": _packed("x.npy"),
        "y.npy": _packed("y.npy"),
        "splits.npy": _packed("splits.npy", "y", "splits"),
        "groups.npy": _packed("groups.npy", "groups"),
        "files.npy": _packed("files.npy"),
    },
    lambda: {
        "pack.json": [
            _pack()["pack.json"],
            _pack({**RECORD, "arrays": ["groups"], "reading": {"fit": "pad"}})["pack.json"],
        ],
        **{name: [content] for name, content in _pack().items() if name != "pack.json"},
    },
)

"""The inputs: each a file, a folder or a name that is made in a working directory."""

import gzip
import io
import json
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

ESCAPE = "\x1b[2J\x1b]0;owned\x07"
"""Clears a terminal and names its window."""


@dataclass(frozen=True)
class Hostile:
    """An input.

    Attributes:
        make: makes it in a folder and gives the word that a command is given.
        slow: whether it is large.
    """

    make: Callable[[Path], str]
    slow: bool = False


def _numbers(rows: int = 40, width: int = 4) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(rows, width)).astype(np.float32)


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def _header(shape: str, descr: str = "'<f4'") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def _written(name: str, content: bytes) -> Hostile:
    def make(cwd: Path) -> str:
        (cwd / name).write_bytes(content)
        return name

    return Hostile(make)


def _zipped(entries: dict[str, bytes], spoil: Callable[[bytearray], None] = lambda content: None) -> Hostile:
    def make(cwd: Path) -> str:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in entries.items():
                archive.writestr(name, content)
        content = bytearray(file.getvalue())
        spoil(content)
        (cwd / "a.npz").write_bytes(content)
        return "a.npz"

    return Hostile(make)


def _everywhere(signature: bytes, offset: int, value: int) -> Callable[[bytearray], None]:
    """Change two bytes of every record of a kind in an archive."""

    def spoil(content: bytearray) -> None:
        at = content.find(signature)
        while at >= 0:
            struct.pack_into("<H", content, at + offset, value)
            at = content.find(signature, at + 4)

    return spoil


def _both(local: tuple[int, int], central: tuple[int, int]) -> Callable[[bytearray], None]:
    def spoil(content: bytearray) -> None:
        _everywhere(b"PK\x03\x04", *local)(content)
        _everywhere(b"PK\x01\x02", *central)(content)

    return spoil


def _bomb(cwd: Path) -> str:
    """Two gigabytes of zeros in two megabytes."""
    with (
        zipfile.ZipFile(cwd / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("x.npy", "w", force_zip64=True) as file,
    ):
        file.write(_header("(536870912, 1)"))
        for _ in range(128):
            file.write(bytes(2**24))
    return "bomb.npz"


def _png(width: int, height: int, rows: bytes = b"") -> bytes:
    """A picture that declares its size; its content is what is given, or nothing."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def _folder(names: dict[str | bytes, bytes], word: str = "pictures") -> Hostile:
    """A folder of files by name; names may hold bytes that are no text."""

    def make(cwd: Path) -> str:
        for name, content in names.items():
            path = cwd / word / os.fsdecode(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return word

    return Hostile(make)


def _dot(grey: int = 0) -> bytes:
    file = io.BytesIO()
    Image.new("L", (8, 8), grey).save(file, "png")
    return file.getvalue()


def _huge_picture(cwd: Path) -> str:
    (cwd / "huge").mkdir()
    for number in range(3):
        rows = bytes(9401) * 9400
        (cwd / "huge" / f"{number}.png").write_bytes(_png(9400, 9400, rows))
    return "huge"


def _wide_table(cwd: Path) -> str:
    columns = 10**6
    with (cwd / "wide.csv").open("w") as file:
        file.write(",".join(f"c{column}" for column in range(columns)) + "\n")
        for row in range(3):
            file.write(",".join(["0", "1", "2"][row] for _ in range(columns)) + "\n")
    return "wide.csv"


def _tar(cwd: Path) -> str:
    """An archive with links out of it, a device and a name that climbs."""
    with tarfile.open(cwd / "a.tar", "w") as archive:
        for name, kind, target in (
            ("l.png", tarfile.SYMTYPE, "/etc/passwd"),
            ("h.png", tarfile.LNKTYPE, "/etc/passwd"),
            ("d.png", tarfile.CHRTYPE, ""),
            ("f.png", tarfile.FIFOTYPE, ""),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            archive.addfile(member)
        for number in range(12):
            member = tarfile.TarInfo(f"../{number}.png")
            member.size = len(_dot(number))
            archive.addfile(member, io.BytesIO(_dot(number)))
    return "a.tar"


def _links(cwd: Path) -> str:
    """A folder with links to a device, to itself, to nothing, and out of it."""
    (cwd / "links").mkdir()
    for number, target in enumerate(("/dev/zero", ".", "gone.png", "/etc/passwd", "/")):
        (cwd / "links" / f"{number}.png").symlink_to(target)
    os.mkfifo(cwd / "links" / "pipe.png")
    for number in range(12):
        (cwd / "links" / f"p{number}.png").write_bytes(_dot(number))
    return "links"


def _pipe(cwd: Path) -> str:
    os.mkfifo(cwd / "p.npy")
    return "p.npy"


def _named(word: str) -> Hostile:
    return Hostile(lambda cwd: word)


def _rows(header: str, cell: Callable[[int], str], rows: int = 40) -> bytes:
    return "\n".join([header, *(f"{number},{number * 7 % 5},{cell(number)}" for number in range(rows)), ""]).encode()


def _pack(images: bytes, labels: bytes, **said: object) -> Hostile:
    """Packed images whose record says what is given."""
    record = {"made_by": "reparam", "format": "packed images", "version": 1, "name": ESCAPE, "examples": 40}
    record |= {"shape": [1, 8, 8], "dtype": "uint8", "scale": 255.0, "low": 0.0, "high": 255.0, "binary": False}
    record |= {"picture": {"low": 0.0, "high": 1.0}, "classes": [ESCAPE, "b"], "arrays": ["y"], "notes": [ESCAPE]}
    files: dict[str | bytes, bytes] = {"x.npy": images, "y.npy": labels}
    return _folder({**files, "pack.json": json.dumps(record | said).encode()}, "a.pack")


_PACKED = _npy(np.zeros((40, 1, 8, 8), np.uint8)), _npy(np.arange(40) % 2)
_LABELS = {"x.npy": _npy(_numbers())}
_DOTS: dict[str | bytes, bytes] = {f"{number}.png": _dot(number * 5) for number in range(20)}
INPUTS: dict[str, Hostile] = {
    "npz of text": _zipped({"x.npy": b"no array"}),
    "npz with an empty entry": _zipped({"x.npy": b""}),
    "npz of nothing": _zipped({}),
    "npz of other files": _zipped({"readme.txt": b"hello"}),
    "npz encrypted": _zipped(_LABELS, _both((6, 1), (8, 1))),
    "npz of an unknown method": _zipped(_LABELS, _both((8, 99), (10, 99))),
    "npz that declares 50 GB": _zipped({"x.npy": _header("(12500000000, 1)") + b"\0" * 64}),
    "npz of objects": _zipped({"x.npy": _header("(3,)", "'|O'") + b"cos\nsystem\n(S'true'\ntR."}),
    "npz whose labels are 0-d": _zipped({**_LABELS, "y.npy": _npy(np.array(3))}),
    "npz whose labels are no text": _zipped({**_LABELS, "y.npy": _npy(np.array([b"\xff\xfe"] * 40))}),
    "npz whose labels are escapes": _zipped({**_LABELS, "y.npy": _npy(np.array([ESCAPE, "b"] * 20))}),
    "npz whose names are escapes": _zipped({f"{ESCAPE}.npy": _npy(_numbers()), "b.npy": _npy(_numbers())}),
    "npz that climbs": _zipped({"../../x.npy": _npy(_numbers())}),
    "npz cut off": _written("a.npz", b"PK\x03\x04" + bytes(40)),
    "npz of two gigabytes of zeros": Hostile(_bomb, slow=True),
    "npy that declares 50 GB": _written("a.npy", _header("(12500000000, 1)") + bytes(64)),
    "npy of a negative shape": _written("a.npy", _header("(-1, 4)") + bytes(64)),
    "npy of a shape beyond all": _written("a.npy", _header("(9223372036854775807, 9223372036854775807)")),
    "npy of no shape": _written("a.npy", _header("'x'")),
    "npy of a program": _written("a.npy", _header("__import__('os').system('true')")),
    "npy of an unknown version": _written("a.npy", b"\x93NUMPY\x09\x00\x10\x00{}"),
    "npy of objects": _written("a.npy", _header("(3,)", "'|O'") + b"cos\nsystem\n(S'true'\ntR."),
    "npy of records": _written("a.npy", _npy(np.zeros(9, [("a", "f4"), (ESCAPE, "i4")]))),
    "npy of complex numbers": _written("a.npy", _npy(np.zeros((9, 2), np.complex64))),
    "npy of dates": _written("a.npy", _npy(np.zeros((9, 2), "datetime64[s]"))),
    "npy of text": _written("a.npy", _npy(np.array([ESCAPE] * 9))),
    "npy of one number": _written("a.npy", _npy(np.float32(1.0))),
    "npy of no rows": _written("a.npy", _npy(np.zeros((0, 4), np.float32))),
    "npy of no columns": _written("a.npy", _npy(np.zeros((40, 0), np.float32))),
    "npy of nine axes": _written("a.npy", _npy(np.zeros((4,) + (1,) * 8, np.float32))),
    "npy of huge numbers": _written("a.npy", _npy(np.full((40, 4), 3e38, np.float32))),
    "npy of NaN": _written("a.npy", _npy(np.full((40, 4), np.nan, np.float32))),
    "npy of nothing": _written("a.npy", b""),
    "npy that is a pipe": Hostile(_pipe),
    "csv of nothing": _written("a.csv", b""),
    "csv of a header": _written("a.csv", b"a,b,c\n"),
    "csv of zero bytes": _written("a.csv", bytes(1000)),
    "csv of noise": _written("a.csv", np.random.default_rng(1).bytes(4000)),
    "csv of an open quote": _written("a.csv", _rows("a,b,c", lambda number: '"x' if number == 3 else "y")),
    "csv of a long cell": _written("a.csv", _rows("a,b,c", lambda number: "x" * (10**6 if number == 3 else 1))),
    "csv of escapes": _written("a.csv", _rows(f"a,{ESCAPE},c", lambda number: ESCAPE if number % 2 else "b")),
    "csv of formulas": _written("a.csv", _rows("=1+1,@a,c", lambda number: "=HYPERLINK(1)" if number % 2 else "b")),
    "csv of a million columns": Hostile(_wide_table, slow=True),
    "csv of long numbers": _written("a.csv", _rows("a,b,c", lambda number: "9" * 5000)),
    "csv of 1e999": _written("a.csv", _rows("a,b,c", lambda number: "1e999")),
    "parquet of noise": _written("a.parquet", b"PAR1" + np.random.default_rng(2).bytes(400) + b"PAR1"),
    "feather of noise": _written("a.feather", b"ARROW1" + np.random.default_rng(2).bytes(400)),
    "idx that declares too much": _written("a-idx3-ubyte", struct.pack(">IIII", 2051, 2**31 - 1, 2**15, 2**15)),
    "idx packed, of zeros": _written(
        "a-idx3-ubyte.gz", gzip.compress(struct.pack(">IIII", 2051, 2**20, 1, 1) + bytes(2**20))
    ),
    "gzip cut off": _written("a.csv.gz", gzip.compress(_rows("a,b,c", str))[:60]),
    "picture that declares 10^10 pixels": _folder({**_DOTS, "bomb.png": _png(100_000, 100_000)}),
    "pictures of 9,400 by 9,400": Hostile(_huge_picture, slow=True),
    "pictures of text": _folder({f"{number}.png": b"no picture" for number in range(9)}),
    "pictures cut off": _folder({f"{number}.png": _dot(number)[:40] for number in range(9)}),
    "pictures named by escapes": _folder({**_DOTS, f"{ESCAPE}.png": b"no picture"}),
    "pictures named by no text": _folder({**_DOTS, b"\xff\xfe.png": b"no picture"}),
    "pictures whose names break lines": _folder({**_DOTS, "a\nreparam: b.png": b"no picture"}),
    "classes named by escapes": _folder(
        {f"{ESCAPE if number % 2 else 'b'}/{number}.png": _dot(number) for number in range(40)}
    ),
    "classes named by no text": _folder(
        {(b"\xff\xfe/" if number % 2 else b"b/") + b"%d.png" % number: _dot(number) for number in range(40)}
    ),
    "classes named as markup": _folder(
        {f"{'<script>alert(1)<' if number % 2 else 'b'}/{number}.png": _dot(number) for number in range(40)}
    ),
    "folder named by escapes": _folder(_DOTS, f"pictures{ESCAPE}"),
    "folder named by no text": _folder(_DOTS, os.fsdecode(b"pictures\xff")),
    "folder of nothing": Hostile(lambda cwd: (cwd / "empty").mkdir() or "empty"),
    "folder of links": Hostile(_links),
    "tar of links": Hostile(_tar),
    "packed images named by escapes": _pack(*_PACKED),
    "packed images of a program": _pack(_header("(40, 1, 8, 8)", "'|O'") + b"cos\nsystem\n(S'true'\ntR.", _PACKED[1]),
    "packed images that are too few": _pack(*_PACKED, examples=10**12),
    "packed images that are too large": _pack(*_PACKED, shape=[1, 2**20, 2**20]),
    "packed images cut off": _pack(_header("(40, 1, 8, 8)", "'|u1'"), _PACKED[1]),
    "packed images of unknown classes": _pack(_PACKED[0], _npy(np.arange(40) - 3)),
    "packed images drawn by bands that are not there": _pack(*_PACKED, picture={"low": 0, "high": 1, "bands": [9]}),
    "packed images whose scale is nothing": _pack(*_PACKED, scale=0.0),
    "packed images of no record": _folder({"pack.json": b'{"packed images"', "x.npy": _PACKED[0]}, "a.pack"),
    "no such user": _named("~nosuchuser/x"),
    "no such user's file": _named("~nosuchuser/x.npy"),
    "a name too long": _named("x" * 300),
    "a path too long": _named("x/" * 3000 + "x.npy"),
    "a name of escapes": _named(f"{ESCAPE}.npy"),
    "a name of no text": _named(os.fsdecode(b"\xff\xfe.npy")),
    "a name that breaks lines": _named("a\nreparam: b.npy"),
    "a name of nothing": _named(""),
    "zeros without end": _named("/dev/zero"),
    "a terminal that is none": _named("/dev/tty"),
    "memory": _named("/proc/self/mem"),
    "the whole disk's folder": _named("/proc"),
    "an address": _named("http://localhost:1/x.npy"),
}
"""By what they are."""

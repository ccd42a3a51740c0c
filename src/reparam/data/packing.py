"""A folder of images decoded once, into a pack that is read through a memory map ever after."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch

from reparam.data.load import MEMORY_LIMIT
from reparam.data.packs import DTYPES, FORMAT, RECORD, is_pack, record_of
from reparam.data.prefetch import prefetch
from reparam.data.readers import idx
from reparam.data.readers.asked import Asked, refuse_idle
from reparam.data.readers.files import FolderFiles
from reparam.data.readers.images import Pictures, pictures_of
from reparam.data.readers.roles import STRATIFIED
from reparam.data.readers.sources import IMAGES, READERS
from reparam.data.reading import chunks
from reparam.data.reading import pieces as cut
from reparam.data.splitting import split_codes
from reparam.data.store import PROGRESS, RowWriter, in_the_making, swept
from reparam.door import is_file, is_folder, present, user_path
from reparam.errors import UserError, tell
from reparam.files import MADE_BY, check_targets, npy, replace_atomically, write_json
from reparam.pace import Progress
from reparam.settings import ReadingConfig


@dataclass(frozen=True)
class Packed:
    """What was packed.

    Args:
        path: of the pack.
        examples: how many images.
        data_shape: of one, ``(channels, height, width)``.
        bytes: of all of them.
        classes: their names.
        notes: what was decided.
        gone_on: images that an interrupted job had packed already.
    """

    path: Path
    examples: int
    data_shape: tuple[int, ...]
    bytes: int
    classes: tuple[str, ...]
    notes: tuple[str, ...]
    gone_on: int = 0


def pack(
    source: str | PathLike[str],
    out: str | PathLike[str] | None = None,
    *,
    force: bool = False,
    memory_limit: int = MEMORY_LIMIT,
    **reading: Any,
) -> Packed:
    """Decode the images of a folder or an archive once, into a folder of plain arrays.

    ``reparam.load_data(out)`` gives what ``load_data(source, **reading)`` would, the same bits in the same splits, and
    reads from the disk what does not fit ``memory_limit``. Images are decoded a batch at a time. A job that was killed
    goes on where it was; nothing stands at ``out`` until all is there.

    Args:
        source: a folder or an archive of images.
        out: the pack, a folder; the source's name and ``.pack``, here, unless given.
        force: replace what stands there.
        memory_limit: bytes of images from which :func:`reparam.load_data` would leave them on the disk.
        **reading: ``image_size``, ``labels`` and the rest of :class:`reparam.settings.ReadingConfig`.

    Raises:
        UserError: if the images cannot be read, something else stands at ``out``, or the disk is full.
    """
    for name, given in {"source": source, "out": out or ""}.items():
        if not isinstance(given, str | PathLike):
            raise UserError(f"pack takes paths, and {name} is a {type(given).__name__}: give the path of a folder")
    path, how = user_path(source), ReadingConfig(**reading)
    to = user_path(out) if out is not None else Path(f"{path.name or path.resolve().name}.pack")
    _check_source(path, source, how)
    check_targets([to / RECORD], path, force)
    _check_place(to)
    found = pictures_of(path, Asked(0, memory_limit, how))
    key = _key(path, found, how)
    if present(to) and not force:
        if record_of(to).key != key:
            raise UserError(f"{to} is there already and was made of other images, or otherwise: give force=True to "
                            f"replace it, or name another place with out=...")  # fmt: skip
        swept(to)
        tell(f"{to} holds these images already: it is left as it is")
        return _packed(to, found, len(found.names))
    with in_the_making(to) as folder:
        gone_on = _write(folder, found, key)
        write_json(folder / RECORD, _record(path, found, how, key))
    return _packed(to, found, gone_on)


def _check_place(to: Path) -> None:
    """Refuse a place where something stands that is no pack: not even ``force`` removes folders of others."""
    if not present(to):
        return
    ours = {RECORD, PROGRESS, *(f"{name}.npy" for name in ("x", *DTYPES))}
    if not is_pack(to) or {one.name for one in to.iterdir()} - ours:
        raise UserError(
            f"{to} is there already and is no pack, or one with other things in it: name another place with out=..."
        )


def _check_source(path: Path, given: Any, how: ReadingConfig) -> None:
    """Refuse what holds no images, before it is looked through."""
    name = path.name.lower()
    archive = any(name.endswith(end) for end, format_ in READERS.items() if format_.applying == IMAGES)
    if is_pack(path):
        raise UserError(f"{str(path)!r} is packed already: give the images that it was made of.")
    if not (is_file(path) and archive) and (not is_folder(path) or idx.is_idx_folder(path)):
        raise UserError(f"{str(path)!r} is no folder and no archive of images, and only these are packed.")
    refuse_idle(str(given), how, IMAGES)


def _key(path: Path, found: Pictures, how: ReadingConfig) -> str:
    """What tells a job from others: the files, their sizes and times, and what was asked for."""
    digest = hashlib.sha256(json.dumps([how.asked(), found.limit, str(path.absolute())]).encode())
    inside = isinstance(found.files, FolderFiles) and is_folder(path)
    for name in dict.fromkeys(found.names) if inside else [path]:
        about = (path / name).stat()
        digest.update(f"{name} {about.st_size} {about.st_mtime_ns}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _write(folder: Path, found: Pictures, key: str) -> int:
    """The arrays of a pack; how many images were there already."""
    plan, n = found.plan, len(found.names)
    dtype = np.dtype(str(plan.depth.dtype).removeprefix("torch."))
    writer = RowWriter(folder / "x.npy", dtype, (n, *plan.shape), key)
    gone_on, progress = writer.done, Progress("packing images", n)
    try:
        for piece in _pieces(found, gone_on):
            writer.write(piece)
            progress.to(writer.done)
    finally:
        progress.end()
        writer.close()
    for name, array in _beside(found).items():
        replace_atomically(folder / f"{name}.npy", npy(array.astype(DTYPES[name])))
    return gone_on


def _pieces(found: Pictures, start: int) -> Iterator[np.ndarray]:
    """The raw values of all images from one on, in their order."""
    rows = torch.arange(start, len(found.names))
    kept, images = found.kept, found.rows
    if kept is not None:
        return (found.plan.filled([kept[row] for row in part.tolist()]).numpy() for part in chunks(images, rows))
    parts = (part for piece in chunks(images, rows) for part in cut(piece, 256))
    return (piece.numpy() for piece in prefetch(images, parts))


def _beside(found: Pictures) -> dict[str, np.ndarray]:
    """What is said of each image besides its pixels."""
    files, said = np.array(found.gathered.files), found.said
    arrays = {} if found.codes is None else {"y": found.codes.numpy()}
    if said.splits:
        arrays["splits"] = split_codes([said.splits[number] for number in files.tolist()], said.split_by)
    if said.groups:
        names = [said.groups[number] or f"file {number}" for number in files.tolist()]
        arrays["groups"] = np.unique(np.array(names, dtype=str), return_inverse=True)[1]
    if len(np.unique(files)) < len(files):
        arrays["files"] = files
    return arrays


def _record(path: Path, found: Pictures, how: ReadingConfig, key: str) -> dict[str, Any]:
    plan, said = found.plan, found.said
    return {
        "made_by": MADE_BY.removeprefix("made by "),
        "format": FORMAT,
        "version": 1,
        "name": path.name or path.resolve().name,
        "examples": len(found.names),
        "shape": plan.shape,
        "dtype": str(plan.depth.dtype).removeprefix("torch."),
        "scale": plan.depth.scale,
        "low": plan.low,
        "high": plan.high,
        "binary": plan.binary,
        "picture": asdict(plan.picture),
        "classes": found.classes,
        "arrays": sorted(_beside(found)),
        "split_by": said.split_by,
        "stratified": how.split_by == STRATIFIED,
        "notes": _lasting(found.notes),
        "reading": how.asked(),
        "key": key,
    }


def _packed(path: Path, found: Pictures, gone_on: int) -> Packed:
    plan = found.plan
    n = len(found.names)
    notes = tuple(_lasting(found.notes))
    return Packed(path, n, plan.shape, n * plan.bytes, found.classes, notes, gone_on)


def _lasting(notes: Sequence[str]) -> list[str]:
    """What is as true of a pack as of its images."""
    return [note for note in notes if "decoded as they are needed" not in note]

"""A folder of images in any format Pillow reads by itself, flat or in one subfolder a class."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from reparam.data.dataset import LazyArray, Split
from reparam.data.prefetch import usable_cores
from reparam.data.readers.decode import Header, decode, read_header, suffixes
from reparam.data.readers.labels import encode_labels
from reparam.data.reading import SPLIT_WORDS, SPLITS, Reading, by_name, complete_splits, split_note, split_rows, take
from reparam.errors import UserError


@dataclass(frozen=True)
class Found:
    """An image file, the split its folder names (or None), and the class its folder names (or None)."""

    path: Path
    split: str | None
    label: str | None


class ImageRows(LazyArray):
    """Image files decoded when asked for: ``(n, channels, height, width)`` uint8."""

    workers = 8

    def __init__(self, paths: list[Path], data_shape: tuple[int, int, int], size: int | None) -> None:
        self.paths, self.data_shape, self.size = paths, data_shape, size

    @property
    def shape(self) -> tuple[int, ...]:
        """``(n, channels, height, width)``."""
        return (len(self.paths), *self.data_shape)

    @property
    def dtype(self) -> torch.dtype:
        """Always uint8."""
        return torch.uint8

    def __getitem__(self, rows: torch.Tensor) -> torch.Tensor:
        images = [decode(self.paths[row], self.data_shape[0], self.size) for row in rows.tolist()]
        return torch.stack(images) if images else torch.empty(0, *self.data_shape, dtype=torch.uint8)

    def whole(self) -> torch.Tensor:
        """All images in memory, decoded by as many threads as there are processors."""
        images = torch.empty(self.shape, dtype=torch.uint8)

        def fill(row: int) -> None:
            images[row] = decode(self.paths[row], self.data_shape[0], self.size)

        with ThreadPoolExecutor(usable_cores()) as pool:
            list(pool.map(fill, range(len(self))))
        return images


def read_images(folder: Path, image_size: int | None, seed: int, memory_limit: int) -> Reading:
    """The images of a folder in the order of their names; above ``memory_limit`` bytes they are decoded as needed.

    Subfolders are classes, unless they are named ``train``, ``valid`` and ``test``: then they are the splits. Images
    are grey when every file is, else red, green and blue.

    Raises:
        UserError: When there are no images, or both beside and in subfolders, when sizes differ and ``image_size``
            is None, or a file cannot be read.
    """
    found = find_images(folder)
    headers = [read_header(image.path) for image in found]
    height, width = (image_size, image_size) if image_size else _one_size(found, headers)
    channels = 1 if all(header.grey for header in headers) else 3
    array = ImageRows([image.path for image in found], (channels, height, width), image_size)
    parts, split_notes = _split(found, seed)
    codes, classes = _labels(found, folder)
    lazy = torch.Size(array.shape).numel() > memory_limit
    x = array if lazy else array.whole()
    splits = [Split(take(x, rows), None if codes is None else codes[rows]) for rows in parts]
    notes: tuple[str, ...] = (f"{len(found)} images read as {'grey' if channels == 1 else 'colour'}, {height}x{width}",)
    if image_size:
        notes += (f"resized: the shorter side scaled to {image_size} pixels, then the square in the centre cut out",)
    if lazy:
        notes += ("larger than the memory limit: images are decoded as they are needed",)
    return Reading(
        folder.name, by_name(splits), data_shape=array.data_shape, low=0, high=255, binary=False, scale=255.0,
        classes=classes, notes=(*notes, *split_notes),
    )  # fmt: skip


def find_images(folder: Path) -> list[Found]:
    """The image files of a folder, sorted by path; hidden files and those that are no images are passed over."""
    beside = _images_in(folder, deep=False)
    below = {child: _images_in(child, deep=True) for child in sorted(folder.iterdir()) if _is_visible_folder(child)}
    below = {child: images for child, images in below.items() if images}
    if beside and below:
        raise UserError(f"{str(folder)!r} holds images both beside ({beside[0].name!r}) and in subfolders "
                        f"({next(iter(below)).name!r}): leave one of the two.")  # fmt: skip
    if not beside and not below:
        raise UserError(f"{str(folder)!r} holds no images and no IDX files: give a folder of images (PNG, JPEG, ...), "
                        f"flat or in a subfolder for each class.")  # fmt: skip
    named = {child: SPLIT_WORDS.get(child.name.lower()) for child in below}
    if below and "train" in named.values() and all(named.values()):
        return [image for child in below for image in _in_split(child, str(named[child]))]
    found = [Found(path, None, None) for path in beside]
    return found + [Found(path, None, child.name) for child, paths in below.items() for path in paths]


def _in_split(folder: Path, split: str) -> list[Found]:
    """Images of a split's folder, whose own subfolders are classes."""
    images = _images_in(folder, deep=True)
    labels = [path.relative_to(folder).parts[0] if path.parent != folder else None for path in images]
    return [Found(path, split, label) for path, label in zip(images, labels, strict=True)]


def _images_in(folder: Path, deep: bool) -> list[Path]:
    paths = folder.rglob("*") if deep else folder.iterdir()
    known = suffixes()
    images = [path for path in paths if path.suffix.lower() in known and not path.name.startswith(".")]
    return sorted((path for path in images if path.is_file()), key=lambda path: path.relative_to(folder).as_posix())


def _is_visible_folder(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith(".")


def _one_size(found: list[Found], headers: list[Header]) -> tuple[int, int]:
    """``(height, width)`` shared by all."""
    first = headers[0]
    for image, header in zip(found, headers, strict=True):
        if header[:2] != first[:2]:
            raise UserError(
                f"The images differ in size: {str(found[0].path)!r} is {first.width}x{first.height} and "
                f"{str(image.path)!r} is {header.width}x{header.height} (width x height): give image_size=... to bring "
                f"them to N x N."
            )
    return first.height, first.width


def _split(found: list[Found], seed: int) -> tuple[list[torch.Tensor], tuple[str, ...]]:
    """Row numbers of train, validation and test, and what to note."""
    if found[0].split is None:
        return list(split_rows(len(found), seed)), (split_note(seed),)
    rows = {split: torch.tensor([at for at, image in enumerate(found) if image.split == split]) for split in SPLITS}
    rows, notes = complete_splits(rows, seed)
    return list(rows.values()), notes


def _labels(found: list[Found], folder: Path) -> tuple[torch.Tensor | None, tuple[str, ...]]:
    if any(image.label is None for image in found):
        return None, ()
    (codes,), classes = encode_labels([np.array([image.label for image in found])], repr(str(folder)))
    return codes, classes

"""What is said of images besides their pixels, by their folders or by a table: classes, and what is held out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from reparam.data.readers.asked import Asked
from reparam.data.readers.found import Found
from reparam.data.readers.labels import encode_labels
from reparam.data.readers.roles import STRATIFIED
from reparam.data.reading import SPLITS, complete_splits, split_note, split_rows
from reparam.data.splitting import grouped, named, stratified, tenth_of
from reparam.errors import UserError, printable
from reparam.settings import ReadingConfig


@dataclass(frozen=True)
class Said:
    """What is said of image files, in their order; None, or of no length, where nothing is.

    Args:
        rows: the place of each image among those that were found.
        labels: the classes.
        splits: the words that name splits.
        split_by: the column that holds them; none: folders are called so.
        groups: whose images stay in one split.
        notes: what was decided.
    """

    rows: tuple[int, ...]
    labels: np.ndarray | None = None
    splits: tuple[str, ...] = ()
    split_by: str = ""
    groups: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def encoded(self, files: Sequence[int], where: str) -> tuple[torch.Tensor | None, tuple[str, ...]]:
        """The classes of pictures as numbers, and their names.

        Args:
            files: the number of the file that each picture is from.
            where: what errors call the source.
        """
        (codes,), classes = encode_labels([None if self.labels is None else self.labels[list(files)]], where)
        return codes, classes


def folders_say(found: Sequence[Found], how: ReadingConfig) -> Said:
    """What the folders of images say; classes only where every image lies in one."""
    rows, labels = tuple(range(len(found))), [image.label for image in found]
    splits = tuple(image.split for image in found if image.split is not None)
    told = sum(label is not None for label in labels)
    if how.labels == "none" or told < len(labels):
        some = f"{len(labels) - told:,} images lie in no class folder: all are read without labels"
        return Said(rows, None, splits, notes=(some,) if told and how.labels is None else ())
    return Said(rows, np.array(labels), splits, notes=() if splits else _wrapped(found))


def _wrapped(found: Sequence[Found]) -> tuple[str, ...]:
    """What to say where all images lie in one subfolder, which has subfolders of its own."""
    inner = {tuple(image.name.split("/")[:2]) for image in found if image.name.count("/") > 1}
    if len({image.label for image in found}) > 1 or len(inner) < 2:
        return ()
    top, some = printable(found[0].name.split("/")[0]), ", ".join(sorted(printable(below) for _, below in inner)[:3])
    return (f"all images lie in {top!r}, which is read as one class; give {top!r} itself to have its subfolders ({some}"
            f"{', ...' if len(inner) > 3 else ''}) as classes",)  # fmt: skip


def parts_of(
    files: Sequence[int], said: Said, codes: torch.Tensor | None, asked: Asked
) -> tuple[list[torch.Tensor], tuple[str, ...]]:
    """Picture numbers of train, validation and test, and what to note; the pictures of one file stay together.

    Args:
        files: the number of the file that each picture is from.
        said: of the files.
        codes: the classes of the pictures.
        asked: the seed, and how to split.

    Raises:
        UserError: if there is too little to split, or it cannot be split as it was asked.
    """
    seed, n = asked.seed, len(files)
    several = len(set(files)) < n
    if said.splits:
        words = [said.splits[number] for number in files]
        rows, note = named(words, said.split_by, seed) if said.split_by else _by_folders(words, seed)
    elif said.groups:
        rows, note = grouped([said.groups[number] or f"file {number}" for number in files], seed)
    elif several:
        return _by_files(files, seed)
    elif asked.how.split_by == STRATIFIED:
        if codes is None:
            raise UserError(f'split_by="{STRATIFIED}" needs labels, and these images have none: leave it out')
        rows, note = stratified(codes.numpy(), seed)
    else:
        rows, note = dict(zip(SPLITS, split_rows(n, seed), strict=True)), split_note(seed)
    return [rows[split] for split in SPLITS], (note,)


def _by_folders(words: Sequence[str], seed: int) -> tuple[dict[str, torch.Tensor], str]:
    given = {split: torch.from_numpy(np.flatnonzero(np.array(words) == split)) for split in SPLITS}
    rows, (note,) = complete_splits(given, seed)
    return rows, note


def _by_files(files: Sequence[int], seed: int) -> tuple[list[torch.Tensor], tuple[str, ...]]:
    """Files of several pictures, which are alike; where there are too few of these, in the order of the pictures."""
    n = len(files)
    if len(set(files)) >= len(SPLITS):
        rows, _ = grouped([str(number) for number in files], seed)
        return [rows[split] for split in SPLITS], (f"split by files, whose pictures stay together, from seed {seed}",)
    split_rows(n, seed)  # refuses too few
    held = tenth_of(n)
    note = "split 80/10/10 in the order of the pictures, since those of one file are alike: the last ones test"
    return list(torch.split(torch.arange(n), [n - 2 * held, held, held])), (note,)

"""Images of any format that Pillow reads by itself: a folder or an archive, flat or in one subfolder a class."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from reparam.data.dataset import LazyArray, Split
from reparam.data.lacking import lacking
from reparam.data.readers.asked import Asked
from reparam.data.readers.captions import captions_of
from reparam.data.readers.decode import Facts
from reparam.data.readers.files import Files
from reparam.data.readers.found import Found, arranged, check_arranged, source_of
from reparam.data.readers.gather import Gathered, gather, told_broken
from reparam.data.readers.modes import Look, Values
from reparam.data.readers.opening import suffixes
from reparam.data.readers.plan import ImageRows, Plan, plan_of, seen_of
from reparam.data.readers.remarks import remarks
from reparam.data.readers.said import Said, folders_say, parts_of
from reparam.data.readers.walk import ending_of
from reparam.data.reading import Reading, by_name, take
from reparam.door import is_file
from reparam.errors import UserError

#: The largest side that is proposed for images of several sizes.
PROPOSED = 64


@dataclass(frozen=True)
class Pictures:
    """The images of a folder or an archive after one look at all of them.

    Args:
        files: what opens them.
        names: of the file of each picture.
        gathered: what is known of each, and their values where these were few enough to be kept.
        plan: how they become raw values.
        said: of the files besides their pixels.
        codes: the classes of the pictures, ``(n,)`` int64; None where there are none.
        classes: their names.
        notes: what was decided.
        limit: bytes from which they are decoded as they are needed.
    """

    files: Files
    names: list[str]
    gathered: Gathered
    plan: Plan
    said: Said
    codes: torch.Tensor | None
    classes: tuple[str, ...]
    notes: tuple[str, ...]
    limit: int

    @property
    def kept(self) -> Sequence[Values] | None:
        """The decoded values where they fit the limit."""
        return self.gathered.values if len(self.names) * self.plan.bytes <= self.limit else None

    @property
    def rows(self) -> ImageRows:
        """All pictures, decoded as they are needed."""
        return ImageRows(self.files, self.names, self.gathered.places, self.plan)

    def part(self, rows: torch.Tensor) -> torch.Tensor | LazyArray:
        """Some pictures: in memory where they were kept."""
        kept = self.kept
        return take(self.rows, rows) if kept is None else self.plan.filled([kept[row] for row in rows.tolist()])


def read_images(path: Path, asked: Asked) -> Reading:
    """The images of a folder or an archive in the order of their names.

    Subfolders are classes, unless they are named ``train``, ``valid`` and ``test``: then they are the splits; or a
    table beside the images says what each is. Images are grey when every file is, else red, green and blue. Above the
    memory limit they are decoded as needed.

    Raises:
        UserError: When there are no images, or both beside and in subfolders, when sizes differ and no size was asked
            for, or a file cannot be read.
    """
    found = pictures_of(path, asked)
    plan = found.plan
    parts, split_notes = parts_of(found.gathered.files, found.said, found.codes, asked)
    splits = [Split(found.part(part), None if found.codes is None else found.codes[part]) for part in parts]
    return Reading(
        path.name or path.resolve().name, by_name(splits), data_shape=plan.shape, low=plan.low, high=plan.high,
        binary=plan.binary, scale=plan.depth.scale, classes=found.classes, picture=plan.picture,
        notes=(*found.notes, *split_notes, *lacking(splits, found.classes, split_notes, asked.seed)),
    )  # fmt: skip


def pictures_of(path: Path, asked: Asked) -> Pictures:
    """Look at every image of a folder or an archive, and decide what they become.

    Raises:
        UserError: as :func:`read_images`.
    """
    how = asked.how
    look, source = Look.of(how), source_of(path)
    if ending_of(path.name) in suffixes() and is_file(path):  # a stack, since one picture would be no data
        look = replace(look, frames="all")
    found = arranged(source)
    wrong: list[str] = []
    said = captions_of(source, found, how)
    if said is None:
        with _noted(wrong):
            check_arranged(source, found)
        said = folders_say(found, how)
    found = [found[place] for place in said.rows]
    gathered = gather(source.files, [image.name for image in found], look, asked.memory_limit)
    with _noted(wrong):
        _check_broken(source.files, found, gathered, how.skip_broken)
    names = [found[number].name for number in gathered.files]
    if look.size is None and names:
        with _noted(wrong):
            _check_one_size(source.files, names, gathered.facts)
    if wrong:
        raise UserError(". Besides: ".join(sentence.rstrip(".") for sentence in wrong) + ".")
    seen = seen_of(source.files, names, gathered, look)
    plan = plan_of(source.files, names, gathered, seen, look, how.value_range)
    codes, classes = said.encoded(gathered.files, repr(str(path)))
    lazy = gathered.values is None or len(names) * plan.bytes > asked.memory_limit
    notes = (*remarks(source, gathered, plan, seen, lazy, how), *said.notes)
    return Pictures(source.files, names, gathered, plan, said, codes, classes, notes, asked.memory_limit)


@contextmanager
def _noted(wrong: list[str]) -> Iterator[None]:
    """Write down what is wrong, so that all of it is told at once."""
    try:
        yield
    except UserError as error:
        wrong.append(str(error))


def _check_broken(files: Files, found: Sequence[Found], gathered: Gathered, skip: bool) -> None:
    """Refuse files that cannot be read, all of them at once, unless they are to be left out."""
    if not gathered.broken or (skip and gathered.facts):
        return
    words = told_broken(files, [image.name for image in found], gathered.broken)
    them = "it" if len(gathered.broken) == 1 else "them"
    without = f", or go on without {them} (skip_broken=True)" if gathered.facts else ""
    raise UserError(f"{words}: mend {them} or remove {them}{without}.")


def _check_one_size(files: Files, names: Sequence[str], facts: Sequence[Facts]) -> None:
    """Refuse images of several sizes, of which a model can make nothing."""
    sizes = Counter(fact.size for fact in facts)
    if len(sizes) == 1:
        return
    other = next(at for at, fact in enumerate(facts) if fact.size != facts[0].size)
    (width, height), (other_width, other_height) = facts[0].size, facts[other].size
    often = ", ".join(f"{w}x{h} ({count:,})" for (w, h), count in sizes.most_common(3))
    listed = f", most often {often}" if len(sizes) < len(facts) else ""
    shorter = sorted(min(fact.size) for fact in facts)[len(facts) // 2]
    side = min(PROPOSED, 1 << max(3, shorter.bit_length() - 1))
    raise UserError(
        f"The images differ in size: {files.called(names[0])} is {width}x{height} and {files.called(names[other])} is "
        f"{other_width}x{other_height} (width x height), {len(sizes):,} sizes in all{listed}: give "
        f"image_size={side}, say, to bring them to {side} x {side}."
    )

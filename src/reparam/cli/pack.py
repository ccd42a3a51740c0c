"""``reparam data pack FOLDER``: decode images once, into a folder that is read through a memory map."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

from tyro.conf import Positional

from reparam.cli.data import screen
from reparam.cli.parse import Writes, emit, parse
from reparam.cli.reading import as_settings, flags_of
from reparam.settings import ReadingConfig

OF_TABLES = ("columns", "drop", "delimiter", "decimal", "missing", "header", "encoding", "schema_file", "read_as")
"""The settings of reading that images have no use for."""
ReadingFlags = flags_of(ReadingConfig, OF_TABLES)


@dataclass
class PackOptions(Writes):
    """Options of ``reparam data pack``."""

    images: Positional[str]
    """A folder or an archive of images."""
    out: Path | None = None
    """The pack, a folder; the source's name and .pack here unless given."""
    json: bool = False
    """Print what was packed as JSON."""
    reading: ReadingFlags = field(default_factory=ReadingFlags)  # type: ignore[valid-type]
    """How the images are read."""


def run(command: str, argv: list[str]) -> int:
    """Pack, and say what the pack holds."""
    examples = [
        "reparam data pack my_images/ --image-size 64 --out my_images.pack",
        "reparam train vae --data my_images.pack",
    ]
    options = parse(PackOptions, command, argv, "Decode images once, for training from the disk.", examples)
    from reparam.data import pack

    reading = as_settings(options.reading, ReadingConfig).asked()
    done = pack(options.images, options.out, force=options.force, **reading)
    size = "x".join(map(str, done.data_shape))
    lines = [("images", [f"{done.examples:,} of {size}, {done.bytes / 1e6:,.1f} MB"])]
    lines += [("classes", [", ".join(done.classes)])] if done.classes else []
    lines += [("gone on", [f"{done.gone_on:,} were packed already"])] if 0 < done.gone_on < done.examples else []
    emit(options.json, asdict(done), f"{screen([*lines, ('notes', done.notes)])}\n{done.path}")
    return 0

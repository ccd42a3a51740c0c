"""``reparam data NAME|PATH``: describe a data set and draw some of it; ``data pack`` is in :mod:`reparam.cli.pack`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import wrap
from typing import Any, Literal

import numpy as np
from tyro.conf import Positional

from reparam.cli.flags import translated
from reparam.cli.parse import Writes, emit, parse
from reparam.cli.reading import as_settings, flags_of
from reparam.cli.targets import check_free, picture_or_numbers
from reparam.errors import UserError, printable
from reparam.settings import ReadingConfig

SHOWN = 120
PAGE = 100
"""Characters of a line beside its label."""
ReadingFlags = flags_of(ReadingConfig)


@dataclass
class DataOptions(Writes):
    """Options of ``reparam data``."""

    data: Positional[str]
    """A name (mnist, fashion-mnist, ring, grid, moons, two-gaussians) or a path."""
    binarization: Literal["none", "threshold", "dynamic"] = "none"
    """How grey values become 0 or 1."""
    seed: int = 0
    """Seed of the split and of the examples drawn."""
    out: Path | None = None
    """The picture to write, its numbers beside it; <file's name>-examples.png here unless given."""
    schema_out: Path | None = None
    """Write the schema of a table here (x.schema.json), to be changed and read with --schema."""
    json: bool = False
    """Print the description as JSON."""
    reading: ReadingFlags = field(default_factory=ReadingFlags)  # type: ignore[valid-type]
    """How the data are read."""


def run(command: str, argv: list[str]) -> int:
    """Describe, draw, and say where; ``data pack``: pack images."""
    if argv[:1] == ["pack"]:
        from reparam.cli.pack import run as pack

        return pack(f"{command} pack", argv[1:])
    examples = [
        "reparam data mnist",
        "reparam data my_images/ --image-size 32 --json",
        "reparam data pack my_images/ --image-size 32 --out my_images.pack",
        "reparam data people.csv --columns income=log --schema-out people.schema.json",
    ]
    options = parse(DataOptions, command, argv, "Describe a data set and draw some of it.", examples)
    from reparam.data import load_data
    from reparam.data.describe import describe, told
    from reparam.plots import save

    reading = as_settings(options.reading, ReadingConfig).asked()
    dataset = load_data(options.data, binarization=options.binarization, seed=options.seed, **reading)
    if options.schema_out is not None:
        _write_schema(dataset, options)
    out = options.out or Path(f"{dataset.name}-examples.png")
    check_free(picture_or_numbers(out), [options.data], options.force)
    figure, numbers = draw(dataset, options.seed)
    picture = save(figure, out, numbers, options.force)
    description = describe(dataset)
    result = {**description, "picture": picture, "numbers": picture.with_suffix(".npz")}
    emit(options.json, result, f"{screen(told(description))}\n{picture}")
    return 0


def _write_schema(dataset: Any, options: DataOptions) -> None:
    """Write how a table is read.

    Raises:
        UserError: if the data are no table, or the file is somebody else's.
    """
    if dataset.table is None:
        raise UserError(f"{options.data} is no table, and only tables have a schema: leave --schema-out out")
    assert options.schema_out is not None
    check_free([options.schema_out], [options.data], options.force)
    dataset.table.write(options.schema_out, options.force)


def draw(dataset: Any, seed: int) -> tuple[Any, dict[str, np.ndarray]]:
    """A labelled grid of images, a scatter of points, or a panel for each of a table's columns."""
    import torch

    from reparam import plots
    from reparam.data import DataRecord
    from reparam.evaluation.codes.encoding import examples, pick
    from reparam.randomness import generator

    count = SHOWN if dataset.is_image else 2000
    chosen = pick(dataset.test if dataset.binary else dataset.train, count, generator(seed, "data picture"))
    x = torch.cat(list(examples(chosen, dataset))).numpy()
    labels = None if chosen.labels is None else chosen.labels.numpy()
    if dataset.table is not None:
        from reparam.evaluation.tables.samples import TableSamples

        rows = TableSamples(x, x, schema=dataset.table, y=labels)
        return plots.column_panels(rows.panels, title=f"{dataset.name}: {len(x):,} rows"), rows.numbers
    if dataset.is_image:
        record = DataRecord.of(dataset)
        x = record.given_back(x)
        title = f"{dataset.name}{record.drawn.caption(x.shape[1])}"
        figure = plots.data_grid(record.drawn(x), labels, dataset.classes, title=title)
    else:
        figure = plots.samples_picture(x, dataset.data_shape, title=dataset.name)
    return figure, {"x": x} | ({} if labels is None else {"labels": labels})


def screen(rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Labels at the left and their lines beside them, folded to the width of a page, and what no terminal may see told.

    >>> print(screen([("classes", ["ant  3", "bee  4"]), ("notes", [])]))
      classes      ant  3
                   bee  4
    """
    shown = []
    for label, lines in rows:
        # told as flags before it is folded, which would cut them in two
        folded = [part for line in lines for part in _folded(translated(printable(line)))]
        shown += [f"  {label * (not at):<12} {part}" for at, part in enumerate(folded)]
    return "\n".join(shown)


def _folded(line: str) -> list[str]:
    """A line as it is where it fits, else folded, what follows set in."""
    if len(line) <= PAGE:
        return [line]
    return wrap(line, PAGE, subsequent_indent="  ", break_on_hyphens=False)

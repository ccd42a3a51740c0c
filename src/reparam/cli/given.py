"""``reparam encode RUN DATA`` and ``reparam score RUN DATA``: what a run says of each of a user's examples."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from tyro.conf import Positional

from reparam.cli.parse import Writes, emit, parse, say
from reparam.cli.targets import check_free
from reparam.errors import UserError


@dataclass
class GivenOptions(Writes):
    """Options of the commands that are given examples."""

    run: Positional[Path]
    """The run folder."""
    data: Positional[str]
    """A name or a path, as for `reparam train`; read as the run's own data were."""
    out: Path
    """The file to write, a row an example: .npz or .csv."""
    split: Literal["all", "train", "validation", "test"] | None = None
    """Which examples; unless given, all of what lies at a path in its order, and the test split of a name."""
    outside: Literal["skip", "clip", "refuse"] = "skip"
    """Rows of a table with cells that the run's own data do not know, as a word never seen: they have no value and are
    named; or numbers and dates are taken at the end of their range; or all rows are refused."""
    json: bool = False
    """Print what was written as JSON."""


@dataclass
class ScoreOptions(GivenOptions):
    """Options of ``reparam score``."""

    samples: int = 1000
    """Draws of the posterior for each example, where the score is log p(x)."""
    seed: int = 0
    """Seed of the draws."""


ENCODE = "Write the code of each example: the centre of q(z|x)."
SCORE = """Write how well each example fits what a run has learned, the higher the better: log p(x) in nats where the
model gives it, else the bound or reconstruction it was trained on, else the logit of a game's discriminator. Which of
these it is is said. Beside log p(x) stands the standard error of each from the draws' noise."""
EXAMPLES = {
    "encode": [
        "reparam encode runs/vae photos.npy --out codes.npz",
        "reparam encode runs/vae mnist --out codes.csv        the test split",
        "reparam encode runs/vae mnist --split all --out codes.npz",
    ],
    "score": ["reparam score runs/vae photos.npy --out scores.csv", "reparam score runs/gan mnist --out scores.npz"],
}


def run(command: str, argv: list[str]) -> int:
    """Read the examples, ask the run, write, and say what was written."""
    kind, what = (GivenOptions, ENCODE) if command == "encode" else (ScoreOptions, SCORE)
    options: Any = parse(kind, command, argv, what, EXAMPLES[command])
    _check(options)
    from reparam.data.whole import whole
    from reparam.runs.run import load

    loaded = load(options.run)
    check_free([options.out], [options.data, loaded.config.data.data], options.force)
    x, which = whole(options.data, loaded.record, options.split, options.outside)
    meaning, numbers, more = _encode(loaded, x) if command == "encode" else _score(loaded, x, options)
    told = write(options.out, numbers, options.force, loaded.record.schema)
    facts = {"run": options.run, "data": options.data, "examples": len(x), "which": which, "meaning": meaning, **more}
    say("; ".join(filter(None, (f"{len(x):,} rows: {which}", meaning, told))))
    emit(options.json, facts | {"out": options.out}, str(options.out))
    return 0


def _encode(run: Any, x: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
    return "codes, the centres of q(z|x)", {"z": run.encode(x)}, {}


def _score(run: Any, x: Any, options: ScoreOptions) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """What scores are, the numbers that are written, and what is told of all of them."""
    scores = run.score(x, options.samples, options.seed)
    values, n = scores.known, len(scores.known)
    more = {"mean": float(values.mean()), "standard_error": float(values.std(ddof=1)) / n**0.5 if n > 1 else None}
    told = more | {"scored": n, "bits_per_dimension": scores.bits_per_dimension}
    columns = {"score": scores.values, "standard_error": scores.errors, "outside": scores.outside}
    return scores.meaning, {name: column for name, column in columns.items() if column is not None}, told


def _check(options: GivenOptions) -> None:
    """Refuse a file that cannot be written before anything takes its time."""
    if options.out.suffix not in (".npz", ".csv"):
        raise UserError(f"--out {options.out} is of no format that is written: name it .npz or .csv")
    check_free([options.out], force=options.force)


def write(path: Path, numbers: Mapping[str, Any], force: bool, schema: Any = None) -> str:
    """Arrays ``(n, ...)`` by name as ``.npz``, or as ``.csv`` with a column for each of an example's values.

    Returns:
        How a text is written where ``schema``, that of the run's table, says that it is not with commas and points.
    """
    from reparam.data.readers.punctuation import PLAIN
    from reparam.evaluation.tables.write import told
    from reparam.files import npz, text, write_result

    if path.suffix == ".npz":
        write_result(path, npz(numbers), force)
        return ""
    signs = PLAIN if schema is None else schema.punctuation
    columns = {
        f"{name}{i + 1}" if array.ndim > 1 else name: column
        for name, array in numbers.items()
        for i, column in enumerate(array.reshape(len(array), -1).T)
    }
    lines = [
        signs.delimiter.join(columns),
        *(signs.delimiter.join(cell(signs, value) for value in row) for row in zip(*columns.values(), strict=True)),
    ]
    write_result(path, text("\n".join(lines) + "\n"), force)
    return told(signs)


def cell(signs: Any, value: Any) -> str:
    """A word, or a number (nothing where it is NaN), in quotes where it holds what stands between cells, too."""
    shown: str = value if isinstance(value, str) else signs.number("" if np.isnan(value) else f"{value:.9g}")
    quoted = shown.replace('"', '""')
    return f'"{quoted}"' if any(sign in shown for sign in (signs.delimiter, '"', "\n")) else shown

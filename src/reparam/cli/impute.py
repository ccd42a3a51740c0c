"""``reparam impute RUN TABLE``: fill what is missing in a table, by a model of one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tyro.conf import Positional

from reparam.cli.parse import Writes, emit, parse, say
from reparam.cli.targets import check_free


@dataclass
class ImputeOptions(Writes):
    """Options of ``reparam impute``."""

    run: Positional[Path]
    """The run folder, of a table."""
    data: Positional[str]
    """The table whose missing cells are filled; read as the run's own was."""
    out: Path
    """The file to write: .csv, .tsv, .parquet or .feather."""
    mean: bool = False
    """Write what is expected (of categories: the most probable) instead of a draw."""
    draws: int = 1
    """How often each cell is drawn; where more than once, a column `draw` says which."""
    codes: int = 500
    """Codes that are drawn for each row; the more, the nearer to exact."""
    outside: Literal["skip", "clip", "refuse"] = "skip"
    """Rows with cells that the run's own data do not know, as a word never seen: they stay as they are; or are filled
    as if numbers and dates stood at the end of their range; or all rows are refused."""
    seed: int = 0
    """Seed of the draws."""
    json: bool = False
    """Print what was filled as JSON."""


EXAMPLES = [
    "reparam impute runs/vae survey.csv --out filled.csv",
    "reparam impute runs/vae survey.csv --draws 20 --out twenty.csv    how unsure it is, row by row",
    "reparam impute runs/vae survey.csv --mean --out expected.csv",
]
WHAT = "Fill the missing cells of a table: with draws given what is there, or with what is expected."


def run(command: str, argv: list[str]) -> int:
    """Read the table, fill it, write it, and say what was filled."""
    options = parse(ImputeOptions, command, argv, WHAT, EXAMPLES)
    from reparam.evaluation.tables import impute
    from reparam.evaluation.tables.write import check_table, write_tables
    from reparam.runs.run import load

    check_table(options.out)
    loaded = load(options.run)
    check_free([options.out], [options.data, loaded.config.data.data], options.force)
    filled = impute(loaded, Path(options.data), options.draws, options.seed, options.codes, options.outside)
    wanted = [None] if options.mean else list(range(options.draws))
    told = write_tables(options.out, [filled.table(draw) for draw in wanted], "draw", options.force)
    say("; ".join(filter(None, (str(filled), told))))
    emit(options.json, _facts(options, filled), str(options.out))
    return 0


def _facts(options: ImputeOptions, filled: Any) -> dict[str, Any]:
    counts = filled.filled.sum(0).tolist()
    names = [kind.name for kind in filled.schema.seen]
    return {
        "run": options.run,
        "data": options.data,
        "out": options.out,
        "rows": len(filled.reasons),
        "left_as_they_were": len(filled.reasons) - len(filled.filled),
        "draws": options.draws,
        "filled": dict(zip(names, counts, strict=True)),
        "least_effective": float(filled.effective.min()),
    }

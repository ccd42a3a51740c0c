"""``reparam info RUN``: what a run is, and what it reached."""

from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Any

from tyro.conf import Positional

from reparam.cli.flags import translated
from reparam.cli.parse import emit, parse

WIDTH = 110
TIE = "\N{NO-BREAK SPACE}"
ENDS = ("range", "value_range")
"""The settings that are a least and a greatest value."""


@dataclass
class InfoOptions:
    """Options of ``reparam info``."""

    run: Positional[Path]
    """The run folder."""
    json: bool = False
    """Print the result as JSON."""


def run(command: str, argv: list[str]) -> int:
    """Print settings, size, cost and the last rows of a run."""
    options = parse(InfoOptions, command, argv, "What a run is, and what it reached.", ["reparam info runs/vae --json"])
    from reparam.door import listed
    from reparam.runs.folder import RunFolder

    place = RunFolder(options.run)
    record, rows = place.record(), place.rows()
    schema = record.data.schema
    result = {
        "run": options.run,
        "finished": bool(rows) and rows[-1]["split"] == "test",
        **record.plain(),
        "columns": [] if schema is None else schema.rows(),
        "cost": place.costs(),
        "last": {split: row for split in ("train", "validation", "test") for row in rows if row["split"] == split},
        "notes": place.remarks(),
        "figures": [path.name for path in listed(place.figures, "*.png")],
    }
    emit(options.json, result, describe(result))
    return 0


def describe(result: dict[str, Any]) -> str:
    """The same for a person."""
    from reparam.runs.only_read import as_typed

    again = f"reparam train --resume {as_typed(Path(result['run']))}"
    settings = result["settings"]
    model = {"class": result["model"]["class"]} | (settings["model"] or {})
    asked_of_data = {k: v for k, v in settings["data"].items() if k not in result["data"]}
    data = {k: v for k, v in result["data"].items() if k not in ("classes", "table")} | asked_of_data
    lines = [
        f"{result['run']}: {'finished' if result['finished'] else f'not finished ({again} goes on)'}",
        _line("model", model),
        _line("data", data),
        *_columns(result["columns"]),
        _line("training", result["training"]),
        *([_line("begun from", result["origin"])] if result["origin"] else []),
        *([_line("cost", _rounded(result["cost"], 1))] if result["cost"] else []),
        *(_line(split, _rounded(row, 2)) for split, row in result["last"].items()),
        *(_told(f"step {remark['step']}", translated(remark["note"])) for remark in result["notes"]),
        _line("machine", result["machine"]),
    ]
    return "\n".join(lines)


def _columns(rows: list[dict[str, str]]) -> list[str]:
    """A table's columns, a line each."""
    from reparam.data.describe import columns_told

    lines = columns_told(rows) if rows else []
    return [f"  {'columns' * (not place):<11} {line}" for place, line in enumerate(lines)]


def _rounded(row: dict[str, Any], digits: int) -> dict[str, Any]:
    """The numbers of a row of the log that has some."""
    return {name: round(value, digits) for name, value in row.items() if name != "split" and value is not None}


def _line(name: str, values: dict[str, Any]) -> str:
    return _told(name, _pairs(values))


def _told(name: str, words: str) -> str:
    """Words behind a name, on as many lines as they take; what is joined by ``TIE`` stays on one."""
    label = f"  {name:<11} "
    shown = fill(words, WIDTH, initial_indent=label, subsequent_indent=" " * len(label), break_on_hyphens=False,
                 break_long_words=False)  # fmt: skip
    return shown.replace(TIE, " ")


def _pairs(values: dict[str, Any]) -> str:
    """Names and what they are; what is open or empty has nothing to tell."""
    told = {key: _short(value, key) for key, value in values.items() if value not in (None, "", [], (), {})}
    return ", ".join(f"{key}{TIE}{words}" for key, words in told.items())


def _short(value: Any, key: str = "") -> str:
    """A value as it is read: sizes as 1×28×28, two ends as 0 to 1, and what has parts in brackets.

    >>> _short([1, 28, 28]), _short((0.0, 1.0), "range").split(), _short({"test": 10}).split(), _short(0.1 + 0.2)
    ('1×28×28', ['0', 'to', '1'], ['(test', '10)'], '0.3')
    """
    if isinstance(value, dict):
        return f"({_pairs(value)})"
    if isinstance(value, list | tuple):
        if key in ENDS and len(value) == 2:
            return f"{TIE}to{TIE}".join(map(_short, value))
        whole = all(isinstance(part, int) for part in value)
        return "×".join(map(str, value)) if whole else f"({', '.join(map(_short, value))})"
    if isinstance(value, float):
        return f"{value:.6g}"
    return value[:12] if isinstance(value, str) and len(value) == 64 else str(value)

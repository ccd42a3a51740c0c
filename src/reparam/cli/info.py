"""``reparam info RUN``: what a run is, and what it reached."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tyro.conf import Positional

from reparam.cli.flags import translated
from reparam.cli.parse import emit, parse


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
    recorded, rows = place.record().plain(), place.rows()
    result = {
        "run": options.run,
        "finished": bool(rows) and rows[-1]["split"] == "test",
        **recorded,
        "cost": place.costs(),
        "last": {split: row for split in ("train", "validation", "test") for row in rows if row["split"] == split},
        "notes": place.remarks(),
        "figures": [path.name for path in listed(place.figures, "*.png")],
    }
    emit(options.json, result, describe(result))
    return 0


def describe(result: dict[str, Any]) -> str:
    """The same for a person."""
    settings = result["settings"]
    model = {"class": result["model"]["class"]} | (settings["model"] or {})
    asked_of_data = {k: v for k, v in settings["data"].items() if k not in result["data"]}
    lines = [
        f"{result['run']}: {'finished' if result['finished'] else 'not finished (reparam train --resume goes on)'}",
        _line("model", model),
        _line("data", {k: v for k, v in result["data"].items() if k != "classes"} | asked_of_data),
        _line("training", result["training"]),
        *([_line("begun from", result["origin"])] if result["origin"] else []),
        _line("cost", {name: round(value, 1) for name, value in result["cost"].items()}),
        *(
            _line(split, {k: round(v, 2) for k, v in row.items() if k != "split" and v is not None})
            for split, row in result["last"].items()
        ),
        *(f"  {'step ' + str(remark['step']):<11} {translated(remark['note'])}" for remark in result["notes"]),
        _line("machine", result["machine"]),
    ]
    return "\n".join(lines)


def _line(name: str, values: dict[str, Any]) -> str:
    return f"  {name:<11} " + ", ".join(f"{key} {_short(value)}" for key, value in values.items() if value is not None)


def _short(value: Any) -> str:
    if isinstance(value, list):
        return "×".join(str(part) for part in value)
    return value[:12] if isinstance(value, str) and len(value) == 64 else str(value)

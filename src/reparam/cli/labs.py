"""``reparam labs`` and ``reparam lab NAME``: list the experiments of the theory, run them, and make their gallery."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tyro.conf import Positional

from reparam.cli.bars import progress
from reparam.cli.parse import Writes, emit, parse, say
from reparam.cli.targets import check_free
from reparam.door import leads_somewhere
from reparam.errors import UserError

KINDS = {"seed": int, "quick": bool, "verdict": bool, "seconds": int | float, "checks": list}
"""What a lab's result has in JSON."""
WORDS = ("what", "prediction", "measurement")


@dataclass
class LabsOptions(Writes):
    """Options of ``reparam labs``."""

    gallery: Path | None = None
    """Folder of a gallery to make: labs with no result there yet are run, then one page shows them all."""
    quick: bool = False
    """Run the small versions."""
    seed: int = 0
    """Seed of every draw."""
    json: bool = False
    """Print the list, or what the gallery holds, as JSON."""


@dataclass
class LabOptions(Writes):
    """Options of ``reparam lab``."""

    name: Positional[str]
    """A lab's name, or all."""
    out: Path = Path("labs")
    """Folder of the picture, its numbers and the result."""
    quick: bool = False
    """Run the small version, in seconds."""
    seed: int = 0
    """Seed of every draw."""
    json: bool = False
    """Print the results as JSON."""


def run(command: str, argv: list[str]) -> int:
    """List or run; exit code 1 where a prediction was not met."""
    return _labs(argv) if command == "labs" else _lab(argv)


def _labs(argv: list[str]) -> int:
    examples = ["reparam labs", "reparam labs --gallery gallery/ --quick"]
    what = "List the experiments of the theory, or make a page of their texts, figures and numbers."
    options = parse(LabsOptions, "labs", argv, what, examples)
    from reparam import labs

    if options.gallery is not None:
        return _gallery(options)
    listed = {name: labs.get(name).title for name in labs.NAMES}
    emit(options.json, listed, "\n".join(f"  {name:<24}{title}" for name, title in listed.items()))
    return 0


def _lab(argv: list[str]) -> int:
    what = "Run an experiment of the theory: what it predicts beside what is measured, and a figure."
    examples = ["reparam lab earth-mover", "reparam lab all --quick --out labs/", "reparam lab normal-kl --json"]
    options = parse(LabOptions, "lab", argv, what, examples)
    from reparam import labs

    names = labs.NAMES if options.name == "all" else (options.name,)
    found = []
    for lab in [labs.get(name) for name in names]:
        if len(names) > 1:
            say(f"{lab.name} ...")
        found.append(_run(lab, options.out, options))
    results, texts = zip(*found, strict=True)
    shown = "\n\n".join(texts)
    emit(options.json, {"verdict": all(result["verdict"] for result in results), "labs": results}, shown)
    return 0 if all(result["verdict"] for result in results) else 1


def _run(lab: Any, out: Path, options: LabOptions | LabsOptions) -> tuple[dict[str, Any], str]:
    """Run a lab and write its picture, numbers and result; the result as plain data, and as text."""
    from reparam.files import make_way, result_json, write_result
    from reparam.folders import standing
    from reparam.plots import save

    picture, page = out / f"{lab.name}.png", out / f"{lab.name}.json"
    check_free([picture, picture.with_suffix(".npz"), page], force=options.force)
    with progress(lab.name, known=False):
        result = lab.run(options.seed, options.quick)
    told = result.json() | {"picture": str(picture)}
    with standing(make_way(picture)):
        save(result.figure(), picture, result.numbers, options.force)
        write_result(page, result_json(told), options.force)
    verdict, _, checks = str(result).partition("\n")
    return told, f"{verdict}, {picture}\n{checks}"


def _gallery(options: LabsOptions) -> int:
    """Run what has no result in the folder yet, and write the page."""
    from reparam import labs

    assert options.gallery is not None
    check_free([options.gallery / "index.html"], force=options.force)
    results = []
    for name in labs.NAMES:
        kept = _kept(options.gallery / f"{name}.json", options)
        if kept is None:
            say(f"{name} ...")
        results.append(kept or _run(labs.get(name), options.gallery, options)[0])
    page = _write(results, options)
    text = f"open {page}"
    verdict = all(result["verdict"] for result in results)
    emit(options.json, {"page": page, "verdict": verdict, "labs": [result["lab"] for result in results]}, text)
    return 0 if verdict else 1


def _kept(path: Path, options: LabsOptions) -> dict[str, Any] | None:
    """The result of an earlier call with the same settings, if its picture is there too."""
    from reparam.door import read_json

    if not leads_somewhere(path) or not leads_somewhere(path.with_suffix(".png")):
        return None
    result = read_json(path)
    if not _is_result(result, path.stem):
        raise UserError(f"{path} is no lab's result: remove it, or name another folder")
    # older ones say it in numbers only: run anew
    told = all(isinstance(check.get(word), str) for check in result["checks"] for word in WORDS)
    same = told and (result["seed"], result["quick"]) == (options.seed, options.quick)
    return result if same else None


def _is_result(value: Any, name: str) -> bool:
    """Whether JSON holds what a lab of that name came to."""
    return (
        isinstance(value, dict)
        and value.get("lab") == name
        and all(isinstance(value.get(key), kind) for key, kind in KINDS.items())
        and all(isinstance(check, dict) and isinstance(check.get("holds"), bool) for check in value["checks"])
    )


def _write(results: list[dict[str, Any]], options: LabsOptions) -> Path:
    """The page, beside its pictures."""
    from reparam import __version__
    from reparam.pages import Page, write

    assert options.gallery is not None
    met = sum(result["verdict"] for result in results)
    subtitle = f"{len(results)} experiments, each a prediction beside its measurement: {met} came out as predicted"
    size = "small versions (--quick), " if options.quick else ""
    footer = f"reparam {__version__}, {size}seed {options.seed}, {sum(r['seconds'] for r in results):.0f} s in all"
    sections = [_section(result, options.gallery) for result in results]
    return write(
        Page("Labs: the theory, run", subtitle, sections, footer), options.gallery / "index.html", options.force
    )


def _section(result: dict[str, Any], folder: Path) -> Any:
    """A lab's text, table and figure."""
    from reparam import labs
    from reparam.pages import Picture, Section, Table

    lab = labs.get(result["lab"])
    rows = [
        (check["what"], check["prediction"], check["measurement"], "yes" if check["holds"] else "NO")
        for check in result["checks"]
    ]
    caption = f"Seed {result['seed']}, measured in {result['seconds']:.1f} s"
    table = Table(("what is measured", "predicted", "measured", "agrees"), rows, caption)
    picture = Picture(
        folder / f"{lab.name}.png", f"{lab.title}.", f"Figure of the lab {lab.name}", f"reparam lab {lab.name}"
    )
    prose = " \n\n".join(" ".join(part.split()) for part in lab.text.strip().split("\n\n"))
    return Section(lab.title, f"{prose}\n\nSource: {lab.source}.", [picture], [table])

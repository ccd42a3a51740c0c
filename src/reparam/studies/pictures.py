"""The pictures of a report: each a figure of a run, written into the run's folder and shown with its command."""

import io
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from reparam import evaluation
from reparam.data.reading import rows_of
from reparam.door import is_folder
from reparam.errors import UserError, is_of_the_system, tell
from reparam.evaluation.codes.encoding import CodeForm, code_form
from reparam.folders import Unwritten
from reparam.models.protocols import Decodes, Encodes, HasPrior, can
from reparam.pages import Explorer, Picture
from reparam.result import Result as Found
from reparam.runs.only_read import as_typed, called, is_only_read
from reparam.runs.run import Run
from reparam.studies.numbers_csv import as_csv
from reparam.studies.plane import explorer
from reparam.studies.results import Result

FEW_POINTS = 1000
MOST_VALUES = 100_000
PLANE = (
    "what the plane of its two latents decodes to; every cell has the same prior probability. Point at the map, or use "
    "the sliders."
)
Ask = Callable[[Run], Found]


def samples_over_training(results: Sequence[Result]) -> list[Picture]:
    """Images, or points of a plane, from the same noise at the start, on the way and at the end."""
    what = "samples before training, on the way and of the weights kept in the end, from the same noise each time"
    return _pictures([r for r in results if _has_snapshots(r.run)], "snapshots", evaluation.snapshots, what)


def samples(results: Sequence[Result]) -> list[Picture]:
    """Samples of tables, column by column beside test examples; of vectors, by pairs of columns."""
    tables = [result for result in results if result.run.record.schema is not None]
    rest = [result for result in results if result.run.record.schema is None]
    ask, flags = partial(evaluation.sample, n=FEW_POINTS), f"-n {FEW_POINTS}"
    columns = _pictures(tables, "sample", _beside_the_data, "rows that it draws beside test examples", flags)
    return columns + _pictures(rest, "sample", ask, "samples, by pairs of columns", flags, only=("x",))


def _beside_the_data(run: Run) -> Found:
    """Samples of a table with test examples to be drawn beside them."""
    drawn = evaluation.sample(run, FEW_POINTS)
    assert isinstance(drawn, evaluation.TableSamples)
    few = rows_of(run.data.test.x, torch.arange(min(len(run.data.test), FEW_POINTS)))
    return replace(drawn, reference=few.numpy())


def reconstructions(results: Sequence[Result]) -> list[Picture]:
    """Test examples and what each model with an encoder makes of them."""
    what = "test examples and what the model makes of their codes"
    return _pictures([r for r in results if encodes(r)], "reconstruct", evaluation.reconstruct, what)


def games(results: Sequence[Result]) -> list[Picture]:
    """The readings of each game."""
    what = "readings of the game: value, the discriminator's outputs or the critic's estimate, gradients"
    return _pictures([result for result in results if plays(result)], "curves", evaluation.curves, what)


def interpolations(results: Sequence[Result]) -> list[Picture]:
    """Walks between two ends in each model's latent space, where there are any."""
    what = "9 images on a path through latent space; ends: {ends}"
    return _pictures(results, "interpolate", evaluation.interpolate, what, only=("x",))


def planes(results: Sequence[Result]) -> list[Explorer]:
    """The plane of every VAE with two latents, to be explored."""
    flat = [result for result in results if _is_plane(result) and can(result.run.model, Decodes)]
    chosen = [result for result in flat if can(result.run.model, HasPrior)] or flat
    return [explorer(result.run, f"{called(result.trial.folder)}: {PLANE}") for result in chosen]


def side_by_side(results: Sequence[Result]) -> list[Picture]:
    """The codes of test examples in every 2-dimensional latent space, beside each other."""
    from reparam import plots

    chosen = [result for result in results if _is_plane(result)]
    if not chosen:
        return []
    found = {called(result.trial.folder): evaluation.latents(result.run, FEW_POINTS * 2) for result in chosen}
    panels = [(name, codes.z, codes.labels) for name, codes in found.items()]
    classes = chosen[0].run.record.classes
    numbers = _columns(found)
    what = f"Codes of {FEW_POINTS * 2:,} test examples in the 2-dimensional latents of {', '.join(found)}."
    command = "\n".join(f"reparam latents {as_typed(result.trial.folder)} -n {2 * FEW_POINTS}" for result in chosen)
    with figures_of(chosen[0].trial.folder) as folder:
        path = plots.save(plots.latents_side_by_side(panels, classes), folder / "report-latents.png", numbers)
        return [Picture(lighter(path), what, what, command, as_csv(numbers))]


def _columns(found: Mapping[str, evaluation.Latents]) -> dict[str, np.ndarray]:
    """Codes as columns of one table."""
    columns = {f"{name} z{i + 1}": codes.z[:, i] for name, codes in found.items() for i in range(2)}
    labels = next(iter(found.values())).labels
    return columns if labels is None else columns | {"label": labels}


def encodes(result: Result) -> bool:
    """Whether a model has codes."""
    return can(result.run.model, Encodes)


def plays(result: Result) -> bool:
    """Whether a model is a game without a bound."""
    return any("value" in row for row in result.run.rows) and not encodes(result)


def _is_plane(result: Result) -> bool:
    return encodes(result) and code_form(result.run.model) == CodeForm((2,), real=True)


def _has_snapshots(run: Run) -> bool:
    return run.record.is_image or run.record.data_shape == (2,)


def _pictures(
    results: Sequence[Result], command: str, ask: Ask, what: str, flags: str = "", only: tuple[str, ...] = ()
) -> list[Picture]:
    """A figure of each run, passing over those of which none can be had: the rest of the page does not wait for it.

    Args:
        results: whose.
        command: that makes the figure alone.
        ask: what is asked of the run.
        what: the caption; what stands in braces is an attribute of what was found.
        flags: of the command.
        only: the numbers that are shown, where these are there; all but the codes unless given.
    """
    pictures = []
    for result in results:
        try:
            found = ask(result.run)
            pictures.append(_picture(result.trial.folder, command, found, what.format_map(vars(found)), flags, only))
        except UserError as error:  # a conditional model has no path between classes, one that diverged no picture
            tell_of_the_system(error)
    return pictures


def tell_of_the_system(error: UserError) -> None:
    """Say why a report lacks something, where it is for an error of the system's, and not for what there is to show."""
    if is_of_the_system(error):
        tell(f"{error}; the report does without it")


def _picture(folder: Path, command: str, found: Found, what: str, flags: str, only: tuple[str, ...]) -> Picture:
    """A figure with its caption, its numbers and the command that makes it alone."""
    from reparam.plots import save

    if not is_folder(folder):
        raise Unwritten(f"{folder} has vanished")
    # a table's numbers have the names of its columns
    numbers = {name: array for name, array in found.numbers.items() if name in only} or dict(found.numbers)
    caption = f"{called(folder)}: {what}."
    line = f"reparam {command} {as_typed(folder)} {flags}".strip()
    shown, left_out = _some({name: array for name, array in numbers.items() if name != "z"})
    with figures_of(folder) as figures:
        path = save(found.figure(), figures / f"report-{command}.png", numbers)
        rest = "written by that command" if is_only_read(folder) else f"in the run's {path.with_suffix('.npz').name}"
        more = f" The CSV has the first {left_out} of each; all are {rest}." if left_out else ""
        return Picture(lighter(path), caption + more, caption, line, as_csv(shown))


@contextmanager
def figures_of(folder: Path) -> Iterator[Path]:
    """Where a run's pictures are written: its figures, or nowhere that lasts where the run is never written to."""
    if is_only_read(folder):
        with tempfile.TemporaryDirectory() as place:
            yield Path(place)
    else:
        yield folder / "figures"


def _some(numbers: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """Arrays cut to as many rows as a page can carry, and how many these are; 0 where nothing was cut."""
    arrays = {name: np.asarray(array) for name, array in numbers.items()}
    size, longest = sum(array.size for array in arrays.values()), max(len(np.atleast_1d(a)) for a in arrays.values())
    if size <= MOST_VALUES:
        return arrays, 0
    kept = max(1, longest * MOST_VALUES // size)
    return {name: array[:kept] for name, array in arrays.items()}, kept


def lighter(path: Path) -> bytes:
    """A picture in 256 colours of its own choice: a third of the bytes, and no difference to the eye."""
    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    file = io.BytesIO()
    few.save(file, "PNG", optimize=True)
    return file.getvalue()

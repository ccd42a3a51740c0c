"""The commands that draw a run: each writes a PNG and the numbers behind it, and prints where."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from tyro.conf import Positional, arg

from reparam.cli.parse import emit, parse, say
from reparam.errors import UserError


@dataclass
class FigureOptions:
    """Options of every command that draws a run."""

    run: Positional[Path]
    """The run folder."""
    out: Path | None = None
    """The picture to write (.png); in the run's figures/ unless given."""
    seed: int = 0
    """Seed of the noise and of the choice of examples."""
    json: bool = False
    """Print the result as JSON."""


@dataclass
class SampleOptions(FigureOptions):
    """Options of ``reparam sample``."""

    n: Annotated[int, arg(aliases=["-n"])] = 25
    """How many samples."""
    draws: bool = False
    """Show draws x ~ p(x|z) instead of the decoder's mean at the same z."""
    label: str | None = None
    """The class to draw, for conditional models."""


@dataclass
class CountOptions(FigureOptions):
    """Options of the commands that show test examples."""

    n: Annotated[int | None, arg(aliases=["-n"])] = None
    """How many test examples."""


@dataclass
class ManifoldOptions(FigureOptions):
    """Options of ``reparam manifold``."""

    size: int = 20
    """Images per side of the grid."""


@dataclass
class InterpolateOptions(FigureOptions):
    """Options of ``reparam interpolate``."""

    from_label: str | None = None
    """Class of the first end."""
    to_label: str | None = None
    """Class of the last end."""
    steps: int = 7
    """Points between the ends."""
    path: Literal["spherical", "linear"] = "spherical"
    """The walk's path in latent space."""


@dataclass(frozen=True)
class Drawn:
    """A figure and the arrays it shows."""

    figure: Any
    numbers: dict[str, Any]


def draw_samples(options: SampleOptions, run: Any) -> Drawn:
    """Samples in a grid (images), a scatter (points) or pairs of columns (tables)."""
    from reparam import evaluation, plots

    samples = evaluation.sample(run, options.n, options.seed, options.label)
    shown = samples.x if options.draws or not run.data.is_image else samples.mean
    means = " (decoder means)" if shown is samples.mean and hasattr(run.model, "likelihood") else ""
    of_class = "" if options.label is None else f" of class {options.label}"
    title = f"{len(shown)} samples{of_class}{means} after step {run.step}"
    figure = plots.samples_picture(shown, run.data.data_shape, title=title)
    return Drawn(figure, {"x": samples.x, "mean": samples.mean})


def draw_snapshots(options: FigureOptions, run: Any) -> Drawn:
    """The samples that the run kept while it trained."""
    from reparam import plots
    from reparam.training.snapshots import read_snapshots

    kept = read_snapshots(run.folder.figures)
    if not kept:
        raise UserError(f"{run.folder.path} kept no samples while training: see `reparam sample {run.folder.path}`")
    labelled = [(f"after step {step:,}", x) for step, x in kept]
    figure = plots.samples_over_training(labelled) if run.data.is_image else _cloud_over_training(run, labelled)
    return Drawn(figure, {f"step_{step}": x for step, x in kept})


def _cloud_over_training(run: Any, labelled: list[tuple[str, Any]]) -> Any:
    from reparam import plots
    from reparam.evaluation.encoding import examples, pick
    from reparam.randomness import generator

    test = next(examples(pick(run.data.test, 1000, generator(0, "snapshots")), run.data)).numpy()
    return plots.points_over_training(labelled, test)


def draw_reconstructions(options: CountOptions, run: Any) -> Drawn:
    """Test examples beside their reconstructions."""
    from reparam import evaluation, plots

    result = evaluation.reconstruct(run, 10 if options.n is None else options.n, options.seed)
    numbers = {"x": result.x, "reconstruction": result.reconstruction, "z": result.z}
    if run.data.is_image:
        return Drawn(plots.reconstructions(result.x, result.reconstruction), numbers)
    title = "Test examples (grey) and their reconstructions"
    return Drawn(plots.pair_plot(result.reconstruction, reference=result.x, title=title), numbers)


def draw_manifold(options: ManifoldOptions, run: Any) -> Drawn:
    """The decoder's mean over the latent plane."""
    from reparam import evaluation, plots

    if not run.data.is_image:
        raise UserError(f"a manifold is a grid of images and {run.data.name!r} are none: see `reparam latents`")
    result = evaluation.manifold(run, options.size)
    title = "What the latent plane decodes to (equal prior probability per cell)"
    figure = plots.manifold(result.images, result.z1, z2_axis=result.z2, title=title)
    return Drawn(figure, {"images": result.images, "z1": result.z1, "z2": result.z2})


def draw_latents(options: CountOptions, run: Any) -> Drawn:
    """Codes of test points."""
    from reparam import evaluation, plots

    result = evaluation.latents(run, 5000 if options.n is None else options.n, options.seed)
    explained = None if result.explained is None else result.explained.tolist()
    title = f"Codes of {len(result.z)} test examples"
    figure = plots.latent_scatter(result.z, result.labels, run.data.classes, title=title, explained=explained)
    present = {"z": result.z, "labels": result.labels, "explained": result.explained}
    return Drawn(figure, {name: value for name, value in present.items() if value is not None})


def draw_interpolation(options: InterpolateOptions, run: Any) -> Drawn:
    """A walk between two ends in latent space."""
    from reparam import evaluation, plots

    _positive(options.steps)
    result = evaluation.interpolate(
        run, options.steps, options.path, options.from_label, options.to_label, options.seed
    )
    say(f"ends: {result.ends}")
    numbers = {"x": result.x, "z": result.z}
    if run.data.is_image:
        return Drawn(plots.image_grid(result.x, columns=len(result.x), title=f"Between {result.ends}"), numbers)
    return Drawn(plots.samples_picture(result.x, run.data.data_shape, title=f"Between {result.ends}"), numbers)


def _positive(steps: int) -> None:
    if steps < 1:
        raise UserError(f"--steps {steps} leaves nothing between the ends: give at least 1")


def draw_curves(options: FigureOptions, run: Any) -> Drawn:
    """The lower bound on training and validation data over training."""
    from reparam import plots

    quantity = run.model.monitor or run.model.curve
    if quantity is None:
        rows = [row for row in run.rows if "value" in row]
        numbers = {name: np.array([row[name] for row in rows]) for name in (rows[0] if rows else {}) if name != "split"}
        return Drawn(plots.game_curves(run.rows), numbers)
    rows = [row for row in run.rows if quantity in row]
    columns = {name: np.array([row[name] for row in rows]) for name in ("step", "epoch", "split", quantity)}
    return Drawn(plots.curves(rows, quantity=quantity), columns)


Draw = Callable[[Any, Any], Drawn]
COMMANDS: dict[str, tuple[type[FigureOptions], Draw, str, list[str]]] = {
    "sample": (
        SampleOptions,
        draw_samples,
        "Draw samples from a trained model: z from the prior, pushed through the decoder.",
        ["reparam sample runs/vae -n 100", "reparam sample runs/vae -n 10000 --out samples.npz"],
    ),
    "snapshots": (
        FigureOptions,
        draw_snapshots,
        "Show the samples kept before training, on the way and after it, from the same noise.",
        ["reparam snapshots runs/gan"],
    ),
    "reconstruct": (
        CountOptions,
        draw_reconstructions,
        "Show test examples beside what the model makes of them.",
        ["reparam reconstruct runs/vae -n 16"],
    ),
    "manifold": (
        ManifoldOptions,
        draw_manifold,
        "Decode a grid of normal quantiles over the plane of a 2-dimensional latent.",
        ["reparam train vae --latent-dim 2 --out runs/plane", "reparam manifold runs/plane --size 30"],
    ),
    "latents": (
        CountOptions,
        draw_latents,
        "Show where test examples lie in the latent space (its two leading components if it is larger than 2).",
        ["reparam latents runs/vae -n 2000"],
    ),
    "interpolate": (
        InterpolateOptions,
        draw_interpolation,
        "Walk between two examples of different classes in latent space: 9 images in a row with 7 steps.",
        ["reparam interpolate runs/gan", "reparam interpolate runs/vae --from-label 3 --to-label 8 --path linear"],
    ),
    "curves": (
        FigureOptions,
        draw_curves,
        "Show the lower bound on training and validation data, or a game's readings, over training.",
        ["reparam curves runs/vae"],
    ),
}


def run(command: str, argv: list[str]) -> int:
    """Draw, write, and say where."""
    options_type, draw, what, examples = COMMANDS[command]
    options = parse(options_type, command, argv, what, examples)
    from reparam.training.run import load

    loaded = load(options.run)
    drawn = draw(options, loaded)
    path = options.out or loaded.folder.figures / f"{command}.png"  # type: ignore[union-attr]
    picture, numbers = _write(drawn, path)
    result = {"run": options.run, "picture": picture, "numbers": numbers, "step": loaded.step, "seed": options.seed}
    emit(options.json, result, str(picture or numbers))
    return 0


def _write(drawn: Drawn, path: Path) -> tuple[Path | None, Path]:
    """Write picture and numbers; a name ending in .npz asks for the numbers alone."""
    from reparam.files import write_npz
    from reparam.plots import save

    if path.suffix != ".npz":
        picture = save(drawn.figure, path, drawn.numbers)
        return picture, picture.with_suffix(".npz")
    write_npz(path, drawn.numbers)
    return None, path

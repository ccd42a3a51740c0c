"""The commands that draw a run: each writes a PNG and the numbers behind it, and prints where."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from tyro.conf import Positional, arg

from reparam.cli.parse import emit, parse, say


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
    candidates: int | None = None
    """Draws of a game's generator that the discriminator chooses each sample from; the run's unless given, 1: none."""


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


def draw_samples(options: SampleOptions, run: Any) -> Any:
    """Samples in a grid (images), a scatter (points) or pairs of columns (tables)."""
    from reparam import figures

    return figures.samples(run, options.n, options.seed, options.label, options.draws, options.candidates)


def draw_snapshots(options: FigureOptions, run: Any) -> Any:
    """The samples that the run kept while it trained."""
    from reparam import figures

    return figures.snapshots(run)


def draw_reconstructions(options: CountOptions, run: Any) -> Any:
    """Test examples beside their reconstructions."""
    from reparam import figures

    return figures.reconstructions(run, 10 if options.n is None else options.n, options.seed)


def draw_manifold(options: ManifoldOptions, run: Any) -> Any:
    """The decoder's mean over the latent plane."""
    from reparam import figures

    return figures.manifold(run, options.size)


def draw_latents(options: CountOptions, run: Any) -> Any:
    """Codes of test points."""
    from reparam import figures

    return figures.latents(run, 5000 if options.n is None else options.n, options.seed)


def draw_interpolation(options: InterpolateOptions, run: Any) -> Any:
    """A walk between two ends in latent space."""
    from reparam import figures

    drawn = figures.interpolation(run, options.steps, options.path, options.from_label, options.to_label, options.seed)
    say(drawn.note)
    return drawn


def draw_curves(options: FigureOptions, run: Any) -> Any:
    """The lower bound on training and validation data over training."""
    from reparam import figures

    return figures.curves(run)


Draw = Callable[[Any, Any], Any]
COMMANDS: dict[str, tuple[type[FigureOptions], Draw, str, list[str]]] = {
    "sample": (
        SampleOptions,
        draw_samples,
        "Draw samples from a trained model: z from the prior, pushed through the decoder.",
        [
            "reparam sample runs/vae -n 100",
            "reparam sample runs/vae -n 10000 --out samples.npz",
            "reparam sample runs/gan --candidates 4",
        ],
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
    from reparam.runs.run import load

    loaded = load(options.run)
    drawn = draw(options, loaded)
    path = options.out or loaded.folder.figures / f"{command}.png"  # type: ignore[union-attr]
    picture, numbers = _write(drawn, path)
    result = {"run": options.run, "picture": picture, "numbers": numbers, "step": loaded.step, "seed": options.seed}
    emit(options.json, result, str(picture or numbers))
    return 0


def _write(drawn: Any, path: Path) -> tuple[Path | None, Path]:
    """Write picture and numbers; a name ending in .npz asks for the numbers alone."""
    from reparam.files import write_npz
    from reparam.plots import save

    if path.suffix != ".npz":
        picture = save(drawn.figure, path, drawn.numbers)
        return picture, picture.with_suffix(".npz")
    write_npz(path, drawn.numbers)
    return None, path

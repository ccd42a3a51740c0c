"""The commands that draw a run: each writes a PNG and the numbers behind it, and prints where."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from tyro.conf import Positional, arg

from reparam.cli.flags import translated
from reparam.cli.parse import Writes, emit, parse, say
from reparam.cli.targets import check_free, picture_or_numbers
from reparam.errors import UserError
from reparam.pace import work


@dataclass
class FigureOptions(Writes):
    """Options of every command that draws a run."""

    run: Positional[Path]
    """The run folder."""
    out: Path | None = None
    """The picture to write (.png), its numbers beside it; in the run's figures/ unless given. .npz: numbers alone;
    .csv, .tsv, .parquet, .feather: rows of a table."""
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
    """Of images, show draws x ~ p(x|z) instead of the decoder's mean at the same z."""
    label: str | None = None
    """The class to draw, for conditional models."""
    given: Annotated[tuple[str, ...], arg(metavar="COLUMN=VALUE")] = ()
    """What is known of a table's rows: sex=F age=30..40 town='A|B'."""
    candidates: int | None = None
    """Draws of a game's generator that the discriminator chooses each sample from; the run's unless given, 1: none."""


@dataclass
class DataOptions(FigureOptions):
    """Options of the commands that read the run's data."""

    data: str | None = None
    """Where the run's data lie now, or others of the same schema in their place."""
    outside: Literal["skip", "clip", "refuse"] = "skip"
    """Rows of a table given by --data with cells that the run's own do not know: left out, or numbers and dates taken
    at the end of their range, or all refused."""


@dataclass
class CountOptions(DataOptions):
    """Options of the commands that show test examples."""

    n: Annotated[int | None, arg(aliases=["-n"])] = None
    """How many test examples."""


@dataclass
class ReconstructOptions(CountOptions):
    """Options of ``reparam reconstruct``."""

    data: str | None = None
    """Examples of your own in the place of test examples: a name (its test split) or a path (all that lies there)."""


@dataclass
class ManifoldOptions(FigureOptions):
    """Options of ``reparam manifold``."""

    size: int = 20
    """Images per side of the grid."""


@dataclass
class InterpolateOptions(DataOptions):
    """Options of ``reparam interpolate``."""

    from_label: str | None = None
    """Class of the first end."""
    to_label: str | None = None
    """Class of the last end."""
    steps: int = 7
    """Points between the ends."""
    path: Literal["spherical", "linear"] = "spherical"
    """The walk's path in latent space."""


@dataclass
class RateDistortionOptions(CountOptions):
    """Options of ``reparam rate-distortion``."""

    steps: int = 300
    """Temperatures of annealing."""
    samples: Annotated[int, arg(aliases=["-k"])] = 8
    """Chains of annealing for each example."""


@dataclass
class CheckOptions(CountOptions):
    """Options of ``reparam predictive-check``."""

    replicates: int = 400
    """Sets of draws that the test examples are compared with."""
    codes: int = 100
    """Draws of the posterior for each example, to see where its values lie in what the model says (PIT)."""


ROWS = ("sample", "snapshots", "reconstruct", "interpolate")
"""The commands whose results are rows of a table, where examples are."""


@dataclass(frozen=True)
class Command:
    """A command that draws a run; called with its name and the words behind it, it is what runs.

    Args:
        options: its flags.
        ask: what is asked of the run.
        what: what the command does, in a sentence.
        examples: for the help.
    """

    options: type[FigureOptions]
    ask: Callable[[Any, Any], Any]
    what: str
    examples: list[str]

    def __call__(self, command: str, argv: list[str]) -> int:
        """Ask, write picture and numbers, and say where."""
        options = parse(self.options, command, argv, self.what, self.examples)
        from reparam.runs.run import load

        data = getattr(options, "data", None)
        # examples to reconstruct are the user's own, and need not be of the run's data
        own = self.options is ReconstructOptions
        loaded = load(options.run, data=None if own else data, outside=getattr(options, "outside", "skip"))
        path = options.out or loaded.folder.picture(f"{command}.png")  # type: ignore[union-attr]
        sources = [loaded.config.data.data, data]
        rows = command in ROWS and len(loaded.record.data_shape) == 1
        check_free(picture_or_numbers(path, rows), filter(None, sources), options.force)
        result = self.ask(options, loaded)
        picture, numbers = write(result, path, options.force)
        facts = {"run": options.run, "picture": picture, "numbers": numbers, "step": loaded.step, "seed": options.seed}
        emit(options.json, result.json() | facts, str(picture or numbers))
        return 0


def _evaluation() -> Any:
    from reparam import evaluation

    return evaluation


def _sample(o: SampleOptions, run: Any) -> Any:
    if run.record.schema is not None or o.given:
        given = dict(map(_known, o.given))
        drawn = _evaluation().sample(run, o.n, o.seed, o.label, o.candidates, draws=o.draws, given=given)
        say(str(drawn))
        return drawn
    return _evaluation().drawing(run, o.n, o.seed, o.label, o.candidates, draws=o.draws)


def _known(text: str) -> tuple[str, str]:
    """A column and what is known of it."""
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise UserError(f"{text!r} says nothing of a column: give COLUMN=VALUE, COLUMN=LOW..HIGH or COLUMN='A|B'")
    return name, value


def _snapshots(o: FigureOptions, run: Any) -> Any:
    return _evaluation().snapshots(run)


def _reconstruct(o: ReconstructOptions, run: Any) -> Any:
    if o.data is None:
        return _evaluation().reconstruct(run, 10 if o.n is None else o.n, o.seed)
    if o.n is not None:
        raise UserError(f"-n {o.n} chooses among test examples, and --data brings others, all of them: leave one out")
    from reparam.data.whole import whole

    x, which = whole(o.data, run.record, outside=o.outside)
    say(f"{len(x):,} examples: {which}")
    return _evaluation().reconstruct(run, x=x)


def _manifold(o: ManifoldOptions, run: Any) -> Any:
    return _evaluation().manifold(run, o.size)


def _latents(o: CountOptions, run: Any) -> Any:
    return _evaluation().latents(run, 5000 if o.n is None else o.n, o.seed)


def _interpolate(o: InterpolateOptions, run: Any) -> Any:
    walk = _evaluation().interpolate(run, o.steps, o.path, o.from_label, o.to_label, o.seed)
    say(f"ends: {walk.ends}")
    return walk


def _curves(o: FigureOptions, run: Any) -> Any:
    return _evaluation().curves(run)


def _rate_distortion(o: RateDistortionOptions, run: Any) -> Any:
    found = _evaluation().rate_distortion(run, 20 if o.n is None else o.n, o.seed, steps=o.steps, chains=o.samples)
    say(translated(str(found)))
    return found


def _check(o: CheckOptions, run: Any) -> Any:
    found = _evaluation().predictive_check(
        run, 300 if o.n is None else o.n, o.seed, replicates=o.replicates, codes=o.codes
    )
    say(translated(str(found), [found.name, *(one.name for one in found.found)]))
    return found


COMMANDS = {
    "sample": Command(
        SampleOptions,
        _sample,
        "Draw samples from a trained model: z from the prior, pushed through the decoder. A picture shows the first "
        "400 images or 10,000 points; --out x.npz or x.npy writes their numbers alone, however many.",
        [
            "reparam sample runs/vae -n 100",
            "reparam sample runs/vae -n 50000 --out samples.npz",
            "reparam sample runs/gan --candidates 4",
            "reparam sample runs/people -n 500 --out rows.csv     of tables and vectors; also .tsv, .parquet, .feather",
            "reparam sample runs/people -n 500 --given sex=F age=30..40 --out women.csv",
        ],
    ),
    "snapshots": Command(
        DataOptions,
        _snapshots,
        "Show the samples kept before training, on the way and after it, from the same noise.",
        ["reparam snapshots runs/gan"],
    ),
    "reconstruct": Command(
        ReconstructOptions,
        _reconstruct,
        "Show test examples beside what the model makes of them.",
        [
            "reparam reconstruct runs/vae -n 16",
            "reparam reconstruct runs/vae --data photos.npy --out photos-again.png",
            "reparam reconstruct runs/people --data new.csv --out again.csv",
        ],
    ),
    "manifold": Command(
        ManifoldOptions,
        _manifold,
        "Decode a grid of normal quantiles over the plane of a 2-dimensional latent.",
        ["reparam train vae --latent-dim 2 --out runs/plane", "reparam manifold runs/plane --size 30"],
    ),
    "latents": Command(
        CountOptions,
        _latents,
        "Show where test examples lie in the latent space (its two leading components if it is larger than 2).",
        ["reparam latents runs/vae -n 2000", "reparam latents runs/vae --data /mnt/photos    the data have been moved"],
    ),
    "interpolate": Command(
        InterpolateOptions,
        _interpolate,
        "Walk between two examples of different classes in latent space: 9 images in a row with 7 steps.",
        ["reparam interpolate runs/gan", "reparam interpolate runs/vae --from-label 3 --to-label 8 --path linear"],
    ),
    "curves": Command(
        FigureOptions,
        _curves,
        "Show the lower bound on training and validation data, or a game's readings, over training.",
        ["reparam curves runs/vae"],
    ),
    "rate-distortion": Command(
        RateDistortionOptions,
        _rate_distortion,
        "How many nats of code prior and decoder need for how large an error of test examples, by annealing: the curve "
        "of a VAE or a game, whatever its encoder or likelihood (Huang et al. 2020).",
        ["reparam rate-distortion runs/vae", "reparam rate-distortion runs/gan -n 100 --steps 1000 --json"],
    ),
    "predictive-check": Command(
        CheckOptions,
        _check,
        "Compare test examples with as many draws, over and over, by numbers that are easy to understand: mean, "
        "spread, extremes, zeros, neighbours. Each has a p-value, uniform where the model is right. Of models with a "
        "likelihood further where each value lies in what is said of it (PIT): too narrow, too wide, too high?",
        ["reparam predictive-check runs/vae", "reparam predictive-check runs/gan -n 1000 --replicates 1000 --json"],
    ),
}


def run(command: str, argv: list[str]) -> int:
    """The command of that name."""
    return COMMANDS[command](command, argv)


def write(result: Any, path: Path, force: bool) -> tuple[Path | None, Path]:
    """Write a result's picture and its numbers; a name ending in .npz or .npy asks for the numbers alone.

    Raises:
        UserError: if several arrays are to be one .npy, or what is no table a table.
    """
    from reparam.evaluation.tables.write import table_ending, write_tables
    from reparam.files import npy, npz, write_result
    from reparam.plots import save

    if table_ending(path) is not None:
        if words := write_tables(path, [_table(result, path)], "draw", force):
            say(words)
        return None, path
    with work(f"drawing {path.name}", 1.0, "`n`") as told:
        numbers = watched(result.numbers, told)
        if path.suffix == ".npy":
            write_result(path, npy(_one_array(numbers, path)), force)
            return None, path
        if path.suffix == ".npz":
            write_result(path, npz(numbers), force)
            return None, path
        picture = save(result.figure(), path, numbers, force)
    return picture, picture.with_suffix(".npz")


def _table(result: Any, path: Path) -> Any:
    """The table that a result is.

    Raises:
        UserError: if it is none.
    """
    from reparam.evaluation import Drawing, Interpolation, Reconstructions, Samples, Snapshots

    result = result.samples() if isinstance(result, Drawing) else result
    if isinstance(result, Interpolation | Reconstructions | Samples | Snapshots):
        return result.table()
    raise UserError(f"{path} would hold a table, and this is none: name it {path.stem}.png, or {path.stem}.npz for the "
                    f"numbers")  # fmt: skip


def watched(numbers: Mapping[str, Any], told: Callable[[float], None]) -> dict[str, Any]:
    """The same arrays, those that are made piece by piece telling each share of their rows that is made."""
    from reparam.result import Pieces

    total = sum(len(value) for value in numbers.values() if isinstance(value, Pieces))

    def counted(pieces: Pieces) -> Iterator[Any]:
        for piece in pieces:
            yield piece
            told(len(piece) / total)

    return {
        name: Pieces(value.shape, value.dtype, partial(counted, value)) if isinstance(value, Pieces) else value
        for name, value in numbers.items()
    }


def _one_array(numbers: Mapping[str, Any], path: Path) -> Any:
    """The draws of samples; of other results the one array that they have."""
    if "x" in numbers and set(numbers) <= {"x", "mean"}:
        return numbers["x"]
    if len(numbers) > 1:
        raise UserError(f"{path} would hold one array, and these are {', '.join(numbers)}: name it {path.stem}.npz")
    return next(iter(numbers.values()))

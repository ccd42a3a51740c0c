"""``reparam evaluate RUN...``: what runs come to beside data they have not seen."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from reparam.cli.bars import progress
from reparam.cli.flags import translated
from reparam.cli.parse import Writes, emit, parse
from reparam.cli.targets import check_free
from reparam.errors import UserError


@dataclass
class EvaluateOptions(Writes):
    """Options of ``reparam evaluate``."""

    runs: Positional[tuple[Path, ...]]
    """Run folders."""
    data: str | None = None
    """Where the data of the runs lie now, or others of the same schema: of these every example is judged, unless their
    source names splits."""
    outside: Literal["skip", "clip", "refuse"] = "skip"
    """Rows of a table given by --data with cells that a run's own do not know: left out, or numbers and dates taken at
    the end of their range, or all refused."""
    likelihood: bool = False
    """Only log p(x); unless this, --quality or --table is given, everything that a run's model allows."""
    quality: bool = False
    """Only the samples: fidelity, coverage, a two-sample test, memorization."""
    table: bool = False
    """Only the columns of a made table: shapes, pairs, what samples teach, closest rows, calibration."""
    target: str | None = None
    """The column of a table that is predicted by made rows, or all of them in turn; else labels, the last of words."""
    samples: Annotated[int | None, arg(aliases=["-k"])] = None
    """For log p(x): K, importance samples per example (1000 unless given); chains of annealing (16)."""
    proposal: Literal["posterior", "prior", "annealed"] = "posterior"
    """Where they come from: the model's posterior, its prior, or annealing, which needs no encoder."""
    images: Annotated[int | None, arg(aliases=["-n"])] = None
    """So many examples of --split, chosen at random; unless given all with --likelihood, else 1000."""
    split: Literal["train", "validation", "test"] = "test"
    """Which examples log p(x) is estimated of."""
    steps: int = 500
    """Temperatures of annealing."""
    scale: float | None = None
    """Standard deviation of a normal observation model, for games."""
    out: Path | None = None
    """Write every example's log p(x) here too (.npz)."""
    count: int = 10_000
    """For the measures of samples: how many are compared with as many examples, at most."""
    reference: Literal["train", "validation", "test"] = "train"
    """The split that samples are compared with."""
    features: Literal["auto", "raw", "random-conv", "self", "inception", "dinov2"] = "auto"
    """What distances are of: the shipped digit network's features where it applies, else plain values (auto); seeded
    random convolutions; a network that learns from the training images once, for about a minute (self); or
    Inception-v3's or DINOv2's, whose weights you have."""
    dinov2_weights: Path | None = None
    """DINOv2's weights, timm's safetensors file; unless given, the one that REPARAM_DINOV2_WEIGHTS names."""
    all_measures: Annotated[bool, arg(name="all")] = False
    """The measures of samples that take seconds a run, too: feature likelihood divergence, path length."""
    seed: int = 0
    """Seed of the choice of examples and of the noise."""
    json: bool = False
    """Print the result as JSON."""

    @property
    def measures(self) -> tuple[str, ...]:
        """What is asked for, by the names that the results have in JSON."""
        asked = {"log_likelihood": self.likelihood, "quality": self.quality, "table": self.table}
        return tuple(name for name, one in asked.items() if one or not any(asked.values()))


WHAT = """Measure runs, each number with its error bar: log p(x) of test data, in nats per example; and of samples how
near they are to the data, how much of the data they cover, whether a classifier can tell, and whether they repeat
training examples. Of tables further the shapes of columns, pair trends, what made rows teach about a column, distances
to the closest rows and calibration. What does not apply to a run is left out, with a line that says why."""
EXAMPLES = [
    "reparam evaluate runs/vae runs/gan                    everything that applies to each, side by side",
    "reparam evaluate runs/vae runs/gan --quality --count 2000",
    "reparam evaluate runs/faces --quality --features self    a network learns from the training images first, once",
    "reparam evaluate runs/faces --quality --features dinov2 --dinov2-weights model.safetensors",
    "reparam evaluate runs/vae --quality --all             and the measures that take seconds a run",
    "reparam evaluate runs/people --table --target income   a table: columns, pairs, closest rows, calibration",
    "reparam evaluate runs/vae --likelihood                all test examples",
    "reparam evaluate runs/vae --data /mnt/photos          the data have been moved",
    "reparam evaluate runs/vae --data held_out.npy         all of these, which training has not seen",
    "reparam evaluate runs/vae runs/iwae --likelihood --samples 5000 --images 1000",
    "reparam evaluate runs/avb --likelihood --proposal annealed --images 100",
    "reparam evaluate runs/vae --likelihood --proposal prior      naive Monte Carlo: see it fail as the latent grows",
    "reparam evaluate runs/gan --likelihood --proposal annealed --scale 0.1 --images 100",
]


def run(command: str, argv: list[str]) -> int:
    """Measure each run and print the tables; what cannot be had of a run is said, and the others go on."""
    options = parse(EvaluateOptions, command, argv, WHAT, EXAMPLES)
    check(options)
    from reparam.files import npz, write_result
    from reparam.studies import evaluate

    settings = {name: getattr(options, name) for name in SETTINGS}
    check_free([options.out] if options.out else [], _sources(options), options.force)
    found = evaluate(
        [str(folder) for folder in options.runs],
        data=options.data,
        outside=options.outside,
        progress=progress,
        **settings,
    )
    if not found:
        raise UserError("; ".join(found.reasons()))
    if options.out is not None:
        write_result(options.out, npz(found.values), options.force)
    found = replace(found, left_out=_told(found.left_out))
    emit(options.json, found.json(), translated(str(found), map(str, options.runs)))
    return 0


def _sources(options: EvaluateOptions) -> Iterator[str]:
    """What each run was trained on, and is measured by; of one that cannot be read it is said later why."""
    from reparam.runs.run import load

    if options.data is not None:
        yield options.data
    for folder in options.runs:
        with suppress(UserError):
            yield load(folder).config.data.data


def _told(left_out: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Reasons as they are told on the command line."""
    return {measure: {name: translated(why) for name, why in reasons.items()} for measure, reasons in left_out.items()}


SETTINGS = (
    "measures",
    "samples",
    "proposal",
    "images",
    "split",
    "steps",
    "scale",
    "count",
    "reference",
    "features",
    "dinov2_weights",
    "all_measures",
    "target",
    "seed",
)
"""The options that say what is asked, under the names they have in :class:`reparam.studies.Asked`."""


def check(options: EvaluateOptions) -> None:
    """Refuse what could only fail later.

    Raises:
        UserError: if no run is named, or options contradict each other.
    """
    if not options.runs:
        raise UserError("no run was named: give one or more run folders, as in `reparam evaluate runs/vae`")
    if options.out is not None and "log_likelihood" not in options.measures:
        raise UserError("--out takes every example's log p(x), which --quality alone does not estimate: leave one out")

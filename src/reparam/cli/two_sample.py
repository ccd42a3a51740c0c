"""``reparam two-sample A B``: are two samples from one distribution, and what tells them apart."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from reparam.cli.parse import emit, parse, say
from reparam.cli.reading import as_settings, flags_of
from reparam.settings import ReadingConfig

ReadingFlags = flags_of(ReadingConfig)


@dataclass
class TwoSampleOptions:
    """Options of ``reparam two-sample``."""

    a: Positional[str]
    """A run folder, a file or a folder of data, or a data name."""
    b: Positional[str]
    """Likewise. Of a data name the test split is taken; the same name twice is split into two halves."""
    n: Annotated[int, arg(aliases=["-n"])] = 2000
    """At most so many examples of each."""
    classifier: Literal["network", "linear"] = "network"
    """A small neural network, or logistic regression."""
    permutations: int = 1000
    """Permutations behind each p-value."""
    force: bool = False
    """Start what would take more than a day."""
    seed: int = 0
    """Seed of samples, splits, the classifier and the permutations."""
    json: bool = False
    """Print the result as JSON."""
    reading: ReadingFlags = field(default_factory=ReadingFlags)  # type: ignore[valid-type]
    """How files are read."""


def run(command: str, argv: list[str]) -> int:
    """Sample, test, and say what was found."""
    what = "Test whether two samples are from one distribution, by a classifier and by a kernel."
    examples = [
        "reparam two-sample runs/vae mnist",
        "reparam two-sample runs/vae runs/gan -n 5000 --json",
        "reparam two-sample a.npy b.npy --classifier linear",
        "reparam two-sample before.csv after.csv --labels species",
    ]
    options = parse(TwoSampleOptions, command, argv, what, examples)
    from reparam.evaluation.apart import two_sample

    found = two_sample(
        options.a,
        options.b,
        options.n,
        classifier=options.classifier,
        permutations=options.permutations,
        seed=options.seed,
        say=say,
        **as_settings(options.reading, ReadingConfig).asked(),
    )
    emit(options.json, found.json(), str(found))
    return 0

"""``reparam compare``: train, measure and report in one go."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from tyro.conf import arg

from reparam.cli.flags import translated
from reparam.cli.parse import Writes, emit, parse, say
from reparam.cli.reading import as_settings, flags_of
from reparam.cli.slurm import asked
from reparam.interrupts import BROKEN_OFF
from reparam.pace import heard
from reparam.settings import COMPARED, ReadingConfig

ReadingFlags = flags_of(ReadingConfig)
OWN = ("config", "models", "data", "quiet", "json", "reading", "slurm")
"""The options that are not arguments of the same name."""


@dataclass
class CompareOptions(Writes):
    """Options of ``reparam compare``."""

    config: Path | None = None
    """Take settings from this file, .yaml, .toml or .json; flags override it."""
    data: str = "mnist"
    """A name or a path, as for `reparam train`."""
    models: tuple[str, ...] = COMPARED
    """By name, with -N for N latents, or FILE.py:function of your own."""
    budget: str = "60s"
    """Time of training for each run: 90s, 2m, 1h; turned into steps by timing some."""
    epochs: int | None = None
    """Passes over the training data for each run, instead of a time."""
    seeds: int = 1
    """Train each model with so many seeds."""
    count: int = 5000
    """Samples of each model that are measured, at most."""
    images: int = 1000
    """Test examples whose log-likelihood is estimated."""
    binarization: Literal["auto", "none", "threshold", "dynamic"] = "auto"
    """How grey values become 0 or 1; auto: dynamic where the likelihood is Bernoulli, else none."""
    out: Path = Path("comparison")
    """Folder of the runs and the report; finished runs in it are used again, interrupted ones continued."""
    quiet: Annotated[bool, arg(aliases=["-q"])] = False
    """Print only where the report is."""
    json: bool = False
    """Print the results as JSON."""
    workers: int | None = None
    """Processes of this machine that train a run each at a time (extra reparam[cluster]); else one after another."""
    scheduler: str | None = None
    """Address of a Dask scheduler, as tcp://10.0.0.1:8786, whose workers share the folder and the data."""
    slurm: tuple[str, ...] | None = None
    """Options of sbatch, as partition=gpu time=2:00:00 cpus-per-task=4 mem=16G gres=gpu:1: the --workers are jobs of
    Slurm's (extra reparam[slurm]), whose nodes share the folder and the data."""
    threads: int | None = None
    """Threads for each run; unless given, as the comparison was begun, else all, or a worker's share of the cores."""
    shards: int = 1
    """Parts that each batch is computed in, a power of two, so that models fit the memory."""
    batch_norm_over: Literal["shard", "batch"] = "shard"
    """What batch norm normalizes over: each shard by itself, or all of them together, which are then held at once."""
    reading: ReadingFlags = field(default_factory=ReadingFlags)  # type: ignore[valid-type]
    """How the data are read."""


EXAMPLES = [
    "reparam compare",
    "reparam compare --data fashion-mnist --budget 5m --out fashion",
    "reparam compare --models vae vae-flow avb gan wgan-gp --epochs 10 --seeds 3 --out study",
    "reparam compare --data photos/ --image-size 32 --budget 10m --out photos-compared",
    "reparam compare --models vae gan wgan --seeds 8 --workers 4 --out study",
    "reparam compare --data table.csv --models autoencoder vae gan wgan-gp --out table-compared",
]
WHAT = "Train models of both families under one protocol, measure them alike, and write the report to open."


def run(command: str, argv: list[str]) -> int:
    """Train what is missing, measure everything, write the report, and say where it is."""
    from reparam.studies import named_models

    what = f"{WHAT}\n\nmodels: {', '.join(named_models())}"
    return compare(parse(CompareOptions, command, argv, what, EXAMPLES), command)


def compare(options: CompareOptions, command: str) -> int:
    """The comparison that the options describe."""
    from reparam import studies
    from reparam.training.interrupt import Interrupted

    settings = {name: value for name, value in vars(options).items() if name not in OWN}
    settings["slurm"] = asked(options.slurm)
    reading = as_settings(options.reading, ReadingConfig).asked()
    tell: dict[str, Any] = {} if options.quiet else {"say": lambda text: say(translated(text)), "words": translated}
    try:
        with heard(quiet=options.quiet):
            results = studies.compare(options.models, options.data, quiet=options.quiet, **settings, **reading, **tell)
    except Interrupted as stop:
        say(f"reparam: {translated(str(stop))} (or call `reparam {command}` with the same options again)")
        return BROKEN_OFF
    return show(results, options.json)


def show(results: Any, as_json: bool) -> int:
    """Print the conclusion, with flags in the place of settings, and where the report is."""
    named = [f"`{name}`" for name in results.names_in_text]
    conclusion = [translated(sentence, named) for sentence in results.conclusion]
    facts = {"report": results.page, "conclusion": conclusion}
    emit(as_json, facts | results.json(), translated(str(results), [*named, str(results.page)]))
    return 0

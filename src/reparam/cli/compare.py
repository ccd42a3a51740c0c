"""``reparam compare``: train, measure and report in one go."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from tyro.conf import arg

from reparam.cli.parse import emit, parse, say
from reparam.errors import UserError

MODELS = ("autoencoder-2", "vae-2", "vae-20", "gan", "wgan")


@dataclass
class CompareOptions:
    """Options of ``reparam compare``."""

    data: str = "mnist"
    """A name or a path, as for `reparam train`."""
    models: tuple[str, ...] = MODELS
    """autoencoder, vae, iwae, vae-flow, vae-vamp, avb, gan, gan-plain, wgan, wgan-gp, with -N for N latents."""
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
    image_size: int | None = None
    """Resize the images of a folder to N by N pixels."""
    out: Path = Path("comparison")
    """Folder of the runs and the report; finished runs in it are used again, interrupted ones continued."""
    quiet: Annotated[bool, arg(aliases=["-q"])] = False
    """Print only where the report is."""
    json: bool = False
    """Print the results as JSON."""


EXAMPLES = [
    "reparam compare",
    "reparam compare --data fashion-mnist --budget 5m --out fashion",
    "reparam compare --models vae vae-flow avb gan wgan-gp --epochs 10 --seeds 3 --out study",
    "reparam compare --data photos/ --image-size 32 --budget 10m --out photos-compared",
    "reparam compare --data table.csv --models autoencoder vae gan wgan-gp --out table-compared",
]
WHAT = "Train models of both families under one protocol, measure them alike, and write the report to open."


def run(command: str, argv: list[str]) -> int:
    """Train what is missing, measure everything, write the report, and say where it is."""
    return compare(parse(CompareOptions, command, argv, WHAT, EXAMPLES), command)


def compare(options: CompareOptions, command: str) -> int:
    """The comparison that the options describe."""
    if options.seeds < 1:
        raise UserError(f"--seeds {options.seeds} trains nothing: give at least 1")
    from reparam.runs.run import read_data
    from reparam.studies import contender, judge, settle, trials
    from reparam.training.interrupt import Interrupted

    protocol, tell = _protocol(options), (lambda text: None) if options.quiet else say
    # mistakes that would make every model fail are told once, before anything is written
    read_data(protocol.data)
    for name in options.models:
        contender(name)
    settle(protocol, options.out)
    try:
        found = list(trials(options.models, protocol, options.seeds, options.out, tell, options.quiet))
    except Interrupted as stop:
        say(f"reparam: {stop} (or call `reparam {command}` with the same options again)")
        return 130
    return report(judge(found, protocol, tell), options.out / "report.html", options.json)


def _protocol(options: CompareOptions) -> Any:
    from reparam.settings import DataConfig
    from reparam.studies import Protocol, parse_budget

    data = DataConfig(data=options.data, binarization=options.binarization, image_size=options.image_size)
    seconds = None if options.epochs is not None else parse_budget(options.budget)
    return Protocol(data=data, seconds=seconds, epochs=options.epochs, count=options.count, images=options.images)


def report(results: Any, path: Path, as_json: bool) -> int:
    """Write the report and print where it is, after the conclusion; 2 if there is nothing to report on."""
    from reparam.studies import write_report
    from reparam.studies.conclusion import conclude

    if not results.finished:
        raise UserError("; ".join(f"{result.name} failed: {result.trial.failure}" for result in results.results))
    written = write_report(results, path)
    sentences = [sentence for _, found in conclude(results) for sentence in found]
    text = "\n".join([*sentences, "", f"open {written}"])
    emit(as_json, {"report": written, "conclusion": sentences, **results.json()}, text)
    return 0

"""``reparam sweep KIND --vary NAME=LOW..HIGH NAME=A,B ...``: many settings of one kind, the best of them tested."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from reparam.cli.flags import translated
from reparam.cli.parse import Writes, emit, parse, say
from reparam.cli.reading import as_settings
from reparam.cli.slurm import asked
from reparam.cli.train import options_of
from reparam.errors import UserError
from reparam.interrupts import BROKEN_OFF
from reparam.kinds import KINDS, guessed
from reparam.pace import heard
from reparam.settings import DataConfig, TrainingConfig
from reparam.terminal import say_out

HELP = """usage: reparam sweep KIND --vary NAME=LOW..HIGH NAME=A,B ... [OPTIONS]

Train a kind of model with many settings; the validation split decides, and the winner alone is tested.

kinds:
{kinds}

examples:
  reparam sweep vae --vary learning-rate=1e-4..1e-2 hidden=200,400,400+200 --trials 40
  reparam sweep vae --vary latent-dim=2..64 kl-weight=0.5..2 --epochs 5 --workers 4 --out wide
  reparam sweep gan --data table.csv --vary learning-rate=1e-5..1e-3 --trials 20 --seeds 3
  reparam sweep vae --vary posterior=diagonal,full prior=standard,vamp --sampler grid
  reparam sweep vae --help                      every option
"""


@dataclass
class SweepOutput(Writes):
    """What is tried, where it goes, and what is said."""

    config: Path | None = None
    """Take settings from this file, .yaml, .toml or .json; flags override it."""
    vary: tuple[str, ...] = ()
    """Settings of the model or of training: NAME=LOW..HIGH, a range; NAME=A,B,C, choices (widths as 400+200)."""
    trials: int = 40
    """How many settings are tried, none twice where choices are fewer; those in the folder count."""
    seeds: int = 1
    """Runs of each, whose mean decides."""
    sampler: Literal["tpe", "random", "grid"] = "tpe"
    """Who proposes: tpe learns from what has ended, random does not, grid goes over all choices."""
    pruner: Literal["median", "none"] = "median"
    """median: a trial that lags behind the median of five or more before it is broken off (not of several seeds)."""
    count: int = 5000
    """Samples of the winner that are measured, at most."""
    images: int = 1000
    """Test examples whose log-likelihood under the winner is estimated."""
    out: Path = Path("sweep")
    """Folder of the runs and the report; a sweep that was interrupted goes on in it."""
    quiet: bool = False
    """Print only what was found."""
    json: bool = False
    """Print it as JSON."""
    workers: int | None = None
    """Processes of this machine that train a run each at a time (extra reparam[cluster]); else one after another."""
    scheduler: str | None = None
    """Address of a Dask scheduler, as tcp://10.0.0.1:8786, whose workers share the folder and the data."""
    slurm: tuple[str, ...] | None = None
    """Options of sbatch, as partition=gpu time=2:00:00 cpus-per-task=4 mem=16G gres=gpu:1: the --workers are jobs of
    Slurm's (extra reparam[slurm]), whose nodes share the folder and the data."""
    threads: int | None = None
    """Threads for each run; unless given, as the sweep was begun, else all, or a worker's share of the cores."""


HIDDEN = ("config", "vary", "quiet", "json", "slurm")


def run(command: str, argv: list[str]) -> int:
    """Try settings, test the winner, and say what was found; 130 after an interruption."""
    if not argv or argv[0] in ("-h", "--help"):
        say_out(HELP.format(kinds="\n".join(f"  {name:<16}  {kind.what}" for name, kind in KINDS.items())))
        return 0
    name, *rest = argv
    if name not in KINDS:
        raise UserError(
            f"there is no kind of model {name!r}{guessed(name)}: choose from {', '.join(KINDS)}, "
            f"see `reparam {command} --help`"
        )
    what = f"Train {KINDS[name].what} with many settings; the validation split decides, the winner alone is tested."
    example = f"reparam sweep {name} --vary learning-rate=1e-4..1e-2 --trials 20"
    return _swept(name, parse(options_of(KINDS[name], SweepOutput), f"sweep {name}", rest, what, [example]), command)


def _swept(kind: str, options: Any, command: str) -> int:
    from reparam.studies.sweeps import sweep
    from reparam.training.interrupt import Interrupted

    output = options.output
    how = {name: value for name, value in vars(output).items() if name not in HIDDEN}
    if not output.quiet:
        how["say"] = lambda text: say(translated(text))
    how["slurm"] = asked(output.slurm)
    given = {"vary": dict(map(_pair, output.vary)), **how, **_given(options, KINDS[kind].training)}
    quiet = output.quiet or output.json
    try:
        with heard(quiet=quiet):
            found = sweep(kind, quiet=quiet, **given)
    except Interrupted as stop:
        say(f"reparam: {translated(str(stop))} (or call `reparam {command}` with the same options again)")
        return BROKEN_OFF
    emit(output.json, found.json() | {"report": found.page}, str(found))
    return 0


def _given(options: Any, usual: TrainingConfig) -> dict[str, Any]:
    """Every setting of model, data and training that is not as it is unless asked for."""
    read = as_settings(options.data, DataConfig)
    training = {name: value for name, value in options.training.model_dump().items() if value != getattr(usual, name)}
    model = {name: value for name, value in options.model.model_dump().items() if name != "kind"}
    reading = {name: getattr(read, name) for name in ("data", "binarization", "split_seed")} | read.asked()
    return model | training | reading


def _pair(text: str) -> tuple[str, str]:
    name, equals, asked = text.partition("=")
    if not (name and equals and asked):
        raise UserError(f"{text!r} varies nothing: give NAME=LOW..HIGH or NAME=A,B, as hidden=200,400")
    return name, asked

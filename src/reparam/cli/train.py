"""``reparam train KIND`` and ``reparam train --resume RUN``."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from tyro.conf import Suppress

from reparam.cli.parse import emit, parse, say
from reparam.config import AutoencoderConfig, Config, DataConfig, RunConfig, TrainingConfig, VAEConfig
from reparam.errors import UserError

HELP = """usage: reparam train KIND [OPTIONS]
       reparam train --resume RUN

Train a model and keep it in a run folder.

kinds:
  autoencoder   a code and back, no distribution over codes
  vae           a variational autoencoder

examples:
  reparam train vae                             on the bundled MNIST, about half a minute on 2 cores
  reparam train vae --latent-dim 2 --out runs/plane
  reparam train vae --network conv --data my_images/ --image-size 32
  reparam train --resume runs/plane             go on after a kill or Ctrl-C, as if never interrupted
  reparam train vae --help                      every option
"""


class AutoencoderFlags(AutoencoderConfig):
    """A plain autoencoder."""

    kind: Annotated[Literal["autoencoder"], Suppress] = "autoencoder"


class VAEFlags(VAEConfig):
    """A variational autoencoder."""

    kind: Annotated[Literal["vae"], Suppress] = "vae"


@dataclass
class Output:
    """Where the run goes and what is said."""

    out: Path | None = None
    """Run folder; runs/<kind>-<data>-<time> unless given."""
    quiet: bool = False
    """Say nothing while training."""
    json: bool = False
    """Print the result as JSON."""


@dataclass
class AutoencoderOptions:
    """Options of ``reparam train autoencoder``."""

    model: AutoencoderFlags = field(default_factory=AutoencoderFlags)
    data: DataConfig = field(default_factory=DataConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    output: Output = field(default_factory=Output)


@dataclass
class VAEOptions:
    """Options of ``reparam train vae``."""

    model: VAEFlags = field(default_factory=VAEFlags)
    data: DataConfig = field(default_factory=DataConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    output: Output = field(default_factory=Output)


KINDS: dict[str, tuple[type[Any], type[Config], list[str]]] = {
    "autoencoder": (AutoencoderOptions, AutoencoderConfig, ["reparam train autoencoder --latent-dim 2"]),
    "vae": (
        VAEOptions,
        VAEConfig,
        [
            "reparam train vae --latent-dim 2 --epochs 20 --out runs/plane",
            "reparam train vae --data fashion-mnist --network conv --kl-warmup 2",
            "reparam train vae --data table.csv --likelihood normal",
        ],
    ),
}


@dataclass
class ResumeOptions:
    """Options of ``reparam train --resume``."""

    resume: Path
    """The run folder to go on with."""
    quiet: bool = False
    """Say nothing while training."""
    json: bool = False
    """Print the result as JSON."""


def run(command: str, argv: list[str]) -> int:
    """Train a kind, or resume a run; 130 after an interruption."""
    if not argv or argv[0] in ("-h", "--help"):
        print(HELP)
        return 0
    return _resume(argv) if argv[0].startswith("-") else _train(*argv)


def _train(kind: str, *argv: str) -> int:
    if kind not in KINDS:
        raise UserError(f"there is no kind of model {kind!r}: choose from {', '.join(KINDS)}")
    options_type, config_type, examples = KINDS[kind]
    options = parse(options_type, f"train {kind}", list(argv), f"Train: {kind}.", examples)
    model = config_type(**options.model.model_dump())
    config = RunConfig(model=model, data=options.data, training=options.training)
    output = options.output
    out = output.out or _default_folder(kind, options.data.data)
    from reparam.training.start import train

    return _finish(lambda: train(config, out, quiet=output.quiet or output.json), output.json)


def _resume(argv: list[str]) -> int:
    options = parse(ResumeOptions, "train", argv, "Go on with a run.", ["reparam train --resume runs/vae"])
    from reparam.training.start import resume

    return _finish(lambda: resume(options.resume, quiet=options.quiet or options.json), options.json)


def _finish(work: Callable[[], Any], as_json: bool) -> int:
    """Train, and report; 130 after an interruption."""
    from reparam.training.interrupt import Interrupted

    try:
        return _report(work(), as_json)
    except Interrupted as stop:
        say(f"reparam: {stop}")
        return 130


def _report(run: Any, as_json: bool) -> int:
    numbers = ", ".join(f"{name} {value:.2f}" for name, value in run.test.items())
    text = f"{run.folder.path}\n  test: {numbers} (nats per example)\n  next: reparam sample {run.folder.path}"
    emit(as_json, {"run": run.folder.path, "step": run.step, "test": run.test}, text)
    return 0


def _default_folder(kind: str, data: str) -> Path:
    return Path("runs") / f"{kind}-{Path(data).stem}-{datetime.now():%Y%m%d-%H%M%S}"

"""``reparam train KIND`` and ``reparam train --resume RUN``."""

from collections.abc import Callable
from dataclasses import dataclass, field, make_dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from tyro.conf import Suppress

from reparam.cli.flags import translated
from reparam.cli.parse import emit, parse, say
from reparam.errors import UserError
from reparam.settings import (
    TRAINING,
    AutoencoderConfig,
    AVBConfig,
    Config,
    DataConfig,
    GANConfig,
    RunConfig,
    TrainingConfig,
    VAEConfig,
    WGANConfig,
)

HELP = """usage: reparam train KIND [OPTIONS]
       reparam train --resume RUN

Train a model and keep it in a run folder.

kinds:
{kinds}

examples:
  reparam train vae                             on the bundled MNIST, about half a minute on 2 cores
  reparam train vae --latent-dim 2 --out runs/plane
  reparam train vae --network conv --data my_images/ --image-size 32
  reparam train --resume runs/plane             go on after a kill or Ctrl-C, as if never interrupted
  reparam train vae --help                      every option
"""


@dataclass
class Output:
    """Where the run goes and what is said."""

    out: Path | None = None
    """Run folder; runs/<kind>-<data>-<time> unless given."""
    quiet: bool = False
    """Say nothing while training."""
    json: bool = False
    """Print the result as JSON."""


@dataclass(frozen=True)
class Kind:
    """A kind of model on the command line."""

    config: type[Config]
    what: str
    examples: tuple[str, ...]


KINDS = {
    "autoencoder": Kind(
        AutoencoderConfig,
        "a code and back, no distribution over codes",
        ("reparam train autoencoder --latent-dim 2",),
    ),
    "vae": Kind(
        VAEConfig,
        "a variational autoencoder",
        (
            "reparam train vae --latent-dim 2 --epochs 20 --out runs/plane",
            "reparam train vae --data fashion-mnist --network conv --kl-warmup 2",
            "reparam train vae --data table.csv --likelihood normal",
            "reparam train vae --posterior iaf --prior flow",
            "reparam train vae --objective iwae --importance-samples 50",
        ),
    ),
    "avb": Kind(
        AVBConfig,
        "adversarial variational Bayes, a posterior without a density",
        ("reparam train avb --adaptive-contrast", "reparam train avb --latent-dim 2 --out runs/avb"),
    ),
    "gan": Kind(
        GANConfig,
        "a generator against a discriminator",
        (
            "reparam train gan --out runs/gan",
            "reparam train gan --loss minimax --instance-noise 0.1",
            "reparam train gan --loss hinge --spectral-norm --network conv",
            "reparam train gan --conditional --out runs/told, then reparam sample runs/told --label 7",
        ),
    ),
    "wgan": Kind(
        WGANConfig,
        "a generator against a critic that estimates a Wasserstein distance",
        ("reparam train wgan --clip 0.01", "reparam train wgan --gradient-penalty 10"),
    ),
}


def _options(kind: str) -> type[Any]:
    """The flags of a kind: its settings (all but its name), the data's, training's and the output's."""
    config = KINDS[kind].config
    hidden = {"__annotations__": {"kind": Annotated[Literal[kind], Suppress]}, "kind": kind, "__module__": __name__}
    flags = type(f"{kind.upper()}Flags", (config,), {**hidden, "__doc__": config.__doc__})
    parts: dict[str, tuple[type[Any], Callable[[], Any]]] = {
        "model": (flags, flags),
        "data": (DataConfig, DataConfig),
        "training": (TrainingConfig, lambda: TRAINING[kind]),
        "output": (Output, Output),
    }
    return make_dataclass("Options", [(n, part, field(default_factory=new)) for n, (part, new) in parts.items()])


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
        print(HELP.format(kinds="\n".join(f"  {name:<14}{kind.what}" for name, kind in KINDS.items())))
        return 0
    return _resume(argv) if argv[0].startswith("-") else _train(*argv)


def _train(kind: str, *argv: str) -> int:
    if kind not in KINDS:
        raise UserError(f"there is no kind of model {kind!r}: choose from {', '.join(KINDS)}")
    chosen = KINDS[kind]
    options = parse(_options(kind), f"train {kind}", list(argv), f"Train {chosen.what}.", list(chosen.examples))
    model = chosen.config(**options.model.model_dump())
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
        say(f"reparam: {translated(str(stop))}")
        return 130


def _report(run: Any, as_json: bool) -> int:
    numbers = ", ".join(f"{name} {_number(value)}" for name, value in run.test.items() if name != "finished")
    reached = f"\n  test: {numbers} (nats per example)" if numbers else ""
    text = f"{run.folder.path}{reached}\n  next: reparam sample {run.folder.path}"
    emit(as_json, {"run": run.folder.path, "step": run.step, "test": run.test}, text)
    return 0


def _number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.2f}"


def _default_folder(kind: str, data: str) -> Path:
    return Path("runs") / f"{kind}-{Path(data).stem}-{datetime.now():%Y%m%d-%H%M%S}"

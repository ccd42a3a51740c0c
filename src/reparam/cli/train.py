"""``reparam train KIND``, ``train FILE.py:function``, ``train --resume RUN`` and ``train --from RUN``."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, make_dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from tyro.conf import Suppress, arg

from reparam.cli.flags import translated
from reparam.cli.parse import emit, parse, say
from reparam.cli.preset import with_kind
from reparam.cli.processes import asked, start
from reparam.cli.reading import as_flags, as_settings, flags_of
from reparam.cli.unknown import options_in
from reparam.errors import UserError
from reparam.interrupts import BROKEN_OFF
from reparam.kinds import KINDS, Kind, guessed
from reparam.kinds.own import load_function, names_function
from reparam.settings import DataConfig, Positive, TrainingConfig
from reparam.terminal import say_out

HELP = """usage: reparam train KIND [OPTIONS]
       reparam train FILE.py:function [OPTIONS]
       reparam train [KIND] --config FILE.yaml [OPTIONS]
       reparam train --resume RUN
       reparam train --from RUN [OPTIONS]

Train a model and keep it in a run folder.

kinds:
{kinds}
  FILE.py:function  a model of your own: function(data) gives it

examples:
  reparam train vae                             on the bundled MNIST, about half a minute on 2 cores
  reparam train vae --latent-dim 2 --out runs/plane
  reparam train vae --network conv --data my_images/ --image-size 32
  reparam train mine.py:compose --data table.csv --epochs 20 --out runs/mine
  reparam train --config vae.yaml --seed 1      settings of a file; `reparam config RUN` writes one, flags override it
  reparam train --resume runs/plane             go on after a kill or Ctrl-C, as if never interrupted
  reparam train --from runs/plane --epochs 5 --learning-rate 1e-4 --out runs/longer
  reparam train vae --help                      every option
"""

DataFlags = flags_of(DataConfig)


@dataclass
class Output:
    """Where the run goes and what is said."""

    config: Path | None = None
    """Take settings from this file, .yaml, .toml or .json; flags override it."""
    out: Path | None = None
    """Run folder; runs/<kind>-<data>-<time> unless given."""
    quiet: bool = False
    """Say nothing while training."""
    json: bool = False
    """Print the result as JSON."""
    processes: Positive = 1
    """Processes of this machine that compute it, which its shards are dealt out to."""


def options_of(kind: Kind, output: type[Any] = Output) -> type[Any]:
    """The flags of a kind: its settings (all but its name), the data's, training's and the output's."""
    config, name = kind.settings, kind.name
    hidden = {"__annotations__": {"kind": Annotated[Literal[name], Suppress]}, "kind": name, "__module__": __name__}
    flags = type(f"{name.upper()}Flags", (config,), {**hidden, "__doc__": config.__doc__})
    return _made(
        output, model=(flags, flags), data=(DataFlags, DataFlags), training=(TrainingConfig, lambda: kind.training)
    )


def _made(output: type[Any] = Output, **parts: tuple[type[Any], Callable[[], Any]]) -> type[Any]:
    """A dataclass of parts, each with its defaults, and the output's."""
    parts["output"] = (output, output)
    return make_dataclass("Options", [(name, part, field(default_factory=new)) for name, (part, new) in parts.items()])


@dataclass
class ResumeOptions:
    """Options of ``reparam train --resume``."""

    resume: Path
    """The run folder to go on with."""
    data: str | None = None
    """Where its data lie now."""
    quiet: bool = False
    """Say nothing while training."""
    json: bool = False
    """Print the result as JSON."""
    processes: Positive = 1
    """Processes of this machine that compute it, which its shards are dealt out to."""


def run(command: str, argv: list[str]) -> int:
    """Train a kind or a model of the user's own, resume a run or begin from one; 130 after an interruption."""
    if not argv or argv[0] in ("-h", "--help"):
        say_out(HELP.format(kinds="\n".join(f"  {name:<16}  {kind.what}" for name, kind in KINDS.items())))
        return 0
    argv = with_kind(argv)
    if (count := asked(argv)) > 1:
        return start(count, command, argv)
    if any(word == "--from" or word.startswith("--from=") for word in argv):
        return _begin_from(argv)
    if argv[0].startswith("-") or any(word == "--resume" or word.startswith("--resume=") for word in argv):
        return _resume(argv)
    return _train_own(*argv) if names_function(argv[0]) else _train(*argv)


def _train(kind: str, *argv: str) -> int:
    if kind not in KINDS:
        raise UserError(
            f"there is no kind of model {kind!r}{guessed(kind)}: choose from {', '.join(KINDS)}, or "
            "give FILE.py:function of your own"
        )
    chosen = KINDS[kind]
    options = parse(options_of(chosen), f"train {kind}", list(argv), f"Train {chosen.what}.", list(chosen.examples))
    from reparam.runs.config import RunConfig
    from reparam.training.start import train

    model: Any = chosen.settings(**options.model.model_dump())
    read = as_settings(options.data, DataConfig)
    config = RunConfig(model=model, data=read, training=options.training)
    output = options.output
    out = output.out or _default_folder(kind, read.data)
    return _finish(lambda: train(config, out, **_said(output)), output.json)


def _train_own(target: str, *argv: str) -> int:
    options = parse(
        _made(data=(DataFlags, DataFlags), training=(TrainingConfig, TrainingConfig)),
        f"train {target}",
        list(argv),
        "Train a model of your own: the function is given the data and gives a reparam.Model. The file is run.",
        ["reparam train mine.py:compose --data table.csv --epochs 20 --out runs/mine"],
    )
    from reparam.runs.config import RunConfig
    from reparam.training.start import train_own

    read, output = as_settings(options.data, DataConfig), options.output
    config = RunConfig(data=read, training=options.training)
    out = output.out or _default_folder(target.rpartition(":")[2], read.data)
    compose = load_function(target)
    return _finish(lambda: train_own(compose, config, out, **_said(output)), output.json)


@dataclass
class Origin:
    """Where a run begins."""

    origin: Annotated[Path, arg(name="from")]
    """The run whose weights the new one begins with."""


def _begin_from(argv: list[str]) -> int:
    """A new run with another's weights; what is not said is as in that run."""
    from reparam.runs.run import load
    from reparam.training.start import train_from

    origin = load(_named(argv))
    assert origin.written is not None
    before = origin.written.settings.training
    usual = before.model_copy(update={"epochs": None, "steps": None})
    elsewhere = any(word == "--data" or word.startswith("--data=") for word in argv)
    read = DataConfig() if elsewhere else origin.config.data
    parts = [("begin", Origin), *[(f.name, f.type, f) for f in fields_of(usual, read)]]
    options: Any = parse(
        make_dataclass("FromOptions", parts),
        "train",
        argv,
        "Begin a new run with another's weights. What is not given is as it was there.",
        ["reparam train --from runs/vae --epochs 5 --learning-rate 1e-4 --out runs/longer"],
    )
    output, training = options.output, options.training
    if training.epochs is None and training.steps is None:
        training = training.model_copy(update={"epochs": before.epochs, "steps": before.steps})
    asked = as_settings(options.data, DataConfig)
    data = asked if elsewhere or asked != read else None
    out = output.out or _default_folder(f"{options.begin.origin.name}-on", origin.record.name)
    return _finish(
        lambda: train_from(origin, out, data, training, **_said(output)),
        output.json,
    )


def fields_of(usual: TrainingConfig, read: DataConfig) -> tuple[Any, ...]:
    """The options of data, training and output, the first two with the defaults of another run."""
    return fields(_made(data=(DataFlags, lambda: as_flags(read)), training=(TrainingConfig, lambda: usual)))


def _named(argv: list[str]) -> Path:
    """The run behind ``--from``."""
    for word, following in zip(argv, [*argv[1:], ""], strict=True):
        if word == "--from" and following:
            return Path(following)
        if word.startswith("--from="):
            return Path(word.removeprefix("--from="))
    raise UserError("--from names no run: give a run folder, as in `reparam train --from runs/vae --epochs 5`")


def _resume(argv: list[str]) -> int:
    _refuse_changes(argv)
    options = parse(ResumeOptions, "train", argv, "Go on with a run.", ["reparam train --resume runs/vae"])
    from reparam.training.start import resume

    return _finish(lambda: resume(options.resume, data=options.data, **_said(options)), options.json)


def _refuse_changes(argv: Sequence[str]) -> None:
    """Refuse what a run that goes on already is: its kind, and its settings.

    Raises:
        UserError: naming the command that would do.
    """
    if not argv[0].startswith("-"):
        raise UserError(f"a run that goes on is what it was: leave {argv[0]} out, as in `reparam train --resume RUN`")
    settings = {flag for kind in KINDS.values() for flag, _ in options_in(options_of(kind))}
    own = {flag for flag, _ in options_in(ResumeOptions)}
    for word in argv:
        if (flag := word.partition("=")[0]) in settings - own:
            raise UserError(
                f"a run goes on as it was begun, without {flag}: leave it out, or begin another from its weights, "
                f"`reparam train --from RUN {flag} ...`"
            )


def _said(output: Any) -> dict[str, Any]:
    """What is said while training: nothing, or notes with flags in the place of settings."""
    return {"quiet": output.quiet or output.json, "words": translated}


def _finish(work: Callable[[], Any], as_json: bool) -> int:
    """Train, and report; 130 after an interruption."""
    from reparam.training.interrupt import Interrupted

    try:
        return _report(work(), as_json)
    except Interrupted as stop:
        say(f"reparam: {translated(str(stop))}")
        return BROKEN_OFF


def _report(run: Any, as_json: bool) -> int:
    numbers = ", ".join(f"{name} {_number(value)}" for name, value in run.test.items() if name != "finished")
    reached = f"\n  test: {numbers} (nats per example)" if numbers else ""
    rows = " --out rows.csv" if run.record.schema is not None else ""
    text = f"{run.folder.name}{reached}\n  next: reparam sample {run.folder.typed}{rows}"
    emit(as_json, {"run": run.folder.path, "step": run.step, "test": run.test}, text)
    return 0


def _number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.2f}"


def _default_folder(kind: str, data: str) -> Path:
    if os.environ.get("WORLD_SIZE", "1") != "1":
        raise UserError("several processes train into one folder: name it with out=...")
    return Path("runs") / f"{kind}-{Path(data).stem}-{datetime.now():%Y%m%d-%H%M%S}"

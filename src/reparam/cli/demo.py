"""``reparam demo``: train, draw and report in one go."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reparam.cli.figures import COMMANDS, FigureOptions
from reparam.cli.parse import emit, parse, say
from reparam.config import AutoencoderConfig, DataConfig, RunConfig, TrainingConfig, VAEConfig
from reparam.errors import UserError


@dataclass
class DemoOptions:
    """Options of ``reparam demo``."""

    out: Path = Path("demo")
    """Folder of the runs and the report; finished runs in it are used again, interrupted ones continued."""
    data: str = "mnist"
    """A name or a path, as for `reparam train`."""
    epochs: int = 12
    """Passes over the training data for each of the three models."""
    seed: int = 0
    """Seed of weights, order and noise."""
    json: bool = False
    """Print the result as JSON."""


def run(command: str, argv: list[str]) -> int:
    """Train three models, draw them, write the report, and say where it is."""
    examples = ["reparam demo", "reparam demo --data fashion-mnist --out fashion"]
    what = "Train a VAE with 20 and one with 2 latents and an autoencoder with 2; draw them; write a report to open."
    options = parse(DemoOptions, command, argv, what, examples)
    from reparam.data import load_data
    from reparam.training.interrupt import Interrupted

    if not load_data(options.data).is_image:
        raise UserError(
            f"the demo draws images and {options.data!r} are none: use `reparam train vae --data {options.data}`"
        )
    try:
        runs = {name: _train(name, model, options) for name, model in models().items()}
    except Interrupted as stop:
        say(f"reparam: {stop} (or call `reparam demo --out {options.out}` again)")
        return 130
    report = write_report(runs, options.out)
    result = {"report": report, "runs": {name: {"run": r.folder.path, "test": r.test} for name, r in runs.items()}}
    emit(options.json, result, f"open {report}")
    return 0


def models() -> dict[str, AutoencoderConfig | VAEConfig]:
    """What the demo trains, by the name of its folder."""
    return {
        "vae-20": VAEConfig(latent_dim=20),
        "vae-2": VAEConfig(latent_dim=2),
        "autoencoder-2": AutoencoderConfig(latent_dim=2),
    }


def _train(name: str, model: AutoencoderConfig | VAEConfig, options: DemoOptions) -> Any:
    """The named run: as it is if finished, continued if interrupted, trained if missing."""
    from reparam.training.start import resume, train

    folder = options.out / name
    say(f"{folder}: {model.kind} with {model.latent_dim} latents")
    if (folder / "config.json").exists():
        return resume(folder)
    training = TrainingConfig(epochs=options.epochs, seed=options.seed)
    return train(RunConfig(model=model, data=DataConfig(data=options.data), training=training), folder)


def write_report(runs: dict[str, Any], out: Path) -> Path:
    """Draw every figure of the runs and write them into one page."""
    from reparam.report import Page, Section, Table, nats, write

    table = Table(
        ("model", "latent dimensions", "lower bound", "reconstruction", "KL", "seconds", "parameters"),
        [_row(name, run, nats) for name, run in runs.items()],
        "Test set, nats per example (natural logarithm, summed over pixels and latents, averaged over examples); "
        "an autoencoder has no lower bound, only a reconstruction term.",
    )
    sections = [
        Section("What was reached", table=table),
        Section("Training", figures=[_picture(runs["vae-20"], "curves", CAPTIONS["curves"])]),
        Section("Samples while training", figures=[_picture(runs["vae-20"], "snapshots", CAPTIONS["snapshots"])]),
        Section("Reconstructions", figures=[_picture(runs["vae-20"], "reconstruct", CAPTIONS["reconstruct"])]),
        Section("The latent plane", figures=_plane(runs)),
    ]
    data = runs["vae-20"].data
    counts = ", ".join(f"{len(split):,} {name}" for name, split in data.splits.items())
    subtitle = f"{data.name}: {counts} examples"
    return write(Page("Autoencoder and variational autoencoders", subtitle, sections), out / "report.html")


CAPTIONS = {
    "curves": "Lower bound on log p(x) of the VAE with 20 latents, on training batches and on the validation set.",
    "reconstruct": "Test images beside the decoder's mean at the mean of q(z|x), VAE with 20 latents.",
    "manifold": "The decoder's mean over the latent plane of the VAE with 2 latents, at normal quantiles: every cell "
    "has the same prior probability.",
    "snapshots": "The same 25 draws of z decoded before training, half way and after it, VAE with 20 latents.",
}


def _row(name: str, run: Any, nats: Callable[[float], str]) -> tuple[Any, ...]:
    from reparam.files import read_json

    cost = read_json(run.folder.cost)
    numbers = (nats(run.test[key]) if key in run.test else "–" for key in ("elbo", "reconstruction", "kl"))
    return name, run.model.latent_dim, *numbers, f"{cost['seconds']:.0f}", f"{cost['parameters']:,}"


def _picture(run: Any, command: str, caption: str) -> Any:
    """The figure a command makes, written into the run and shown in the report."""
    from reparam.plots import save
    from reparam.report import Picture

    options_type, draw, _, _ = COMMANDS[command]
    options: FigureOptions = options_type(run.folder.path)
    drawn = draw(options, run)
    path = save(drawn.figure, run.folder.figures / f"{command}.png", drawn.numbers)
    return Picture(path, caption, caption, f"reparam {command} {run.folder.path}")


def _plane(runs: dict[str, Any]) -> list[Any]:
    """The manifold, and both 2-D latent spaces side by side."""
    from reparam.evaluation import latents
    from reparam.plots import latents_side_by_side, save
    from reparam.report import Picture

    plane, plain = runs["vae-2"], runs["autoencoder-2"]
    panels = [(title, *_points(latents(run))) for title, run in (("autoencoder", plain), ("VAE", plane))]
    path = save(latents_side_by_side(panels, plane.data.classes), plane.folder.figures / "latents-side-by-side.png")
    caption = "Codes of 5,000 test images in the 2-D latents of the autoencoder (left) and the VAE (right)."
    command = f"reparam latents {plane.folder.path}"
    return [_picture(plane, "manifold", CAPTIONS["manifold"]), Picture(path, caption, caption, command)]


def _points(result: Any) -> tuple[Any, Any]:
    return result.z, result.labels

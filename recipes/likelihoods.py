"""Test log-likelihoods on static binarized MNIST of every kind of VAE, same decoder, same time: prints the table.

    .venv/bin/python recipes/likelihoods.py --out runs/likelihoods                  every row, 8 minutes each
    .venv/bin/python recipes/likelihoods.py --out runs/likelihoods --best           the best configuration found
    .venv/bin/python recipes/likelihoods.py --out runs/likelihoods --only IWAE-50 --minutes 1

Every row has a perceptron decoder (latents, 300, 300, pixels), 40 latents, batch 128 and Adam, and gets as many steps
as fit the minutes, found by timing its first ones; the learning rate falls to 0 over them. log p(x) is by importance
sampling with 1,000 draws over the test set; for AVB by annealing over a random subset (its posterior has no density),
and one VAE is checked by annealing on the same subset. A finished run is not run again.
"""

import argparse
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import reparam
from reparam.evaluation.likelihood.annealed import Annealing
from reparam.evaluation.likelihood.estimate import LogLikelihood, log_likelihood
from reparam.kinds import AVBConfig, VAEConfig
from reparam.runs.config import RunConfig
from reparam.runs.run import Run
from reparam.settings import DataConfig, TrainingConfig
from reparam.training.budget import steps_within
from reparam.training.start import resume, train

DATA = DataConfig(data="static-mnist")
ANNEALED_EXAMPLES, CHAINS = 100, 8
PUBLISHED = """Published on the same static data (GPUs, hours): IWAE-50 -87.1 (Burda et al. 2016, as reported by Tomczak
& Welling 2018); VampPrior's VAE -85.57, two-layer -83.19, convolutional two-layer -81.09 (Tomczak & Welling 2018);
IAF -79.88 (Kingma et al. 2016); VLAE -79.03 (Chen et al. 2017); a ladder VAE of 12 layers -78.30. Digits that were
thresholded, or binarized afresh, give numbers of other tables."""
HEAD = "| model | steps | minutes | test ELBO | log p(x), nats | sampling error | how |"


@dataclass(frozen=True)
class Row:
    """A line of the table: the model, and settings of training that differ."""

    model: VAEConfig | AVBConfig
    training: dict[str, object] = field(default_factory=dict)
    annealed: bool = False


def _vae(**settings: object) -> VAEConfig:
    return VAEConfig(**{"latent_dim": 40, "hidden": (300, 300), **settings})


def _avb(**settings: object) -> AVBConfig:
    return AVBConfig(**{"latent_dim": 40, "hidden": (300, 300), **settings})


ROWS = {
    "VAE": Row(_vae(), {"learning_rate": 2e-3}),
    "IWAE-50": Row(_vae(objective="iwae"), {"learning_rate": 2e-3}),
    "full covariance": Row(_vae(posterior="full"), {"learning_rate": 2e-3}),
    "IAF posterior": Row(_vae(posterior="iaf"), {"learning_rate": 2e-3}),
    "flow prior": Row(_vae(prior="flow"), {"learning_rate": 2e-3}),
    "VampPrior": Row(_vae(prior="vamp", components=300), {"learning_rate": 2e-3}),
    "AVB": Row(_avb(), annealed=True),
    "AVB, adaptive contrast": Row(_avb(adaptive_contrast=True), annealed=True),
}
BEST = Row(
    VAEConfig(latent_dim=40, network="residual", width=16, activation="silu", prior="flow", kl_warmup=3.0),
    {"optimizer": "adamw", "learning_rate": 2e-3},
)


def _config(row: Row, steps: int, seed: int) -> RunConfig:
    training = TrainingConfig(**{"steps": steps, "batch_size": 128, "seed": seed, "log_every": 200, **row.training})
    return RunConfig(model=row.model, data=DATA, training=training)


def trained(row: Row, folder: Path, minutes: float, seed: int) -> Run:
    """The run, trained for so long, gone on with or read back."""
    if (folder / "config.json").exists():
        return resume(folder)
    steps = steps_within(_config(row, steps=1, seed=seed), 60 * minutes)
    return train(_config(row, steps, seed), folder)


def judged(row: Row, run: Run, images: int | None) -> dict[str, LogLikelihood]:
    """By importance sampling where the model allows it; by annealing where it does not."""
    if not row.annealed:
        return {"importance": log_likelihood(run, 1000, images=images)}
    return {"annealed": annealed(run)}


def annealed(run: Run) -> LogLikelihood:
    """By annealing, on a random subset that is the same for every run."""
    return log_likelihood(run, CHAINS, "annealed", images=ANNEALED_EXAMPLES, annealing=Annealing(steps=500, leapfrog=8))


def line(name: str, run: Run, result: LogLikelihood, how: str) -> str:
    """A row of the printed table."""
    minutes = json.loads(run.folder.cost.read_text())["seconds"] / 60
    bound = next((f"{run.test[key]:.2f}" for key in ("elbo", "estimated_elbo") if key in run.test), "-")
    return (
        f"| {name} | {run.step:,} | {minutes:.1f} | {bound} | {result.mean:.2f} ± {result.standard_error:.2f} "
        f"| {result.monte_carlo_error:.2f} | {how}, {result.examples:,} images |"
    )


def main() -> None:
    """Train, judge and print, a row at a time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/likelihoods"))
    parser.add_argument("--minutes", type=float, default=None, help="of training per row (8; 30 for the best)")
    parser.add_argument("--only", nargs="+", choices=tuple(ROWS), default=tuple(ROWS))
    parser.add_argument("--best", action="store_true", help="the best configuration instead of the table")
    parser.add_argument("--images", type=int, default=None, help="test images judged by importance sampling (all)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rows = {"best": BEST} if options.best else {name: ROWS[name] for name in options.only}
    minutes = options.minutes or (30.0 if options.best else 8.0)
    found: dict[str, dict[str, object]] = {}
    print(f"reparam {reparam.__version__}, {minutes:g} minutes of training each\n")
    print(f"{HEAD}\n|---|---|---|---|---|---|---|", flush=True)
    for name, row in rows.items():
        run = trained(row, options.out / name.replace(", ", "-").replace(" ", "-"), minutes, options.seed)
        results = judged(row, run, options.images)
        if name == "VAE":
            # the check of either by the other, on the same images
            results["annealed"] = annealed(run)
            results["importance on the same"] = log_likelihood(run, 1000, images=ANNEALED_EXAMPLES)
        for how, result in results.items():
            print(line(name, run, result, how), flush=True)
            plain = {key: value for key, value in asdict(result).items() if key != "values"}
            found.setdefault(name, {})[how] = plain
        (options.out / ("best.json" if options.best else "likelihoods.json")).write_text(json.dumps(found, indent=2))
    print(f"\n{PUBLISHED}")


if __name__ == "__main__":
    main()

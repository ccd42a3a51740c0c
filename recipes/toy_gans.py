"""Modes covered by GANs on `ring` and `grid`, over losses, remedies and seeds: prints the table, writes it as JSON.

    .venv/bin/python recipes/toy_gans.py --data ring --seeds 5 --out runs/toy

Every game has the networks and batch (128) that `reparam train gan` takes for points, but for the rows "as in the
literature": two hidden layers of 128 in either player and no Fourier features. Adam starts at 0.002 and falls linearly
(betas 0 and 0.99 in the default, 0.5 and 0.999 in the other games; a gradient penalty takes 0.0001 with 0 and 0.9 as
published). A game whose steps cost more gets fewer; the table says how many. Judged by 2,500 samples: modes with a
sample within three standard deviations, the share of such samples, and KL(their modes' shares ‖ the true weights) in
nats. Where the discriminator chooses samples (--candidates, in the default), a second row judges the generator's own. A
run that is finished is not run again; one picture per run shows its samples over training.
"""

import argparse
import json
import statistics
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

import reparam
from reparam import evaluation
from reparam.data.coverage import SAMPLES, coverage
from reparam.kinds import GANConfig, WGANConfig
from reparam.randomness import noise
from reparam.runs.config import RunConfig
from reparam.runs.run import Run
from reparam.settings import DataConfig, TrainingConfig
from reparam.training.start import resume, train

ADAM = {"optimizer": "adam", "learning_rate": 2e-3}
SMALL: dict[str, object] = {
    "generator_hidden": (128, 128),
    "discriminator_hidden": (128, 128),
    "fourier_features": 0,
}


@dataclass(frozen=True)
class Setting:
    """A row of the table: a model and how many steps it gets."""

    steps: int
    model: dict[str, object] = field(default_factory=dict)
    kind: type[GANConfig] | type[WGANConfig] = GANConfig


SETTINGS = {
    "minimax": Setting(10_000, {"loss": "minimax"}),
    "minimax, as in the literature": Setting(10_000, {"loss": "minimax", **SMALL}),
    "non-saturating": Setting(10_000, {"loss": "non-saturating"}),
    "non-saturating, unrolled 5": Setting(2_500, {"loss": "non-saturating", "unroll": 5}),
    "non-saturating, instance noise 0.5": Setting(
        10_000, {"loss": "non-saturating", "instance_noise": 0.5, "noise_epochs": 13.0}
    ),
    "non-saturating, as in the literature": Setting(10_000, {"loss": "non-saturating", **SMALL}),
    "non-saturating, 4 candidates, as in the literature": Setting(
        10_000, {"loss": "non-saturating", "candidates": 4, **SMALL}
    ),
    "non-saturating, unrolled 5, as in the literature": Setting(
        2_500, {"loss": "non-saturating", "unroll": 5, **SMALL}
    ),
    "non-saturating, instance noise 0.5, as in the literature": Setting(
        10_000, {"loss": "non-saturating", "instance_noise": 0.5, "noise_epochs": 13.0, **SMALL}
    ),
    "Wasserstein, gradient penalty": Setting(3_000, {"gradient_penalty": 1.0}, WGANConfig),
    "relativistic, penalties that fade from the start": Setting(
        14_000, {"r1": 0.2, "r2": 0.2, "penalty_decay": 0.0003, "penalty_hold": 0.0}
    ),
    "relativistic, R1 and R2, 10,000 steps": Setting(10_000),
    "relativistic, R1 and R2 (the default)": Setting(14_000),
}


@dataclass(frozen=True)
class Reached:
    """What a run came to."""

    steps: int
    modes: float
    high_quality: float
    reverse_kl: float
    seconds: float


def config_of(data: str, setting: Setting, seed: int) -> RunConfig:
    """One run's settings."""
    training = TrainingConfig(
        steps=setting.steps,
        batch_size=128,
        schedule="linear",
        warmup=0.0,
        seed=seed,
        log_every=setting.steps // 40,
        **({} if setting.kind is WGANConfig else ADAM),
    )
    return RunConfig(model=setting.kind(**setting.model), data=DataConfig(data=data), training=training)


@torch.no_grad()
def reached(run: Run, candidates: int) -> Reached:
    """What samples of the trained players cover, chosen from so many draws each, and the seconds the run took."""
    with noise(run.config.training.seed, "coverage"):
        samples = run.model.choosing(candidates).sample(SAMPLES)
    seconds = json.loads(run.folder.cost.read_text())["seconds"]
    return Reached(steps=run.step, **coverage(samples, run.data.density), seconds=seconds)


def rows(name: str, run: Run) -> Iterator[tuple[str, int]]:
    """The rows of a game and from how many draws the samples of each are chosen."""
    yield name, run.model.candidates
    if run.model.candidates > 1:
        yield f"{name}: its generator alone", 1


def draw(run: Run) -> None:
    """The picture of the run's samples over training, in its figures."""
    evaluation.snapshots(run).figure().savefig(run.folder.figures / "snapshots.png", dpi=110)


def summary(name: str, results: list[Reached]) -> str:
    """A row of the table: mean (worst) over seeds."""
    modes, quality, kl, seconds = (
        [getattr(result, key) for result in results] for key in ("modes", "high_quality", "reverse_kl", "seconds")
    )
    return (
        f"| {name} | {results[0].steps:,} | {statistics.mean(modes):.1f} ({min(modes):.0f}) "
        f"| {statistics.mean(quality):.1%} ({min(quality):.1%}) "
        f"| {statistics.mean(kl):.3f} ({max(kl):.3f}) | {statistics.mean(seconds):.0f} |"
    )


def main() -> None:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=("ring", "grid"), default="ring")
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds")
    parser.add_argument("--first-seed", type=int, default=0, help="the first of them")
    parser.add_argument("--only", nargs="+", choices=tuple(SETTINGS), default=tuple(SETTINGS))
    parser.add_argument("--out", type=Path, default=Path("runs/toy"))
    options = parser.parse_args()
    torch.set_num_threads(1)  # networks this small gain nothing from a second core
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    table: dict[str, list[Reached]] = {}
    for name in options.only:
        for seed in seeds:
            folder = options.out / options.data / f"{name.replace(', ', '-').replace(' ', '-')}-{seed}"
            started = (folder / "config.json").exists()
            run = resume(folder) if started else train(config_of(options.data, SETTINGS[name], seed), folder)
            draw(run)
            for row, candidates in rows(name, run):
                table.setdefault(row, []).append(reached(run, candidates))
                print(f"{row}, seed {seed}: {asdict(table[row][-1])}", flush=True)
        kept = {row: [asdict(result) for result in results] for row, results in table.items()}
        (options.out / f"{options.data}.json").write_text(json.dumps(kept, indent=2))
    print(f"\n{options.data}: seeds {seeds[0]} to {seeds[-1]}, mean (worst) over them; reparam {reparam.__version__}\n")
    print("| game | steps | modes | high quality | reverse KL (nats) | seconds |\n|---|---|---|---|---|---|")
    print("\n".join(summary(row, results) for row, results in table.items()))


if __name__ == "__main__":
    main()

"""Does a critic's estimate follow the quality of the samples? Trains a WGAN on MNIST, prints their rank correlation.

    .venv/bin/python recipes/critic_and_quality.py --out runs/wgan

The run is `reparam train wgan --clip 0.01` with its defaults, its weights kept every three epochs. At each of these the
critic's estimate is E[f(x)] - E[f(G(z))] averaged over that epoch's rows of metrics.jsonl, as it is and divided by the
critic's slope (the largest gradient norm at interpolates, logged beside it): clipping bounds the slope and does not fix
it, and the distance is what the estimate comes to at slope 1. The samples' quality is the Fréchet distance (the
2-Wasserstein distance between normals, squared) between the features that the shipped classifier has of 10,000 samples
of the generator as it is (the critic has not seen its average) and of the 10,000 test images. An interrupted run is
gone on with.
"""

import argparse
import json
from pathlib import Path

import torch
from scipy.stats import spearmanr

import reparam
from reparam.evaluation.samples.classifier import digit_classifier
from reparam.kinds import WGANConfig
from reparam.runs.config import RunConfig
from reparam.runs.run import Run
from reparam.settings import TrainingConfig
from reparam.training.start import resume, train
from reparam.transport import wasserstein2_full

KEEP_EVERY = 3


def trained(out: Path, epochs: int | None, seed: int) -> Run:
    """The run, trained, gone on with or read back."""
    if (out / "config.json").exists():
        return resume(out)
    training = TrainingConfig(
        epochs=epochs, batch_size=64, schedule="constant", warmup=0.0, seed=seed, keep_every=KEEP_EVERY
    )
    return train(RunConfig(model=WGANConfig(clip=0.01), training=training), out)


def features_of(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and covariance of the classifier's features of images in [0, 1]."""
    features = digit_classifier().features(x).double()
    ridge = 1e-6 * torch.eye(features.shape[1], dtype=features.dtype)  # a feature that never varies has no density
    return features.mean(0), features.T.cov() + ridge


def mean_of(run: Run, quantity: str, step: int) -> float:
    """A quantity of the log, averaged over the rows of the epoch that ends at a step."""
    rows = [row for row in run.rows if row["split"] == "train" and "margin" in row]
    per_epoch = step / next(row["epoch"] for row in run.rows if row["step"] == step)
    values = [row[quantity] for row in rows if step - per_epoch < row["step"] <= step]
    return sum(values) / len(values)


def main() -> None:
    """Train, judge each checkpoint, print the table and the correlation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/wgan"))
    parser.add_argument("--epochs", type=int, default=None)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    run = trained(options.out, options.epochs, options.seed)
    test = features_of(run.data.test.x.float() / 255)
    table = []
    print("| epoch | critic's estimate | at slope 1 | Fréchet distance |\n|---|---|---|---|")
    for step in run.folder.kept_steps:
        then = reparam.load(options.out, checkpoint=step)
        then.model.averaged = None
        samples = torch.from_numpy(reparam.sample(then, 10_000, options.seed).mean).clamp(0, 1)
        distance = wasserstein2_full(*features_of(samples), *test).item() ** 2
        found, slope = (mean_of(run, quantity, step) for quantity in ("margin", "lipschitz"))
        table.append({"step": step, "estimate": found, "at_slope_1": found / slope, "frechet": distance})
        epoch = next(row["epoch"] for row in run.rows if row["step"] == step)
        print(f"| {epoch:.0f} | {found:.4f} | {found / slope:.4f} | {distance:.2f} |", flush=True)
    result: dict[str, object] = {"checkpoints": table}
    for part, rows in (("all", table), ("second half", table[len(table) // 2 :])):
        for quantity in ("estimate", "at_slope_1"):
            ranks = spearmanr([row[quantity] for row in rows], [row["frechet"] for row in rows])
            result[f"rank correlation, {quantity}, {part}"] = ranks.statistic
            print(f"rank correlation of {quantity} over {len(rows)} checkpoints ({part}): {ranks.statistic:.2f}")
    (options.out / "critic_and_quality.json").write_text(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()

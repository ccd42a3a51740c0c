"""Whole numbers and dates that are as frequent everywhere in their range: what a VAE makes of their ends.

    .venv/bin/python recipes/flat_columns.py --seeds 3     # four minutes on two cores

A seeded table: an age and a day, both flat, an income that rises with age, and a town that goes with it. The VAE that
`reparam train vae` composes is trained twice on the same rows: with ends that own what a logistic has beyond them, as
before there was a choice, and with that cut off, as the schema of flat columns has it. KS is the largest difference of
the distribution function of 20,000 samples from the flat one; "at the ends" how many times as many as there should be
stand at the lowest and the highest value; log p(x) that of the tenth of rows that are held out, in nats.
"""

import argparse
import statistics
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas
import torch

import reparam
from reparam.data import Dataset, evaluation_batches
from reparam.distributions.columns import Family, Integer, places
from reparam.evaluation.likelihood.importance import importance_estimate
from reparam.kinds import VAEConfig, build_model
from reparam.models.traits import Traits
from reparam.randomness import noise
from reparam.training import Silent

SAMPLES, DRAWS = 20_000, 200


def people(n: int, seed: int) -> dict[str, np.ndarray]:
    """The table, by column."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 91, n)
    towns = np.array([["Ulm", "Bonn", "Kiel"], ["Bonn", "Kiel", "Kiel"]], dtype=object)
    return {
        "age": age,
        "since": np.datetime64("2021-01-01") + rng.integers(0, 730, n),
        "income": np.exp(7 + age / 40 + 0.3 * rng.normal(size=n)).round(2),
        "town": towns[(age > 50).astype(int), rng.integers(0, 3, n)],
    }


def judged(data: Dataset, families: Sequence[Family], seed: int) -> list[float]:
    """KS of the age and of the day, how often both are at their ends, and log p(x) of test rows."""
    traits = Traits(columns=tuple(families), examples=len(data.train))
    with noise(seed, "weights"):
        model = build_model(VAEConfig(), data.data_shape, traits)
    train, validation, test = (
        torch.cat([x for x, _ in evaluation_batches(part, data)]) for part in (data.train, data.validation, data.test)
    )
    plain = Dataset.of(train, validation, test, name="people", read_as="vectors")
    run = reparam.fit(model, plain, seed=seed, progress=Silent())
    with noise(seed, "judged"), torch.no_grad():
        x = run.model.sample(SAMPLES).double()
        log_p = importance_estimate(run.model, test, DRAWS).log_mean.mean()
    found = [
        apart(x[:, place.start].numpy(), family)
        for family, place in zip(families, places(families), strict=True)
        if isinstance(family, Integer)
    ]
    return [*(ks for ks, _ in found), *(ends for _, ends in found), float(log_p)]


def apart(u: np.ndarray, family: Integer) -> tuple[float, float]:
    """How far samples of a column are from being flat, and how many times as many stand at its ends."""
    j = np.rint(u * family.scale + family.offset).astype(int) - family.low
    values = family.high - family.low + 1
    shares = np.bincount(j, minlength=values) / len(j)
    ks = np.abs(shares.cumsum() - np.arange(1, values + 1) / values).max()
    return float(ks), float((shares[0] + shares[-1]) * values / 2)


def main() -> None:
    """Both, over seeds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--rows", type=int, default=2000)
    options = parser.parse_args()
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    found: dict[str, list[list[float]]] = {"owned": [], "cut off": []}
    for seed in seeds:
        data = Dataset.of(pandas.DataFrame(people(options.rows, seed)), seed=seed, labels="none")
        assert data.table is not None
        cut = data.table.families
        owned = [replace(f, owns_below=True, owns_above=True) if isinstance(f, Integer) else f for f in cut]
        found["owned"].append(judged(data, owned, seed))
        found["cut off"].append(judged(data, cut, seed))
    print("| what lies beyond the ends is | KS of age | KS of day | age at the ends | day at the ends | log p(x) |")
    print("|---|---|---|---|---|---|")
    for name, rows in found.items():
        print(f"| {name} | " + " | ".join(f"{statistics.fmean(one):.3f}" for one in zip(*rows, strict=True)) + " |")


if __name__ == "__main__":
    main()

"""Held-out log p(x) of tables: a VAE with a likelihood by column against what scikit-learn fits.

    .venv/bin/python recipes/tables.py --seeds 3          # eight minutes on two cores
    .venv/bin/python recipes/tables.py --quick            # one seed, one table of each sort

Wine, diabetes and breast cancer of scikit-learn, every column a number (but for the sex in diabetes, which has two
values, so that a density on it has no top): a normal of full covariance, a mixture of
normals and a kernel density, the latter two with the number of components, form, floor or bandwidth that the
validation rows like best. A mixed table of a seeded law (a number with missing cells, a whole number, two categories)
whose log p(x) is known: independent columns at their best, and the truth. All see 70 % of the rows, are chosen by 15 %
and judged by the rest; log p is in nats per row, in the columns' own units. Each number is a mean over seeds, that is
over splits and weights, with its standard error; "behind" is the mean difference to the best of the others on the same
rows. The VAE is what `reparam train vae` composes and trains, its log p(x) by importance sampling with 1,000 draws, in
expectation from below.

"MMD²" is how far 1,000 samples are from the rows that were not trained on, in thousandths: squared, unbiased, with a
Gaussian kernel on rows in units of their spread, as wide as their median distance. Its floor are the rows that were
trained on, or fresh ones of the law.
"""

import argparse
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn import datasets
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity
from torch import Tensor

import reparam
from reparam.data import Dataset, evaluation_batches
from reparam.data.columns.levels import FEW
from reparam.distributions.columns import Category, Family, Integer, Number
from reparam.distributions.columnwise import Columns
from reparam.evaluation.likelihood.importance import importance_estimate
from reparam.evaluation.samples.features import row_features
from reparam.evaluation.two_sample import kernel_test
from reparam.kinds import VAEConfig, build_model
from reparam.models import ColumnsLikelihood
from reparam.models.traits import Traits
from reparam.randomness import generator, noise
from reparam.training import Silent

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Split = tuple[Array, Array, Array]
TABLES: Mapping[str, Callable[..., Any]] = {
    "wine": datasets.load_wine,
    "diabetes": datasets.load_diabetes,
    "breast cancer": datasets.load_breast_cancer,
}
VAES: Mapping[str, VAEConfig] = {
    "VAE": VAEConfig(),
    "VAE, prior of 10 normals": VAEConfig(prior="mixture", components=10),
}
LAW = (Number(missing=True), Integer(low=0, high=40, scale=6.0, offset=15.0), Category(levels=4), Category(levels=2))
SHARES = torch.tensor([0.4, 0.3, 0.2, 0.1], dtype=torch.float64)
DRAWS, SAMPLES = 1000, 1000
FLOOR = "rows trained on"


@dataclass(frozen=True)
class Found:
    """What a model came to: log p(x) of the rows that judge it, and MMD² of its samples in thousandths."""

    log_p: float
    distance: float


@dataclass(frozen=True)
class Beside:
    """What samples are held beside.

    Args:
        families: of the columns.
        fitted: rows that are trained on, ``(n, width)``.
        fresh: those that are not.
    """

    families: Sequence[Family]
    fitted: Tensor
    fresh: Tensor

    def distance(self, x: Tensor) -> float:
        """MMD² of rows from the fresh ones, in thousandths."""
        features = row_features(self.families, self.fitted)
        width = float(torch.pdist(features(self.fitted[:1000])).median())
        ours, theirs = (features(rows.float()).numpy() for rows in (x, self.fresh))
        return 1000 * kernel_test(ours, theirs, bandwidth=width, permutations=1).squared_mmd


# tables of numbers


def split_of(x: Array, seed: int) -> Split:
    """Rows for training, choosing and judging."""
    order = np.random.default_rng(seed).permutation(len(x))
    first, second = int(0.7 * len(x)), int(0.85 * len(x))
    return x[order[:first]], x[order[first:second]], x[order[second:]]


def normals(split: Split, beside: Beside) -> dict[str, Found]:
    """What scikit-learn's densities say of the last part, in nats per row in the columns' own units."""
    mean, deviation = split[0].mean(0), split[0].std(0)
    fitted, chosen_by, judged = ((part - mean) / deviation for part in split)
    mixtures = (
        GaussianMixture(k, covariance_type=form, reg_covar=floor, n_init=3, random_state=0).fit(fitted)
        for k in range(1, 9)
        for form in ("full", "tied", "diag")
        for floor in (1e-6, 1e-3, 1e-1)
    )
    kernels = (KernelDensity(bandwidth=width).fit(fitted) for width in np.geomspace(0.05, 3, 30))
    normal = GaussianMixture(1, random_state=0).fit(fitted)
    mixture = max(mixtures, key=lambda found: found.score(chosen_by))
    kernel = max(kernels, key=lambda found: found.score(chosen_by))
    drawn = {
        "normal": (normal, normal.sample(SAMPLES)[0]),
        "mixture of normals": (mixture, mixture.sample(SAMPLES)[0]),
        "kernel density": (kernel, kernel.sample(SAMPLES, random_state=0)),
    }
    own_units = -np.log(deviation).sum()
    return {
        name: Found(
            float(density.score_samples(judged).mean() + own_units), beside.distance(rows(mean + deviation * x, beside))
        )
        for name, (density, x) in drawn.items()
    }


def rows(x: Array, beside: Beside) -> Tensor:
    """Numbers as a model sees them."""
    units = [(family.offset, family.scale) for family in beside.families if isinstance(family, Number)]
    offset, scale = np.array(units).T
    return torch.from_numpy((x - offset) / scale).float()


def numbers(x: Array, seed: int, vaes: Mapping[str, VAEConfig]) -> dict[str, Found]:
    """Every model on one split of a table of numbers."""
    split = split_of(x, seed)
    kinds = {f"column {i + 1}": "number" for i in range(x.shape[1])}
    data = Dataset.of(*split, name="numbers", read_as="table", columns=kinds)
    assert data.table is not None
    beside = beside_of(data, data.table.families)
    found = normals(split, beside) | {name: trained(config, data, beside, seed) for name, config in vaes.items()}
    return found | {FLOOR: Found(float("nan"), beside.distance(beside.fitted))}


def beside_of(data: Dataset, families: Sequence[Family]) -> Beside:
    """What samples of models of the data are held beside."""
    train, validation, test = (
        torch.cat([x for x, _ in evaluation_batches(part, data)]) for part in (data.train, data.validation, data.test)
    )
    return Beside(families, train, torch.cat([validation, test]))


def trained(config: VAEConfig, data: Dataset, beside: Beside, seed: int) -> Found:
    """What a VAE came to."""
    traits = Traits(columns=tuple(beside.families), examples=len(data.train))
    with noise(seed, "weights"):
        model = build_model(config, data.data_shape, traits)
    run = reparam.fit(model, data, seed=seed, progress=Silent())
    with noise(seed, "importance"):
        x = torch.cat([x for x, _ in evaluation_batches(data.test, data)])
        log_p = float(importance_estimate(run.model, x, DRAWS).log_mean.mean())
    with noise(seed, "samples"), torch.no_grad():
        return Found(log_p, beside.distance(run.model.sample(SAMPLES)))


# the mixed table


def law() -> Columns:
    """Four kinds of rows; within one, columns are independent."""
    rows = [
        [*(-1.2, -3.0), -1.0, *(3.0, 0.0, 0.0, 0.0), *(2.0, -2.0)],
        [*(0.2, -3.0), 1.0, *(0.0, 3.0, 0.0, 0.0), *(-2.0, 2.0)],
        [*(1.0, 2.0), 0.0, *(0.0, 0.0, 3.0, 0.0), *(2.0, -2.0)],
        [*(1.6, -3.0), 2.0, *(0.0, 0.0, 0.0, 3.0), *(0.0, 0.0)],
    ]
    log_scale = torch.tensor([[-1.5, -1.5], [-1.0, -1.5], [-1.2, -1.0], [-2.0, -2.0]], dtype=torch.float64)
    return Columns(LAW, torch.tensor(rows, dtype=torch.float64), log_scale)


def drawn(n: int, seed: int) -> Tensor:
    """Rows of the law, ``(n, width)``."""
    kind = torch.multinomial(SHARES, n, replacement=True, generator=generator(seed, "kinds of rows"))
    with noise(seed, "rows"):
        return law().sample((n,))[torch.arange(n), kind]


def apart(x: Tensor) -> Columns:
    """Independent columns whose parameters are the best for x."""
    likelihood = ColumnsLikelihood(LAW).double()
    output = torch.zeros(x.shape[1], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([output, *likelihood.parameters()], max_iter=300, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss: Tensor = -likelihood(output).log_prob(x).mean()
        loss.backward()
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return likelihood(output).detached()


def mixed(n: int, seed: int, vaes: Mapping[str, VAEConfig]) -> dict[str, Found]:
    """Every model on n rows of the law."""
    x = drawn(n, seed)
    first, second = int(0.7 * n), int(0.85 * n)
    splits = x[:first], x[first:second], x[second:]
    data = Dataset.of(*(part.float() for part in splits), name="mixed", read_as="vectors")
    beside = beside_of(data, LAW)
    columns, judged = apart(splits[0]), splits[2]
    truth = (law().log_prob(judged.unsqueeze(1)) + SHARES.log()).logsumexp(1).mean()
    with noise(seed, "apart"):
        alone = Found(float(columns.log_prob(judged).mean()), beside.distance(columns.sample((SAMPLES,))))
    found = {"independent columns": alone}
    found |= {name: trained(config, data, beside, seed) for name, config in vaes.items()}
    return found | {"the law itself": Found(float(truth), beside.distance(drawn(SAMPLES, seed + 10**6)))}


# what is printed


def told(values: Sequence[float]) -> str:
    """A mean and its standard error."""
    if any(value != value for value in values):
        return ""
    if len(values) == 1:
        return f"{values[0]:.2f}"
    return f"{statistics.fmean(values):.2f} ± {statistics.stdev(values) / len(values) ** 0.5:.2f}"


def row(table: str, found: Sequence[dict[str, Found]]) -> list[str]:
    """A line a model: log p(x), how far it is behind the best of those that are no VAE, and MMD² of its samples."""
    lines = []
    for name in found[0]:
        others = [max(f.log_p for other, f in one.items() if other not in (name, FLOOR, *VAES)) for one in found]
        behind = [other - one[name].log_p for other, one in zip(others, found, strict=True)]
        columns = [one[name].log_p for one in found], behind, [one[name].distance for one in found]
        lines.append(" | ".join([f"| {table}", name, *map(told, columns)]) + " |")
    return lines


def main() -> None:
    """Print each table as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--rows", type=int, default=4000, help="of the mixed table")
    parser.add_argument("--quick", action="store_true", help="one seed, one VAE, one table of each sort")
    options = parser.parse_args()
    seeds = range(options.first_seed, options.first_seed + (1 if options.quick else options.seeds))
    vaes = dict(list(VAES.items())[:1]) if options.quick else VAES
    print("| table | model | log p(x), nats per row | behind | MMD² |\n|---|---|---|---|---|")
    for name, load in list(TABLES.items())[: 1 if options.quick else None]:
        x = np.asarray(load(return_X_y=True)[0], dtype=np.float64)
        x = x[:, [len(np.unique(column)) > FEW for column in x.T]]
        print("\n".join(row(name, [numbers(x, seed, vaes) for seed in seeds])), flush=True)
    n = 1000 if options.quick else options.rows
    print("\n".join(row("mixed", [mixed(n, seed, vaes) for seed in seeds])), flush=True)


if __name__ == "__main__":
    main()

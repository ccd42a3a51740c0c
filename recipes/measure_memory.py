"""What the measures of samples take at the size of published tables: 50,000 examples with 1,024 features.

    .venv/bin/python recipes/measure_memory.py            (some minutes; each in a process of its own)
    .venv/bin/python recipes/measure_memory.py --only vendi --rows 2000 --features 64

Says for each the peak of its process above what the process held before (the features themselves, in float32, that is),
in MiB, beside the seconds it took.
"""

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor

from reparam.evaluation.samples.authenticity import authenticity
from reparam.evaluation.samples.feature_likelihood import feature_likelihood
from reparam.evaluation.samples.frechet import frechet_distance
from reparam.evaluation.samples.kernel_distance import kernel_distance
from reparam.evaluation.samples.manifold_metrics import manifold_metrics
from reparam.evaluation.samples.memorization import duplicates, memorization
from reparam.evaluation.samples.path_length import between_examples, path_length
from reparam.evaluation.samples.sliced_wasserstein import sliced_wasserstein
from reparam.evaluation.samples.vendi import vendi_score
from reparam.evaluation.two_sample import classifier_test

SEARCHED = 2000
PATHS = 500


def path(x: Tensor, y: Tensor) -> object:
    """The path length of a generator that is the identity, and its ideal of all examples."""
    codes = x[: 2 * PATHS].clone()
    return path_length(lambda z: z, lambda z: z, codes[:PATHS], codes[PATHS:]), between_examples(y)


MEASURES: dict[str, Callable[[Tensor, Tensor], object]] = {
    "frechet": frechet_distance,
    "kernel": kernel_distance,
    "manifold": manifold_metrics,
    "classifier": lambda x, y: classifier_test(x, y, permutations=200, features=False),
    "memorization": lambda x, y: memorization(x[:SEARCHED], x[-SEARCHED:], y),
    "duplicates": duplicates,
    "sliced": sliced_wasserstein,
    "vendi": lambda x, y: vendi_score(x),
    "authenticity": lambda x, y: authenticity(x[:SEARCHED], y),
    "likelihood": lambda x, y: feature_likelihood(x, y, x[-SEARCHED:]),
    "path": path,
}


def peak() -> float:
    """The most that this process has held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(name: str, rows: int, features: int) -> str:
    """A row of the table."""
    rng = torch.Generator().manual_seed(0)
    x, y = (torch.randn(rows, features, generator=rng) for _ in range(2))
    before, start = peak(), time.monotonic()
    MEASURES[name](x, y)
    return f"| {name} | {peak() - before:,.0f} | {time.monotonic() - start:.0f} |"


def main(argv: list[str] | None = None) -> None:
    """A process for each measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=tuple(MEASURES), default=tuple(MEASURES))
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--features", type=int, default=1024)
    options = parser.parse_args(argv)
    if len(options.only) == 1:
        print(measured(options.only[0], options.rows, options.features), flush=True)
        return
    print("| measure | MiB above the features | seconds |\n|---|---|---|", flush=True)
    size = ["--rows", str(options.rows), "--features", str(options.features)]
    for name in options.only:
        subprocess.run([sys.executable, __file__, "--only", name, *size], check=True)


if __name__ == "__main__":
    main()

"""Default trainings improve at every size, where they diverged once: on wide data, few examples, outliers."""

import math
from itertools import product

import numpy as np
import pytest

from reparam.kinds import KINDS
from reparam.runs.config import RunConfig
from reparam.settings import DataConfig
from reparam.training import Silent, fit
from reparam.training.named import fresh_model
from reparam.training.resolve import resolve


def spots(n, channels, side):
    """Smooth spots on a dark ground, uint8 ``(n, channels, side, side)``."""
    rng = np.random.default_rng(5)
    rows, columns = np.mgrid[:side, :side]
    y, x = rng.uniform(0, side, (2, n, 1, 1))
    spot = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (side / 5) ** 2)
    return (spot[:, None] * rng.uniform(128, 255, (n, channels, 1, 1))).astype(np.uint8)


def table(n, columns, heavy=False):
    """Eight factors under noise, float32 ``(n, columns)``; heavy: a few rows lie far out."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(n, 8)) @ rng.normal(size=(8, columns)) / 8**0.5 + 0.3 * rng.normal(size=(n, columns))
    return (np.sinh(1.5 * x) if heavy else x).astype(np.float32)


CASES = {
    "spots of 64 by 64 in colour": (lambda: spots(300, 3, 64), 30, 0.2),
    "spots of 48 by 48 in colour": (lambda: spots(300, 3, 48), 30, 0.2),
    "few of 32 by 32 in colour": (lambda: spots(60, 3, 32), 30, 0.2),
    "grey, 128 by 128": (lambda: spots(40, 1, 128), 25, 0.2),
    "128 by 128 in colour": (lambda: spots(40, 3, 128), 60, 0.03),
    "5,000 columns": (lambda: table(300, 5000), 30, 0.2),
    "1,000 columns with heavy tails": (lambda: table(300, 1000, heavy=True), 30, 0.1),
}
WIDEST = ("spots of 64 by 64 in colour", "5,000 columns")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "case"), [*(("vae", case) for case in CASES), *product(("autoencoder", "avb"), WIDEST)]
)
def test_a_default_training_improves_and_stays_finite(case, kind, tmp_path):
    """Nats for each of an example's values, validation examples; the best weights are not the untrained ones."""
    make, steps, better = CASES[case]
    x = make()
    np.save(tmp_path / "x.npy", x)
    training = KINDS[kind].training.model_copy(update={"steps": steps, "device": "cpu"})
    config = RunConfig(model=KINDS[kind].settings(), data=DataConfig(data=str(tmp_path / "x.npy")), training=training)
    config, data = resolve(config)
    run = fit(fresh_model(config, data), data, config=config, progress=Silent())
    judged = {"vae": "elbo", "autoencoder": "reconstruction", "avb": "estimated_elbo"}[kind]
    curve = [row[judged] for row in run.rows if row["split"] == "validation"]
    assert all(value is not None and math.isfinite(value) for value in curve)
    assert curve[-1] > curve[0] + better * math.prod(x.shape[1:])
    assert run.step > 0

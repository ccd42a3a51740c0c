"""A run on a table with a law of its own."""

import numpy as np
import pytest

from reparam.cli.main import main


@pytest.fixture(scope="package")
def run(tmp_path_factory):
    """A VAE of a table of numbers with holes, words and dates, hardly trained."""
    rng, n, folder = np.random.default_rng(0), 900, tmp_path_factory.mktemp("columns")
    age, town = rng.integers(18, 80, n), rng.choice(["Ulm", "Bonn", "Jena"], n, p=[0.5, 0.3, 0.2])
    income = (900 * age + np.where(town == "Ulm", 20_000, 0) + rng.normal(0, 3_000, n)).round(2)
    income = np.where(rng.random(n) < 0.1, np.nan, income)
    day = np.datetime64("2015-01-01") + rng.integers(0, 2000, n).astype("timedelta64[D]")
    rows = "\n".join(
        f"{a},{'' if np.isnan(i) else i},{t},{d}" for a, i, t, d in zip(age, income, town, day, strict=True)
    )
    (folder / "people.csv").write_text(f"age,income,town,joined\n{rows}\n")
    argv = ["--data", str(folder / "people.csv"), "--latent-dim", "2", "--hidden", "32", "--steps", "150", "--quiet"]
    assert main(["train", "vae", *argv, "--out", str(folder / "run")]) == 0
    return folder / "run"

"""A table whose law is known, as a file."""

import csv

import numpy as np


def write_people(path, n=400, seed=0, holes=0.1):
    """Ages, incomes that follow them, words and a date; incomes have holes."""
    rng = np.random.default_rng(seed)
    age, sex = rng.integers(18, 80, n), rng.choice(["F", "M"], n)
    income = (20_000 + 600 * age + rng.normal(0, 3_000, n)).round(2)
    joined = np.datetime64("2015-01-01") + rng.integers(0, 2000, n).astype("timedelta64[D]")
    hole = rng.random(n) < holes
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "age", "income", "sex", "joined"])
        for i in range(n):
            rows.writerow([f"p{i:04}", age[i], "" if hole[i] else f"{income[i]:.2f}", sex[i], joined[i]])
    return age, income, hole

"""Draws of vectors, which have no schema, are written as tables."""

import numpy as np
import pandas as pd
import pytest

import reparam
from helpers import said, small
from reparam.cli.main import main
from reparam.errors import UserError


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    home = tmp_path_factory.mktemp("vectors")
    np.save(home / "x.npy", np.random.default_rng(0).normal(size=(80, 3)).astype(np.float32))
    assert main(["train", "vae", *small(home / "x.npy"), "--out", str(home / "run"), "--quiet"]) == 0
    return home / "run"


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet"])
def test_vectors_are_written_as_a_table_bit_for_bit(run, ending, capsys, tmp_path):
    out = tmp_path / f"x.{ending}"
    code, _, err = said(capsys, "sample", run, "-n", 7, "--out", out)
    assert code == 0, err
    read = pd.read_parquet(out) if ending == "parquet" else pd.read_csv(out, sep={"csv": ",", "tsv": "\t"}[ending])
    assert list(read.columns) == ["x1", "x2", "x3"]
    np.testing.assert_array_equal(read.to_numpy().astype(np.float32), reparam.sample(run, 7).x)


def test_so_are_what_becomes_of_them_walks_and_what_was_kept(run, capsys, tmp_path):
    for command in ("reconstruct", "interpolate", "snapshots"):
        code, _, err = said(capsys, command, run, "--out", tmp_path / f"{command}.csv")
        assert code == 0, err
        assert pd.read_csv(tmp_path / f"{command}.csv").shape[1] == 3
    numbers = reparam.reconstruct(run).reconstruction
    read = pd.read_csv(tmp_path / "reconstruct.csv").to_numpy().astype(np.float32)
    np.testing.assert_array_equal(read, numbers)


def test_images_are_no_rows():
    with pytest.raises(UserError, match=r"examples of shape \(1, 8, 8\) are no rows of a table: name a .png"):
        reparam.evaluation.Samples(np.zeros((2, 1, 8, 8)), np.zeros((2, 1, 8, 8))).table()

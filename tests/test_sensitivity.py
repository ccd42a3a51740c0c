"""The recipe that says which measure sees what: its damages, its verdicts and its quick form."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from reparam.evaluation import Score

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def recipe():
    spec = importlib.util.spec_from_file_location("sensitivity", ROOT / "recipes" / "sensitivity.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["sensitivity"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["sensitivity"]


@pytest.fixture(scope="module")
def shapes(recipe):
    x, y = recipe.shapes(400, 0)
    return x.float() / 255, y


def test_shapes_are_of_twenty_kinds_and_seeded(recipe, shapes):
    x, y = shapes
    assert (x.shape, sorted(set(y.tolist()))) == ((400, 3, 24, 24), list(range(20)))
    assert torch.equal(recipe.shapes(400, 0)[0], recipe.shapes(400, 0)[0])
    assert x.amax(1).amax((1, 2)).min() > 0.6, "each has a bright shape"
    centre = x[y // 5 == 3][:, :, 10:13, 10:13]
    assert centre.mean() < x[y // 5 == 0][:, :, 10:13, 10:13].mean() - 0.1, "rings have a hole"


def test_damages_are_what_they_say(recipe, shapes):
    x, y = shapes
    train = torch.zeros(500, 3, 24, 24)
    blurred = recipe.blurred(x[:2], y[:2], train, 1.2, 0)
    theirs = gaussian_filter(x[:2].numpy(), (0, 0, 1.2, 1.2), mode="nearest", radius=4)
    np.testing.assert_allclose(blurred, theirs, atol=1e-5)
    left = recipe.without_kinds(x, y, train, 0.4, 0)
    assert len(left) == (y >= 8).sum()
    assert (recipe.memorized(x, y, train, 0.25, 0).flatten(1).sum(1) == 0).sum() == 100
    assert len(recipe.repeated(x, y, train, 0.9, 0).flatten(1).unique(dim=0)) == 40
    grey = torch.full((50, 3, 24, 24), 0.5)
    assert (recipe.noisy(grey, y, train, 0.1, 0) - 0.5).std() == pytest.approx(0.1, rel=0.02)


def test_what_is_told_of_a_measure(recipe):
    def told(*gaps, strengths=(0.1, 0.2, 0.3)):
        return recipe.told([Score("a", gap, 0.1, 0.0) for gap in gaps], strengths)

    found = told(0.0, 0.2, 0.3, 0.5)
    assert (found["from"], found["rank"]) == (0.2, pytest.approx(1.0))  # 2 √2 0.1 = 0.283
    assert told(0.0, 0.4, 0.2, 0.5)["from"] == 0.3, "whatever is told later, but not in between, is not told"
    assert told(0.3, 0.2, 0.1, 0.0)["rank"] == pytest.approx(-1.0)
    assert told(0.3, 0.2, 0.1, 0.0)["from"] is told(0.0, 0.0, 0.0, 0.0)["rank"] is None
    assert recipe.cell(found) == "0.2"
    assert recipe.cell(told(0.3, 0.2, 0.1, 0.0)) == "– (-1.00)"


@pytest.mark.slow
def test_the_quick_form_writes_a_table_a_record_and_a_picture(recipe, tmp_path, capsys):
    only = ("--only", "coloured shapes, random-conv", "--damages", "noise", "memorized")
    recipe.main(["--quick", "--out", str(tmp_path), "--count", "60", "--train", "150", *only])
    out = capsys.readouterr().out
    assert "**coloured shapes, random-conv**" in out
    assert "| sliced Wasserstein distance | " in out
    found = json.loads((tmp_path / "sensitivity.json").read_text())["found"]
    assert list(found) == ["coloured shapes, random-conv"]
    for one in found.values():
        assert one["Fréchet distance"]["noise"]["from"] is not None
        assert one["AuthPct"]["memorized"]["rank"] > 0.9
    assert (tmp_path / "sensitivity.png").stat().st_size > 10_000

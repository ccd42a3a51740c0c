"""In a real notebook: progress is one piece of output, results and runs show themselves."""

import sys

import nbformat
import pytest
from nbclient import NotebookClient

from reparam.notebook import in_notebook

TRAIN = """
import numpy as np, reparam
from reparam.models import StandardNormal
from reparam.networks import MLP
x = (np.random.default_rng(0).random((400, 1, 8, 8)) < 0.3).astype("uint8")
vae = reparam.VAE(MLP((1, 8, 8), [16], 4), MLP(2, [16], (1, 8, 8)), StandardNormal(2))
run = reparam.fit(vae, x, epochs=30, batch_size=20, log_every=1)
"""
LONG = """
import time
from reparam import pace
with pace.heard(), pace.work("counting", 100.0, "`n`") as add:
    for _ in range(60):
        time.sleep(0.05)
        add(1.0)
"""


@pytest.fixture(scope="module")
def cells():
    """A notebook that was run, cell by cell: what each put out."""
    code = [TRAIN, "run", "reparam.explore(run, 4)", "reparam.sample(run, 4)", LONG]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in code])
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    return [cell.outputs for cell in notebook.cells]


def test_a_training_of_hundreds_of_rows_is_one_piece_of_output(cells):
    shown = [one for one in cells[0] if one.output_type == "display_data"]
    assert len(shown) == 1
    text, html = shown[0].data["text/plain"], shown[0].data["text/html"]
    lines = text.split("\n")
    assert lines[0].startswith("step ")
    assert lines[0].count(" of ") == 1
    assert [line.split("  ")[1].split(":")[0] for line in lines[1:4]] == ["validation", "train", "test"]
    assert '<progress max="1" value="1.0000"' in html
    said = "".join(one.get("text", "") for one in cells[0] if one.output_type == "stream")
    assert "epoch" not in said


def test_a_run_shows_what_it_is_its_numbers_and_samples(cells):
    html = cells[1][0].data["text/html"]
    assert "VAE, " in html
    assert "1 × 8 × 8" in html
    assert "elbo −" in html or "elbo -" in html
    assert '<img alt="16 samples"' in html


def test_results_show_themselves(cells):
    assert 'sandbox="allow-scripts"' in cells[2][0].data["text/html"]
    assert "image/png" in cells[3][0].data


def test_long_work_leaves_nothing_behind(cells):
    assert [one.data["text/plain"] for one in cells[4] if one.output_type == "display_data"] == [""]
    assert not [one for one in cells[4] if one.output_type == "stream"]


def test_outside_of_notebooks_nothing_is_imported_to_know_it():
    assert not in_notebook()
    assert "ipykernel.zmqshell" not in sys.modules

"""A log holds null where a value was infinite or no number; nothing that reads it may end in a traceback."""

import shutil

import pytest

from helpers import said
from reparam.runs.folder import RunFolder
from reparam.runs.lines import rewrite_lines

PLACES = ("step", "epoch", "split")


@pytest.fixture(params=["some", "all"])
def gaps(request, compared, tmp_path):
    """Runs of an autoencoder, a VAE and a GAN whose logs have null in a row of each split, or wherever they can."""
    for name in ("autoencoder-2", "vae-2", "gan"):
        run = shutil.copytree(compared / name, tmp_path / name)
        place = RunFolder(run)
        rows, seen = place.rows(), set()
        for row in rows:
            if request.param == "all" or row["split"] not in seen:
                row.update({key: None for key in row if key not in PLACES})
            seen.add(row["split"])
        rewrite_lines(place.metrics, rows, place.identity)
    return tmp_path


def test_reports_curves_and_evaluations_of_such_runs_are_made(gaps, capsys):
    runs = [gaps / name for name in ("autoencoder-2", "vae-2", "gan")]
    few = ("--count", 100, "--images", 10)
    code, _, err = said(capsys, "report", *runs, *few, "--out", gaps / "r.html")
    assert code == 0, err
    assert "Cost" in (gaps / "r.html").read_text()
    assert said(capsys, "evaluate", *runs, *few, "--samples", 5)[0] == 0
    for run in runs:
        code, _, err = said(capsys, "curves", run)
        # where no number is left there is nothing to draw, and that is a sentence
        assert code == 0 or "No row of the metrics has a finite" in err
        assert said(capsys, "info", run)[0] == 0
        assert said(capsys, "train", "--resume", run, "--quiet")[0] == 0

"""A small comparison that several tests look at."""

import numpy as np
import pytest

from reparam.cli.main import main
from study_helpers import SMALL, blobs


@pytest.fixture(scope="session")
def grey(tmp_path_factory):
    """600 grey images of 20 by 28 with labels."""
    path = tmp_path_factory.mktemp("grey") / "grey.npz"
    x, y = blobs(700, 20, 28)
    np.savez(path, x=x[..., 0], y=y)
    return path


@pytest.fixture(scope="session")
def compared(grey):
    """A comparison of them, and what was printed."""
    out = grey.parent / "compared"
    assert (
        main(["compare", "--data", str(grey), "--models", "autoencoder-2", "vae-2", "gan", *SMALL, "--out", str(out)])
        == 0
    )
    return out

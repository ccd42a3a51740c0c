"""What every test and every doctest is run with; `tests/conftest.py` has the rest."""

import os
from collections.abc import Iterator

import pytest
import torch

from reparam.randomness import derive_seed


def pytest_addoption(parser: pytest.Parser) -> None:
    """Settings that no test's outcome may depend on; see CONTRIBUTING."""
    parser.addoption("--noise-seed", type=int, default=0, help="the seed of every test's noise (default: 0)")
    parser.addoption(
        "--bf16",
        choices=["yes", "no"],
        help="train as on a processor that multiplies bf16 fast, or does not, whatever this one does",
    )


@pytest.fixture(autouse=True)
def seeded(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test has noise of its own, a function of its name, and leaves torch's global state as it found it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(request.config.getoption("--noise-seed"), request.node.name))
        yield


@pytest.fixture(autouse=True, scope="session")
def unhurried() -> Iterator[None]:
    """No test cuts the power: none waits for the disk. That all is there before it is said to be: `test_files`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", os.fstat)
        yield

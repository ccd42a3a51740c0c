import os

import hypothesis
import pytest
import torch

from reparam.randomness import derive_seed

if "PYTEST_XDIST_WORKER" in os.environ:
    # several workers share the cores: one thread each, in the processes that tests start too
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"


# the same examples in every run; --hypothesis-profile=default draws others
hypothesis.settings.register_profile("seeded", derandomize=True)
hypothesis.settings.load_profile("seeded")


@pytest.fixture(autouse=True)
def seeded(request: pytest.FixtureRequest):
    """Each test has noise of its own, a function of its name, and leaves torch's global state as it found it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(0, request.node.nodeid))
        yield

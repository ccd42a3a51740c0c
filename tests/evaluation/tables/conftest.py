"""A run on a table with a law of its own, and the file that it came from."""

import pytest

import reparam
from table_helpers import write_people


@pytest.fixture(scope="package")
def people(tmp_path_factory):
    """The file, and a short run on it."""
    from reparam.kinds import VAEConfig
    from reparam.runs.config import RunConfig
    from reparam.settings import DataConfig, TrainingConfig
    from reparam.training.start import train

    folder = tmp_path_factory.mktemp("people")
    write_people(folder / "people.csv")
    config = RunConfig(
        model=VAEConfig(latent_dim=3, hidden=(32,)),
        data=DataConfig(data=str(folder / "people.csv")),
        training=TrainingConfig(steps=300, device="cpu", precision="fp32"),
    )
    train(config, folder / "run", quiet=True)
    return folder / "people.csv", reparam.load(folder / "run")

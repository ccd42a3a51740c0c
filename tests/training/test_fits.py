"""Memory is estimated before it is taken: exactly where it can be counted, near what is measured, refused in words."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from helpers import small_data, small_vae
from reparam import hardware
from reparam.data import Dataset, Split
from reparam.errors import UserError
from reparam.hardware import free_memory
from reparam.kinds import KINDS
from reparam.settings import TrainingConfig
from reparam.training import Silent, fit, fits
from reparam.training.fits import Need, bounded_weights, check_memory, needed
from reparam.training.memory import forget_peak, peak_memory
from reparam.training.resolve import settle, traits_of

CPU = torch.device("cpu")


def pictures(n, shape):
    split = Split(torch.randint(0, 256, (n, *shape), dtype=torch.uint8))
    return Dataset("pictures", split, split, split, data_shape=shape, scale=255.0)


def composed(kind, data, **settings):
    traits = traits_of(data)
    resolved = KINDS[kind].resolve(KINDS[kind].settings(**settings), traits)
    return KINDS[kind].build(resolved, traits), resolved, traits


def built(settings, traits, **training):
    with bounded_weights(settings, traits, TrainingConfig(**training)):
        return KINDS[settings.kind].build(settings, traits)


def with_free(monkeypatch, free):
    monkeypatch.setattr(fits, "free_memory", lambda device: free)


@pytest.mark.parametrize(("optimizer", "numbers"), [("adam", 3), ("rmsprop", 2), ("sgd", 1)])
def test_the_fixed_part_counts_gradients_and_what_the_optimizer_keeps(optimizer, numbers):
    data, model = small_data(), small_vae()
    training = settle(TrainingConfig(optimizer=optimizer, learning_rate=1e-3, steps=1), model, data)
    weights = sum(parameter.numel() for parameter in model.parameters())
    need = needed(model, data, training, CPU)
    assert 4 * numbers * weights <= need.fixed <= 4 * numbers * weights + 4096


def test_what_an_example_takes_is_what_backward_needs():
    """A plain chain keeps the input of each layer: exactly so many numbers, and what passes by."""

    class Chain(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(100, 50), nn.Tanh(), nn.Linear(50, 20), nn.Tanh(), nn.Linear(20, 1))

    from reparam.models.model import Model, Turn

    class Regression(Model):
        data_shape = (100,)

        def __init__(self):
            super().__init__()
            self.chain = Chain()

        def turns(self):
            yield Turn("chain", self.chain, lambda batch: {"loss": self.chain.layers(batch.x).sum()})

    data = Dataset.of(torch.randn(50, 100))
    model = Regression()
    need = needed(model, data, settle(TrainingConfig(steps=1), model, data), CPU)
    assert need.each == int(fits.TRANSIENT * 4 * (100 + 50 + 20)) + 4 * fits.PASSING * 100


MEASURED = """
import sys, torch
from helpers import quiet_fit, small_data, small_vae
from reparam.data import Batches, Dataset, Split
from reparam.kinds import KINDS
from reparam.settings import TrainingConfig
from reparam.training.fits import needed
from reparam.training.loop import Loop
from reparam.training.memory import forget_peak, peak_memory
from reparam.training.resolve import settle, traits_of
kind, network, batch, side = *sys.argv[1:3], *map(int, sys.argv[3:])
split = Split(torch.randint(0, 256, (batch, 3, side, side), dtype=torch.uint8))
data = Dataset("pictures", split, split, split, data_shape=(3, side, side), scale=255.0)
traits = traits_of(data)
model = KINDS[kind].build(KINDS[kind].resolve(KINDS[kind].settings(network=network), traits), traits)
training = settle(TrainingConfig(steps=9, batch_size=batch, device="cpu", precision="fp32"), model, data)
need = needed(model, data, training, torch.device("cpu"))
quiet_fit(small_vae(), small_data(), steps=2)  # libraries are in memory from here on
forget_peak()
before = peak_memory()["peak_memory_mib"]
loop = Loop(list(model.turns()), Batches(split, data, batch, 0, "cpu"), training, 9)
for step in range(2):
    loop.play(step)
print(need.of(batch) / 2**20, peak_memory()["peak_memory_mib"] - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the peak cannot be forgotten")
@pytest.mark.parametrize(
    ("kind", "network", "batch", "side"),
    [("vae", "mlp", 4000, 16), ("vae", "conv", 300, 64), ("vae", "residual", 100, 64), ("gan", "conv", 200, 64)],
)
def test_the_estimate_is_near_what_two_steps_take(kind, network, batch, side):
    """Within a factor of two, whatever the allocator does."""
    command = [sys.executable, "-c", MEASURED, kind, network, str(batch), str(side)]
    path = os.pathsep.join(filter(None, [str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": path})
    estimated, taken = map(float, done.stdout.split())
    assert taken / 2 < estimated < 2 * taken


def test_a_batch_that_does_not_fit_is_refused_with_one_that_does(monkeypatch):
    data = pictures(600, (3, 32, 32))
    model, _, _ = composed("vae", data, network="conv")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    training = settle(TrainingConfig(batch_size=512, steps=5), model, data)
    need = needed(model, data, training, CPU)
    with_free(monkeypatch, need.of(100))
    with pytest.raises(UserError, match=r"^to train on batches of 512 .* that are free: give batch_size=64, or mem"):
        fit(model, data, batch_size=512, steps=5, progress=Silent())
    check_memory(model, data, settle(TrainingConfig(batch_size=64, steps=5), model, data))
    with_free(monkeypatch, need.fixed // 2)
    with pytest.raises(UserError, match=r"give a smaller network or image_size=\.\.\., or memory=0"):
        check_memory(model, data, training)
    with_free(monkeypatch, None)  # where the system does not tell, nothing is refused
    check_memory(model, data, training)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.training


def test_what_it_may_take_can_be_said(monkeypatch):
    """A bound of one's own goes before what is free, and 0 is none."""
    data = pictures(600, (3, 32, 32))
    model, settings, traits = composed("vae", data, network="mlp", hidden=(3000,))
    for given in ({"memory": 0.2}, {"memory": 0.2, "batch_size": 4}):
        with pytest.raises(UserError, match=r"million weights .*, more than memory=0\.2 allows: give netw"):
            built(settings, traits, **given)
        with pytest.raises(UserError, match=r"more than memory=0\.2 allows: give a smaller network"):
            check_memory(model, data, settle(TrainingConfig(**given), model, data))
    with_free(monkeypatch, 10)
    built(settings, traits, memory=0)
    for enough in (0, 4):
        check_memory(model, data, settle(TrainingConfig(memory=enough), model, data))


def test_weights_that_do_not_fit_are_refused_before_they_are_made(monkeypatch):
    """Perceptrons for 256 by 256 in colour: 157 million weights, 2.5 GB to train."""
    data = pictures(4, (3, 256, 256))
    traits = traits_of(data)
    settings = KINDS["vae"].resolve(KINDS["vae"].settings(network="mlp"), traits)
    with_free(monkeypatch, 1_000_000_000)
    forget_peak()
    before = peak_memory().get("peak_memory_mib", 0)  # Windows does not tell
    with pytest.raises(UserError, match=r'^the model has 79 million .* 1\.3 GB, .*: give network="conv", a smaller `'):
        built(settings, traits)
    assert peak_memory().get("peak_memory_mib", 0) < before + 100  # the first layer alone takes 300


@pytest.mark.parametrize("kind", ["vae", "autoencoder", "avb", "gan", "wgan"])
@pytest.mark.parametrize("shape", [(3, 48, 48), (40,)])
def test_what_layers_ask_for_are_the_weights(kind, shape, monkeypatch):
    """All but a few scales and means, and a copy that is averaged."""
    split = Split(torch.rand(50, *shape))
    traits = traits_of(Dataset("rows", split, split, split, data_shape=shape))
    settings = KINDS[kind].resolve(KINDS[kind].settings(), traits)
    model = KINDS[kind].build(settings, traits)
    weights = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    with_free(monkeypatch, round(1.01 * 16 * weights))
    built(settings, traits)
    with_free(monkeypatch, round(0.99 * 16 * weights))
    with pytest.raises(UserError, match="million weights at least"):
        built(settings, traits)


def test_ordinary_models_are_not_looked_at(monkeypatch):
    """No trial costs a start: what surely fits is let through."""
    monkeypatch.setattr(fits, "needed", None)
    with_free(monkeypatch, 8_000_000_000)
    data = pictures(600, (1, 28, 28))
    model, _, _ = composed("vae", data)
    check_memory(model, data, settle(TrainingConfig(steps=3), model, data))


def test_the_most_that_fits_is_a_power_of_two():
    need = Need(fixed=1000, each=10)
    for free in (1000, 1009, 1010, 1019, 1020, 1100, 5000):
        most = need.most(free)
        assert most == 0 or need.of(most) <= free < need.of(2 * most)
        assert most or need.of(1) > free


class TestFreeMemory:
    @pytest.fixture
    def system(self, tmp_path, monkeypatch):
        """A system of files that says 3 MB are available, and a container of it."""
        (tmp_path / "meminfo").write_text("MemTotal:  9000 kB\nMemFree: 10 kB\nMemAvailable:  3000 kB\n")
        (tmp_path / "membership").write_text("0::/box/inner\n")
        groups = tmp_path / "groups"
        (groups / "box" / "inner").mkdir(parents=True)
        for name, value in (("MEMINFO", "meminfo"), ("MEMBERSHIP", "membership"), ("CGROUPS", "groups")):
            monkeypatch.setattr(hardware, name, tmp_path / value)
        return tmp_path

    def test_what_is_available_is_what_the_system_says(self, system):
        assert free_memory(CPU) == 3000 * 1024

    def test_a_containers_share_goes_before_it(self, system):
        inner = system / "groups" / "box" / "inner"
        (inner / "memory.max").write_text("2000000\n")
        (inner / "memory.current").write_text("1500000\n")
        (inner / "memory.stat").write_text("anon 3\ninactive_file 200000\n")
        assert free_memory(CPU) == 2_000_000 - 1_500_000 + 200_000
        (inner / "memory.max").write_text("max\n")
        assert free_memory(CPU) == 3000 * 1024

    def test_where_nothing_tells_nothing_is_known(self, system, monkeypatch):
        (system / "meminfo").unlink()
        monkeypatch.setattr(hardware.os, "sysconf", lambda name: {"SC_AVPHYS_PAGES": 7, "SC_PAGE_SIZE": 4096}[name])
        assert free_memory(CPU) == 7 * 4096
        monkeypatch.delattr(hardware.os, "sysconf")
        assert free_memory(CPU) is None

"""Recorded turns have the bits of computed ones, and what cannot be recorded is computed: nothing else is promised."""

import math
import re

import numpy as np
import pytest
import torch
from torch import nn

import reparam
from catalogue import CATALOGUE
from helpers import small_data
from reparam.data import Dataset
from reparam.errors import UserError
from reparam.hardware import repeatable
from reparam.models import Batch
from reparam.models.model import Turn
from reparam.randomness import noise
from reparam.settings import TrainingConfig
from reparam.training import Silent
from reparam.training.loop import Loop
from reparam.training.moments import Moments
from reparam.training.replay import MOST, Graphs
from tape import Tapes

GPU = torch.cuda.is_available()
gpu = pytest.mark.skipif(not GPU, reason="no GPU here: CUDA graphs are not tried")
EVERY = CATALOGUE if GPU else CATALOGUE[::3]
"""The tape takes its time."""
RECORDERS = [
    pytest.param(lambda: Tapes(), "cpu", id="tape"),
    pytest.param(lambda: Graphs(torch.device("cuda", 0)), "cuda", id="cuda", marks=gpu),
]


def played(turns, within, batch, device, recorder, steps=12, precision="fp32", **settings):
    """What is left of so many steps: weights, buffers, and what the log would say; and the loop."""
    config = TrainingConfig(precision=precision, seed=3, **settings)
    loop = Loop(turns, batch, config, total=steps, steps_per_epoch=4, within=within, recorder=recorder)
    with noise(3, "training"), repeatable():
        for step in range(steps):
            loop.play(step)
    said = {name: value.clone() for name, value in loop.ledger.state().items()}
    return {**{name: value.cpu() for name, value in within.state_dict().items()}, **said}, loop


def assert_same(first, second):
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert torch.equal(value.cpu(), second[name].cpu()), name


def of_entry(entry, device, recorder, **settings):
    with noise(1, "weights"):
        model = entry.build().to(device)
    with noise(2, "data"):
        drawn = [entry.batch(model, 8) for _ in range(3)]

    def batch(index):
        one = drawn[index % 3]
        return one.x.to(device), None if one.y is None else one.y.to(device)

    return played(list(model.turns()), model, batch, device, recorder, **settings)


def why_not(entry):
    """What one turn leaves for another has its graph, which no recording holds."""
    return "turns of its step share what they compute" if "shared_samples" in entry.name else None


@pytest.mark.parametrize(("recorder", "device"), RECORDERS)
@pytest.mark.parametrize("entry", EVERY, ids=str)
def test_every_model_s_turns_are_recorded_with_the_same_bits(entry, recorder, device):
    computed, _ = of_entry(entry, device, None, gradient_clip=1.0)
    replayed, loop = of_entry(entry, device, recorder(), gradient_clip=1.0)
    refused = {turn: replay.refused for turn, replay in loop.updates.items()}
    assert refused == dict.fromkeys(refused, why_not(entry))
    assert_same(computed, replayed)


@pytest.mark.parametrize(("recorder", "device"), RECORDERS)
@pytest.mark.parametrize("entry", CATALOGUE[::9], ids=str)
def test_in_bf16_too(entry, recorder, device):
    computed, _ = of_entry(entry, device, None, precision="bf16")
    replayed, loop = of_entry(entry, device, recorder(), precision="bf16")
    refused = {turn: replay.refused for turn, replay in loop.updates.items()}
    assert refused == dict.fromkeys(refused, why_not(entry))
    assert_same(computed, replayed)


class Line(nn.Module):
    """A model of one turn with a loss of the test's own."""

    def __init__(self, loss):
        super().__init__()
        self.layer, self.loss, self.calls = nn.Linear(3, 2), loss, 0
        self.register_buffer("seen", torch.zeros(()))

    def turns(self):
        return [Turn("line", self.layer, lambda batch: {"loss": self.loss(self, batch)})]


def of_loss(loss, device, recorder, steps=24):
    with noise(1, "weights"):
        model = Line(loss).to(device)
    with noise(2, "data"):
        drawn = [torch.randn(8, 3).to(device) for _ in range(5)]
    return played(model.turns(), model, lambda index: (drawn[index % 5], None), device, recorder, steps)


def squares(model, batch):
    return (model.layer(batch.x) + torch.randn_like(model.layer(batch.x))).square().mean()


def counted(model, batch):
    model.seen += 1
    return squares(model, batch)


def replaced(model, batch):
    model.seen = model.seen + 1
    return squares(model, batch)


RECORDED = {
    "noise": (squares, 1),
    "a buffer": (counted, 1),
    "a weight": (lambda m, b: squares(m, b) * (1 - b.progress), 1),
    "a weight before": (lambda m, b: 0.5 ** (8 * b.progress) * squares(m, b), 1),
    "a warm-up": (lambda m, b: min(1.0, b.epoch / 3) * squares(m, b), 2),
    "an end": (lambda m, b: squares(m, b) + max(0.0, 1 - b.epoch / 2) * m.layer.weight.abs().sum(), 2),
    "now and then": (lambda m, b: squares(m, b) + (0 if b.step % 5 else m.layer.weight.square().sum()), 2),
    "torch's function": (lambda m, b: torch.mul(squares(m, b), b.epoch + 1), 1),
    "with a number of no dimension": (lambda m, b: squares(m, b).double().float() * b.progress + b.step, 1),
}
COMPUTED = {
    "waits": (lambda m, b: squares(m, b) / max(1.0, m.layer.weight.abs().sum().item()), "waits"),
    "a read number": (lambda m, b: squares(m, b) * math.cos(b.progress), "differently"),
    "numpy's noise": (lambda m, b: squares(m, b) * float(np.random.default_rng().random()), "not the same"),
    "Python's count": (lambda m, b: squares(m, b) * (setattr(m, "calls", m.calls + 1) or m.calls), "not the same"),
    "a key": (lambda m, b: squares(m, b) * {b.step: 2.0}[b.step], "unhashable"),
    "another buffer": (replaced, "not the same"),
    "too many": (lambda m, b: sum((squares(m, b) * b.progress for _ in range(20)), squares(m, b)), "20|16"),
}


@pytest.mark.parametrize(("recorder", "device"), RECORDERS)
@pytest.mark.parametrize("name", RECORDED)
def test_a_loss_may_depend_on_where_in_the_training_it_is(name, recorder, device):
    loss, recordings = RECORDED[name]
    computed, _ = of_loss(loss, device, None)
    replayed, loop = of_loss(loss, device, recorder())
    assert_same(computed, replayed)
    assert loop.updates["line"].refused is None
    assert len(loop.updates["line"]._recordings) == recordings


@pytest.mark.parametrize(("recorder", "device"), RECORDERS)
@pytest.mark.parametrize("name", COMPUTED)
def test_a_loss_that_cannot_be_recorded_is_computed(name, recorder, device):
    loss, why = COMPUTED[name]
    computed, _ = of_loss(loss, device, None)
    replayed, loop = of_loss(loss, device, recorder())
    assert loop.updates["line"].refused is not None
    assert re.search(why, loop.updates["line"].refused)
    if name not in ("numpy's noise", "Python's count"):  # those are the same with nothing
        assert_same(computed, replayed)


def test_a_loss_that_turns_into_another_one_is_found_out():
    """At the 4th, 8th, 16th ... recorded step: one that was trusted for long is no longer gone on with."""

    def loss(model, batch):
        model.calls += 1
        return squares(model, batch) * (2 if model.calls > 7 else 1)

    with pytest.raises(UserError, match=r"at step 9: a recorded step is not what the loss computes.*cuda_graphs=False"):
        of_loss(loss, "cpu", Tapes(), steps=40)


def test_batches_of_another_size_are_another_recording():
    with noise(1, "weights"):
        model = Line(squares)
    sizes = [8, 8, 8, 5] * 6
    drawn = [torch.randn(size, 3) for size in sizes]
    tapes = Tapes()
    played(model.turns(), model, lambda index: (drawn[index], None), "cpu", tapes, len(sizes))
    assert tapes.made == 2


def test_no_more_recordings_are_made_than_pay():
    tapes = Tapes()
    of_loss(COMPUTED["a read number"][0], "cpu", tapes)
    assert tapes.made == MOST


@pytest.mark.parametrize(
    "formula",
    [
        lambda s, e, p: e * 2 + s - p / 3,
        lambda s, e, p: (1 - p) ** 2 // 0.1,
        lambda s, e, p: -abs(2 - e) % 0.7 + (+s),
        lambda s, e, p: 2**e + s % 3 + 7 // (s + 1) + 7 % (s + 1) + 1 / (1 + e),
        lambda s, e, p: max(0.25, min(p, 0.75)) * (3 if s > 5 else 4) * (1 if e <= 2 else 5),
        lambda s, e, p: round(p) + int(e) + (s == 7) + (s != 7) * 2 + (p >= 0.5) + (not s),
    ],
)
def test_numbers_are_what_they_stand_for(formula):
    """Told of one step, they give at every other what plain numbers give, or say that they do not suit it."""
    rng = np.random.default_rng()
    moments = Moments(torch.device("cpu"))
    x = torch.ones((), dtype=torch.float64)
    told = moments.told(Batch(x, None, 6, 1.5, 0.6))
    held = x * formula(told.step, told.epoch, told.progress)
    suited = 0
    for _ in range(200):
        here = Batch(x, None, int(rng.integers(0, 12)), float(rng.random() * 4), float(rng.random()))
        if moments.suit(here):
            moments.move(here)
            suited += 1
            again = moments.told(here)
            assert (x * formula(again.step, again.epoch, again.progress)).item() == formula(
                here.step, here.epoch, here.progress
            )
        moments._slots = moments._slots[:1]
    assert isinstance(held, torch.Tensor)


@gpu
def test_a_recording_that_fails_leaves_the_device_as_it_was():
    def loss(model, batch):
        torch.cuda.synchronize()
        return squares(model, batch)

    computed, _ = of_loss(loss, "cuda", None)
    replayed, loop = of_loss(loss, "cuda", Graphs(torch.device("cuda", 0)))
    assert loop.updates["line"].refused
    assert_same(computed, replayed)


@gpu
@pytest.mark.parametrize(
    ("kind", "settings"), [("vae", {}), ("gan", {}), ("wgan", {}), ("gan", {"network": "conv", "width": 4})]
)
def test_a_training_has_the_same_bits_recorded_or_computed(kind, settings):
    data = Dataset.of(torch.rand(200, 1, 8, 8))
    runs = [
        reparam.fit(kind, data, device="cuda", steps=40, seed=1, progress=Silent(), cuda_graphs=graphs, **settings)
        for graphs in (True, False, True)
    ]
    first, *others = (run.model.state_dict() for run in runs)
    for other in others:
        assert_same(first, other)


def test_a_run_may_go_on_with_or_without_graphs(tmp_path):
    """They change no bit: every other setting that differs is refused."""
    data = small_data()
    kinds = {"latent_dim": 2, "hidden": (8,), "seed": 1, "steps": 6, "progress": Silent()}
    whole = reparam.fit("vae", data, **kinds)

    class Half(reparam.training.Callback):
        def step(self, session):
            if session.step == 3:
                session.interruption.asked = True

    with pytest.raises(reparam.training.interrupt.Interrupted):
        reparam.fit("vae", data, tmp_path / "run", callbacks=[Half()], **kinds)
    with pytest.raises(UserError, match="weight_decay"):
        reparam.fit("vae", data, tmp_path / "run", resume=True, weight_decay=0.1, **kinds)
    run = reparam.fit("vae", data, tmp_path / "run", resume=True, cuda_graphs=False, **kinds)
    assert_same(whole.model.state_dict(), run.model.state_dict())

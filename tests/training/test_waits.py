"""No step waits for a value from the device: the processor runs ahead, and the device is never idle for it."""

import copy

import pytest
import torch
from torch.utils._pytree import tree_leaves

from catalogue import CATALOGUE, Entry
from reparam.kinds import GANConfig, WGANConfig, build_model
from reparam.models import Batch
from reparam.models.protocols import Decodes, Encodes, Evaluates, HasPrior, Means, Samples, Watches, can
from reparam.models.traits import Traits
from reparam.settings import TrainingConfig
from reparam.training.loop import Loop
from reparam.training.waits import Waits


def _points(kind):
    """A game in the data's units, which lie on the processor."""
    traits = Traits(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))
    return Entry(f"{kind.__name__}-points", lambda: build_model(kind(), (2,), traits), binary=False)


EVERY = [*CATALOGUE, _points(GANConfig), _points(WGANConfig)]


def loop_of(model, entry, device, precision):
    drawn = entry.batch(model, 8)
    batch = drawn.x.to(device), None if drawn.y is None else drawn.y.to(device)
    # where no device computes, there is no fused optimizer either
    optimizer = "rmsprop" if device == "meta" else None
    rate = 1e-3 if optimizer else None
    config = TrainingConfig(precision=precision, gradient_clip=1.0, optimizer=optimizer, learning_rate=rate)
    return Loop(model.turns(), lambda index: batch, config, total=10, steps_per_epoch=5, within=model)


@pytest.mark.parametrize("entry", EVERY, ids=str)
@pytest.mark.parametrize(("device", "precision"), [("cpu", "bf16"), ("meta", "fp32")])
def test_a_step_reads_nothing_from_the_device_and_copies_nothing_to_it(entry, device, precision):
    """On the processor every operation is seen; on `meta`, which computes nothing, every copy between devices is."""
    loop = loop_of(entry.build().to(device), entry, device, precision)
    loop.play(0)  # the first may: constants are put where they are needed
    with Waits() as waits:
        loop.play(1)
    assert waits.found == []


ABILITIES = {
    "sample": ((Samples,), lambda model, batch: model.sample(4)),
    "mean": ((Means,), lambda model, batch: model.mean(4)),
    "encode": ((Encodes,), lambda model, batch: model.encode(batch.x).sample()),
    "decode": ((Encodes, Decodes), lambda model, batch: model.decode(model.encode(batch.x).sample()).log_prob(batch.x)),
    "prior": ((HasPrior,), lambda model, batch: model.prior.log_prob(model.prior.sample((4,)))),
    "evaluate": ((Evaluates,), lambda model, batch: model.evaluate(batch)),
    "watch": ((Watches,), lambda model, batch: model.watch(batch)),
}
"""What a model is asked for beside its training, by what it takes to be asked."""


@pytest.mark.parametrize("entry", EVERY, ids=str)
def test_whatever_a_model_can_do_stays_on_its_device(entry):
    """No copy from or to another device; what comes back lies where the model is. `meta` refuses to be read, too."""
    model = entry.build()
    drawn, model = entry.batch(model, 8), model.to("meta").eval()
    batch = Batch(drawn.x.to("meta"), None if drawn.y is None else drawn.y.to("meta"))
    asked = {name: ask for name, (needs, ask) in ABILITIES.items() if all(can(model, need) for need in needs)}
    assert asked
    for name, ask in asked.items():
        ask(model, batch)  # the first may: constants are put where they are needed
        with Waits() as waits:
            got = ask(model, batch)
        where = {leaf.device.type for leaf in tree_leaves(got)}
        assert (name, waits.found, where) == (name, [], {"meta"})


@pytest.mark.parametrize(
    "wait",
    [
        lambda x: x.sum().item(),
        lambda x: bool((x > 0).any()),
        lambda x: x[x > 0],
        lambda x: (x > 0).nonzero(),
        lambda x: torch.tensor([1.0, 2.0]),
        lambda x: torch.equal(x, x),
    ],
)
def test_waits_are_found_on_the_processor(wait):
    with Waits() as waits:
        wait(torch.ones(3))
    assert waits.found


@pytest.mark.parametrize("copy_over", [lambda x, there: there.to(x), lambda x, there: x.copy_(there)])
def test_and_copies_between_devices(copy_over):
    with Waits() as waits:
        copy_over(torch.ones(3, device="meta"), torch.ones(3))
    assert waits.found


def average_of(model):
    return [parameter.clone() for parameter in model.averaged.parameters()]


def test_an_average_goes_on_where_its_checkpoint_was():
    """The number of updates is counted beside the buffer: loading, moving and copying a game must carry it along."""
    entry = next(entry for entry in CATALOGUE if entry.name.startswith("gan") and "loss" not in entry.name)
    with torch.random.fork_rng():
        model = entry.build()
        other = entry.build()
        loop = loop_of(model, entry, "cpu", "fp32")
        for step in range(3):
            loop.play(step)
    other.load_state_dict(model.state_dict())
    assert (model._updates, int(model.updates)) == (3, 3)
    games = (model, other, copy.deepcopy(model))
    after = [list(game.turns())[1].after for game in games]
    for move in after:
        move()
    for game in games:
        assert (game._updates, int(game.updates)) == (4, 4)
        assert all(map(torch.equal, average_of(game), average_of(model)))

"""What running means that shrink to denormal numbers cost a training, and what setting them to zero gives back.

    .venv/bin/python recipes/denormals.py                       # about three minutes
    .venv/bin/python recipes/denormals.py --of vae --steps 4000

For stretches of 400 steps at batch 128 on MNIST, with what a training does every 64 steps and without it, in turns:
milliseconds of processor time for a step, and how many of the numbers that the update rule keeps are denormal at the
stretch's end. And whether the weights are the same, bit for bit.
"""

import argparse
import platform
import time
from collections.abc import Mapping

import torch

import reparam
from reparam.data import Batches
from reparam.hardware import vendor
from reparam.kinds import GANConfig, VAEConfig, WGANConfig, build_model
from reparam.models.traits import Traits
from reparam.randomness import noise
from reparam.settings import ModelConfig, TrainingConfig
from reparam.training import loop as loops
from reparam.training.resolve import settle

MODELS: Mapping[str, ModelConfig] = {
    "vae": VAEConfig(likelihood="bernoulli"),
    "gan": GANConfig(),
    "wgan": WGANConfig(),
}
STRETCH, BATCH = 400, 128


def loop_of(config: ModelConfig, steps: int) -> loops.Loop:
    """A training that has not begun."""
    data = reparam.load_data("mnist", binarization="dynamic" if config.kind == "vae" else "none")
    with noise(0, "weights"):
        model = build_model(config, data.data_shape, Traits(data_shape=data.data_shape, range=data.range)).train()
    training = settle(TrainingConfig(batch_size=BATCH, steps=steps), model, data)
    batches = Batches(data.train, data, BATCH, 0, torch.device("cpu"))
    return loops.Loop(model.turns(), batches, training, steps, within=model)


def milliseconds(loop: loops.Loop, first: int, every: int) -> float:
    """Of processor time for each step of a stretch, what is kept being looked at every so many."""
    loops.EVERY = every
    begun = time.process_time()
    for step in range(first, first + STRETCH):
        loop.play(step)
    return (time.process_time() - begun) / STRETCH * 1e3


def denormal(loop: loops.Loop) -> float:
    """The share of the numbers that the update rules keep."""
    kept = [
        tensor
        for optimizer in loop.optimizers.values()
        for state in optimizer.state_dict()["state"].values()
        for name, tensor in state.items()
        if name != "step"
    ]
    small = sum(int(((one != 0) & (one.abs() < torch.finfo(one.dtype).tiny)).sum()) for one in kept)
    return small / sum(one.numel() for one in kept)


def weights(loop: loops.Loop) -> list[torch.Tensor]:
    """Of all that the turns move."""
    return [parameter for moved in loop.parameters.values() for parameter in moved]


def main() -> None:
    """Train side by side, and print a table for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--of", choices=MODELS, nargs="+", default=list(MODELS))
    parser.add_argument("--steps", type=int, default=2400)
    asked = parser.parse_args()
    print(f"{vendor()}, {platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    every, never = loops.EVERY, 10**9
    for name in asked.of:
        cleared, left = loop_of(MODELS[name], asked.steps), loop_of(MODELS[name], asked.steps)
        print(f"\n{name}, {cleared.config.precision}")
        print("| steps | ms a step | left as they are | share denormal | left as they are |\n|---|---|---|---|---|")
        for first in range(0, asked.steps - STRETCH + 1, STRETCH):
            times = milliseconds(cleared, first, every), milliseconds(left, first, never)
            shares = denormal(cleared), denormal(left)
            cells = [
                f"{first:,} to {first + STRETCH:,}",
                *(f"{one:.2f}" for one in times),
                *(f"{s:.2%}" for s in shares),
            ]
            print(f"| {' | '.join(cells)} |", flush=True)
        same = all(map(torch.equal, weights(cleared), weights(left)))
        print(f"weights after {asked.steps:,} steps: {'the same bits' if same else 'not the same bits'}")


if __name__ == "__main__":
    main()

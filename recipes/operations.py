"""How many operations PyTorch dispatches in a training step, and how many of them compute what.

    .venv/bin/python recipes/operations.py                   # half a minute
    .venv/bin/python recipes/operations.py --of gan          # where those of one model come from, line by line

Counts, not times: they are the same on every machine that multiplies by the same library, and under any load. Batches
of 64 MNIST images.
"""

import argparse
import traceback
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

import reparam
from reparam.data import Batches
from reparam.kinds import GANConfig, VAEConfig, WGANConfig, build_model
from reparam.models.traits import Traits
from reparam.settings import ModelConfig, TrainingConfig
from reparam.training.loop import Loop
from reparam.training.resolve import settle

MODELS: Mapping[str, ModelConfig] = {
    "gan": GANConfig(),
    "gan, shared samples": GANConfig(shared_samples=True),
    "gan-plain": GANConfig(loss="non-saturating", average=0.0),
    "gan-plain, shared samples": GANConfig(loss="non-saturating", average=0.0, shared_samples=True),
    "wgan": WGANConfig(),
    "gan-conv": GANConfig(network="conv"),
    "gan-conv, shared samples": GANConfig(network="conv", shared_samples=True),
    "vae": VAEConfig(likelihood="bernoulli"),
    "vae-residual": VAEConfig(likelihood="bernoulli", network="residual"),
}
GROUPS = {
    "products": ("mm", "addmm", "_linear_pointwise", "bmm", "convolution", "convolution_backward"),
    "updates": ("_fused_adam_", "addcmul_", "addcdiv_", "sqrt"),
    "copies": ("copy_", "clone", "_to_copy", "cat", "stack"),
    "views": ("view", "t", "expand", "slice", "select", "unsqueeze", "split", "as_strided", "detach", "alias"),
}
"""The rest is arithmetic of losses and activations."""
BATCH = 64


class Counted(TorchDispatchMode):
    """Each operation by its name and the line of ours that asked for it."""

    def __init__(self) -> None:
        super().__init__()
        self.names, self.places = Counter[str](), Counter[tuple[str, str]]()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = function.overloadpacket.__name__
        ours = [frame for frame in traceback.extract_stack() if f"{Path(reparam.__file__).parent}" in frame.filename]
        place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "?"
        self.names[name] += 1
        self.places[place, name] += 1
        return function(*args, **(kwargs or {}))


def loop_of(config: ModelConfig, precision: Literal["fp32", "bf16"], products: Literal["auto", "torch"]) -> Loop:
    """A training that has played two steps."""
    data = reparam.load_data("mnist", binarization="dynamic" if config.kind == "vae" else "none")
    model = build_model(config, data.data_shape, Traits(data_shape=data.data_shape, range=data.range)).train()
    training = settle(TrainingConfig(batch_size=BATCH, steps=100, precision=precision, products=products), model, data)
    batches = Batches(data.train, data, BATCH, 0, torch.device("cpu"))
    loop = Loop(model.turns(), batches, training, 100, within=model)
    loop.play(0)
    loop.play(1)
    return loop


def counted(config: ModelConfig, precision: Literal["fp32", "bf16"]) -> Counted:
    """The operations of the third step."""
    loop = loop_of(config, precision, "auto")
    with Counted() as found:
        loop.play(2)
    return found


def multiplied(config: ModelConfig) -> float:
    """Millions of multiplications with an addition in a step, of products and convolutions, for each example."""
    loop = loop_of(config, "fp32", "torch")  # whose products the counter knows
    with FlopCounterMode(display=False) as counter:
        loop.play(2)
    return counter.get_total_flops() / 2e6 / BATCH


def group_of(name: str) -> str:
    """What sort of operation it is."""
    exact = {known: group for group, names in GROUPS.items() for known in names}
    return exact.get(name) or ("updates" if name.startswith("_foreach_") else "arithmetic")


def main() -> None:
    """Print a table, or the lines of one model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--of", choices=MODELS, help="list where this model's come from")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32", help="of that list")
    chosen = parser.parse_args()
    if chosen.of:
        for (place, name), times in counted(MODELS[chosen.of], chosen.precision).places.most_common():
            print(f"{times:5} {place:<24} {name}")
        return
    columns = [*GROUPS, "arithmetic"]
    print(f"| model | precision | operations | {' | '.join(columns)} | multiply-adds an example, millions |")
    print(f"|{'---|' * (4 + len(columns))}")
    for label, config in MODELS.items():
        work = multiplied(config)
        for precision in ("fp32", "bf16"):
            names = counted(config, precision).names  # type: ignore[arg-type]
            sizes = Counter[str]()
            for name, times in names.items():
                sizes[group_of(name)] += times
            cells = " | ".join(str(sizes[column]) for column in columns)
            print(f"| {label} | {precision} | {names.total()} | {cells} | {work:.2f} |")


if __name__ == "__main__":
    main()

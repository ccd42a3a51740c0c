"""How fast this processor multiplies for linear layers, by PyTorch's usual library and by oneDNN.

    .venv/bin/python recipes/products.py            # half a minute

The three products of each layer of the 784-400-20 VAE (forward, for the input's gradient, for the weight's), float32,
in GFLOP/s: the best of five rounds. Then steps per second of its training with either, in rotation.
"""

import platform
import statistics
import time
from collections.abc import Callable

import torch

import reparam
from reparam.data import Batches
from reparam.hardware import flushed_denormals, vendor
from reparam.kinds import VAEConfig, build_model
from reparam.models.traits import Traits
from reparam.networks.products import product, usual_products
from reparam.settings import TrainingConfig
from reparam.training.loop import Loop
from reparam.training.resolve import settle

LAYERS, BATCHES = ((784, 400), (400, 40), (20, 400), (400, 784)), (128, 256)


def seconds(action: Callable[[], object], times: int = 50, rounds: int = 5) -> float:
    """Of one call, in the fastest round."""
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(times):
            action()
        found.append((time.perf_counter() - start) / times)
    return min(found)


def both(a: torch.Tensor, b: torch.Tensor) -> str:
    """GFLOP/s of a @ b.T by either."""
    work = 2e-9 * a.shape[0] * a.shape[1] * b.shape[0]
    return f"{work / seconds(lambda: a @ b.t()):.0f}, {work / seconds(lambda: product(a, b)):.0f}"


def table_of_products() -> None:
    """A row for each layer and batch."""
    print("| batch | layer | " + " | ".join(f"{what}: torch, oneDNN" for what in ("x Wᵀ", "g W", "gᵀ x")) + " |")
    print("|---|---|---|---|---|")
    for batch in BATCHES:
        for before, after in LAYERS:
            x, weight, g = torch.randn(batch, before), torch.randn(after, before), torch.randn(batch, after)
            cells = [both(a, b) for a, b in ((x, weight), (g, weight.t()), (g.t(), x.t()))]
            print(f"| {batch} | {before} to {after} | " + " | ".join(cells) + " |")


def steps_per_second(products: str, batch: int, lasts: float = 2.0) -> float:
    """Of a training in float32."""
    data, total = reparam.load_data("mnist", binarization="dynamic"), 100_000
    model = build_model(VAEConfig(likelihood="bernoulli"), data.data_shape, Traits(data_shape=data.data_shape)).train()
    asked = TrainingConfig(batch_size=batch, steps=total, precision="fp32", products=products)
    config = settle(asked, model, data)
    loop = Loop(model.turns(), Batches(data.train, data, batch, 0, torch.device("cpu")), config, total, within=model)
    with flushed_denormals():
        for step in range(10):
            loop.play(step)
        start = time.perf_counter()
        while time.perf_counter() - start < lasts:
            step += 1
            loop.play(step)
        return (step - 9) / (time.perf_counter() - start)


def main() -> None:
    """Print both tables."""
    capability = torch.backends.cpu.get_cpu_capability()
    print(
        f"{vendor()}, {platform.machine()}, {capability}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    )
    print(f'products="auto" is {usual_products(torch.device("cpu"))} here\n')
    table_of_products()
    print("\n| batch | steps/s: torch | oneDNN | ratio |\n|---|---|---|---|")
    for batch in BATCHES:
        rounds = [[steps_per_second(products, batch) for products in ("torch", "onednn")] for _ in range(3)]
        usual, other = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"| {batch} | {usual:.0f} | {other:.0f} | {other / usual:.2f} |")


if __name__ == "__main__":
    main()

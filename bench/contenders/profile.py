"""(f) What a step of reparam's takes besides its matrix products: the profiler's own times, in parts."""

from bench.contenders.common import options, report

chosen = options(__doc__)

import time  # noqa: E402

from torch.profiler import ProfilerActivity, profile  # noqa: E402

from bench.contenders.ours import prepared  # noqa: E402
from bench.mnist import TRAIN  # noqa: E402
from reparam.data import Batches  # noqa: E402
from reparam.hardware import flushed_denormals  # noqa: E402
from reparam.training.loop import Loop  # noqa: E402
from reparam.training.resolve import settle  # noqa: E402

WARMUP, STEPS, TOTAL = 20, 100, 100_000
PARTS = {
    "products": ("aten::mm", "aten::addmm", "aten::bmm", "mkldnn::_linear_pointwise", "reparam::product"),
    "optimizer": ("aten::_fused_adam_", "aten::_foreach_add_"),
    "gradient norms": ("aten::linalg_vector_norm", "aten::_foreach_norm"),
    "conversions and copies": ("aten::copy_", "aten::clone", "aten::cat"),
    "compiled loops": ("Torch-Compiled", "CompiledFunction", "Inductor"),
}
OTHER = "other operations"


def part_of(name: str) -> str:
    """The part that an operation's own time counts to."""
    return next((part for part, names in PARTS.items() if name.startswith(names)), OTHER)


def milliseconds() -> dict[str, float]:
    """Of a step: what the clock says without a profiler, and then each part by the profiler."""
    model, data, config = prepared(steps=TOTAL)
    training = settle(config.training, model.train(), data)
    loop = Loop(
        model.turns(), Batches(data.train, data, chosen.batch, 0), training, TOTAL, TRAIN // chosen.batch, within=model
    )
    with flushed_denormals():
        start = time.perf_counter()
        loop.play(0)
        first = 1000 * (time.perf_counter() - start)
        for step in range(1, WARMUP):
            loop.play(step)
        start = time.perf_counter()
        for step in range(WARMUP, WARMUP + STEPS):
            loop.play(step)
        told = {"a step, the first": first, "a step": 1000 * (time.perf_counter() - start) / STEPS}
        with profile(activities=[ProfilerActivity.CPU]) as found:
            start = time.perf_counter()
            for step in range(WARMUP + STEPS, WARMUP + 2 * STEPS):
                loop.play(step)
            whole = 1000 * (time.perf_counter() - start) / STEPS
    for event in found.key_averages():
        part = part_of(event.key)
        told[part] = told.get(part, 0.0) + event.self_cpu_time_total / 1000 / STEPS
    inside = sum(value for part, value in told.items() if not part.startswith("a step"))
    return told | {"between operations": max(0.0, whole - inside), "a step under the profiler": whole}


def main() -> None:
    report(chosen, ("reparam", "torch"), milliseconds=milliseconds())


if __name__ == "__main__":
    main()

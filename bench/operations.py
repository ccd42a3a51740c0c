"""What the time of a step goes to, from torch's profiler: operations put together by what they do."""

from collections.abc import Iterable
from typing import Any

GROUPS = {
    "convolutions": ("convolution", "conv2d", "slow_conv"),
    "matrix products": ("::mm", "addmm", "bmm", "linear", "_product"),
    "normalization": ("batch_norm", "layer_norm"),
    "updates": ("adam", "foreach", "rmsprop", "sgd"),
    "noise": ("normal_", "random_", "uniform_", "bernoulli", "randperm"),
    "copies and casts": (
        *("copy_", "clone", "contiguous", "::to", "_to_copy", "cat", "stack", "reorder", "fill_", "zero_", "empty"),
    ),
    "activations and losses": (
        *("relu", "sigmoid", "softplus", "exp", "log", "tanh", "threshold", "mean", "sum", "norm", "lerp", "clamp"),
        *("::mul", "::add", "::sub", "::neg", "::div", "pow", "square", "sqrt"),
    ),
}
"""In this order: the first of whose words one is in an operation's name."""
REST = "everything else"


def group_of(name: str) -> str:
    """What an operation does.

    >>> group_of("aten::mkldnn_convolution"), group_of("aten::addmm"), group_of("aten::_fused_adam_")
    ('convolutions', 'matrix products', 'updates')
    """
    return next((group for group, words in GROUPS.items() if any(word in name.lower() for word in words)), REST)


def grouped(events: Iterable[Any], steps: int) -> dict[str, float]:
    """Milliseconds a step of each group, its own time without that of operations within."""
    found = dict.fromkeys([*GROUPS, REST], 0.0)
    for event in events:
        found[group_of(event.key)] += event.self_cpu_time_total / 1e3 / steps
    return found

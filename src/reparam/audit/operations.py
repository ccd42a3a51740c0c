"""What the audit knows of PyTorch's operations: which draw, which only look at shapes, which gradients are zero."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch

Op = Any  # torch._ops.OpOverload, which has no public name

# the result depends on the shape and type of what is given, not on its content
SHAPE_ONLY = frozenset(
    [
        "empty_like",
        "zeros_like",
        "ones_like",
        "full_like",
        "rand_like",
        "randn_like",
        "randint_like",
        "new_empty",
        "new_zeros",
        "new_ones",
        "new_full",
        "new_empty_strided",
        "sym_size",
        "sym_numel",
        "sym_stride",
        "is_same_size",
        "empty_strided",
        "set_",
        "resize_",
        "_assert_tensor_metadata",
        "record_stream",
    ]
)
# in place, and nothing of the old content is left
OVERWRITES = frozenset(
    [
        "fill_",
        "zero_",
        "copy_",
        "normal_",
        "uniform_",
        "bernoulli_",
        "exponential_",
        "geometric_",
        "cauchy_",
        "log_normal_",
        "random_",
        "set_",
    ]
)
# draw though PyTorch does not tag them so
UNTAGGED_DRAWS = frozenset(["_sample_dirichlet", "binomial", "random_", "random"])
# draw only if this argument is positive
ON_CONDITION = {
    "_scaled_dot_product_flash_attention_for_cpu": "dropout_p",
    "_scaled_dot_product_flash_attention": "dropout_p",
    "_scaled_dot_product_efficient_attention": "dropout_p",
    "_scaled_dot_product_cudnn_attention": "dropout_p",
    "_scaled_dot_product_fused_attention_overrideable": "dropout_p",
    "_flash_attention_forward": "dropout_p",
    "_efficient_attention_forward": "dropout_p",
    "native_dropout": "p",
    "rrelu_with_noise": "training",
    "rrelu_with_noise_": "training",
    "rrelu_with_noise_functional": "training",
    "_cudnn_rnn": "dropout",
}
# a product of two of its inputs: where a log-probability may meet its reward
PRODUCTS = frozenset(
    [
        "mul",
        "mm",
        "bmm",
        "mv",
        "dot",
        "vdot",
        "addcmul",
        "addmm",
        "addmv",
        "baddbmm",
    ]
)
# a log-probability with a weight for each entry inside of one operation
WEIGHTED = frozenset(["binary_cross_entropy", "binary_cross_entropy_with_logits"])
LAYERS = frozenset(["mm", "bmm", "mv", "dot", "addmm", "addmv", "baddbmm", "linear", "linalg_vecdot"])
SCALINGS = frozenset(["mul", "div", "addcmul", "addcdiv"])
CASTS = frozenset(["_to_copy", "clone", "contiguous", "lift_fresh", "alias"])
COMPARISONS = frozenset(["lt", "le", "gt", "ge", "eq", "ne"])
SQUASHES = frozenset(["_softmax", "_log_softmax", "sigmoid", "log_sigmoid_forward", "logsumexp"])

# take a part of their input that something discrete chooses; a product with a mask does, too
SELECTORS = frozenset(
    [
        "mul",
        "where",
        "gather",
        "index",
        "index_select",
        "take",
        "take_along_dim",
        "masked_fill",
        "masked_scatter",
        "masked_select",
    ]
)
# rearrange without mixing
ARRANGEMENTS = frozenset(
    [
        "index",
        "index_select",
        "gather",
        "flip",
        "roll",
        "cat",
        "stack",
        "slice_scatter",
        "constant_pad_nd",
        "repeat",
        "tril",
        "triu",
    ]
)
STAIRS = frozenset(["round", "floor", "ceil", "trunc", "sign", "heaviside"])

# autograd nodes whose formula returns zeros whatever they are given (tested one by one)
ZERO_GRADIENTS = (
    "NormalBackward",
    "BernoulliBackward",
    "PoissonBackward",
    "ExponentialBackward",
    "GeometricBackward",
    "CauchyBackward",
    "LogNormalBackward",
    "RandomBackward",
    "UniformBackward",
    "RoundBackward",
    "FloorBackward",
    "CeilBackward",
    "TruncBackward",
    "SignBackward",
)


@dataclass(frozen=True)
class Traits:
    """What the recorder asks of an operation, answered once."""

    name: str
    draws: bool
    condition: str | None
    shape_only: bool
    overwrites: bool
    pointwise: bool
    arranges: bool
    compares: bool
    written: tuple[str, ...]
    arguments: tuple[str, ...]


@lru_cache(maxsize=4096)
def traits(op: Op) -> Traits:
    """The traits of an operation."""
    name = op._schema.name.rpartition("::")[2]
    base = name.removesuffix("_")
    written = tuple(a.name for a in op._schema.arguments if a.alias_info is not None and a.alias_info.is_write)
    return Traits(
        name=name,
        draws=torch.Tag.nondeterministic_seeded in op.tags or name in UNTAGGED_DRAWS,
        condition=ON_CONDITION.get(name),
        shape_only=name in SHAPE_ONLY,
        overwrites=name in OVERWRITES or "out" in written,
        pointwise=torch.Tag.pointwise in op.tags or base in CASTS or name in OVERWRITES,
        arranges=base in ARRANGEMENTS,
        compares=base in COMPARISONS,
        written=written,
        arguments=tuple(a.name for a in op._schema.arguments),
    )


def has_zero_gradient(node_name: str) -> bool:
    """Whether the autograd node of this name returns zeros by its formula.

    >>> has_zero_gradient("NormalBackward1"), has_zero_gradient("MulBackward0")
    (True, False)
    """
    return node_name.rstrip("0123456789") in ZERO_GRADIENTS or node_name.endswith("NotImplemented")

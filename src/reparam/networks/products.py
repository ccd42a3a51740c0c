"""Which library multiplies for linear layers while a model trains: PyTorch's usual one, or oneDNN.

PyTorch takes the float32 products of linear layers from MKL, which keeps its widest instructions for its maker's own
processors; oneDNN, which is there as well, uses what a processor has (``recipes/products.py`` measures both). Which of
them decides how sums round, so that it is a setting of a training, and never what judges a model.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from reparam.hardware import vendor

Products = Literal["torch", "onednn"]
WIDE = 64
"""Products with a side less than that are left to PyTorch: oneDNN takes as long or longer for them."""


def usual_products(device: torch.device) -> Products:
    """The faster library on this processor, by who made it; never by a measurement, which noise decides.

    >>> usual_products(torch.device("cuda"))
    'torch'
    """
    own = vendor() == "GenuineIntel"
    wide = torch.backends.cpu.get_cpu_capability() == "AVX512"
    return "onednn" if device.type == "cpu" and wide and not own and has_onednn() else "torch"


def has_onednn() -> bool:
    """Whether this PyTorch can be asked for oneDNN's product.

    >>> has_onednn() in (True, False)
    True
    """
    return torch._C._has_mkldnn and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def multiplied_by(products: Products, *modules: nn.Module) -> AbstractContextManager[object]:
    """Within the block the linear layers of modules take their products from that library, in both directions.

    It can be entered as often as one likes. What is no plain float32 on the CPU is left as it is: autocast, other
    devices, transforms of ``torch.func``.

    Args:
        products: which library.
        modules: all that is trained by it; subclasses of ``nn.Linear`` and layers with a ``forward`` of their own
            are not touched.
    """
    return nullcontext() if products == "torch" else _Multiplied(modules)


class _Multiplied:
    """The layers are looked for once: a training enters the block at each step."""

    def __init__(self, modules: Iterable[nn.Module]) -> None:
        found = dict.fromkeys(layer for module in modules for layer in module.modules() if type(layer) is nn.Linear)
        # a layer's function is the same at each step: what is compiled asks whether it is the one that it knows
        self._ways = [(vars(layer), partial(linear, layer)) for layer in found]
        self._taken: list[list[dict[str, Any]]] = []

    def __enter__(self) -> None:
        self._taken.append([])
        for names, way in self._ways:
            if "forward" not in names:
                names["forward"] = way
                self._taken[-1].append(names)

    def __exit__(self, *_: object) -> None:
        for names in self._taken.pop():
            del names["forward"]


def linear(layer: nn.Linear, x: Tensor) -> Tensor:
    """What the layer gives, by oneDNN where it serves: ``(..., in)`` to ``(..., out)``.

    >>> layer = nn.Linear(70, 80)
    >>> bool((linear(layer, torch.ones(90, 70)) - layer(torch.ones(90, 70))).abs().max() < 1e-4)
    True
    """
    if not _plain(x):
        return functional.linear(x, layer.weight, layer.bias)
    if x.dim() > 2:
        return linear(layer, x.reshape(-1, x.shape[-1])).view(*x.shape[:-1], layer.out_features)
    # rows are no view of anything: what rectifies a view in place copies all of it three times on the way back
    product: Tensor = _Product.apply(x, layer.weight)  # type: ignore[no-untyped-call]
    return product if layer.bias is None else product.add_(layer.bias)


def _plain(x: Tensor) -> bool:
    """Whether it is a float32 tensor on the CPU that nothing else wants to compute with."""
    return (
        type(x) is Tensor
        and x.dtype == torch.float32
        and x.device.type == "cpu"
        and x.dim() > 1
        and not torch.is_autocast_enabled("cpu")
        and not torch._C._are_functorch_transforms_active()
    )


class _Product(torch.autograd.Function):
    """``a @ b.T`` of ``(n, k)`` and ``(m, k)``, often differentiable: its gradients are such products."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor) -> Tensor:
        """The product."""
        ctx.save_for_backward(a, b)
        return product(a, b)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Of g ``(n, m)``: g @ b and g.T @ a."""
        (gradient,), (a, b) = gradients, ctx.saved_tensors
        # only a gradient of this gradient needs another node of the graph
        apply: Callable[[Tensor, Tensor], Tensor] = _Product.apply if torch.is_grad_enabled() else product
        return (
            apply(gradient, b.t()) if ctx.needs_input_grad[0] else None,
            apply(gradient.t(), a.t()) if ctx.needs_input_grad[1] else None,
        )


def product(a: Tensor, b: Tensor) -> Tensor:
    """``a @ b.T`` of ``(n, k)`` and ``(m, k)``, by the library that is the faster one for the shape.

    >>> product(torch.ones(2, 3), torch.ones(4, 3)).shape
    torch.Size([2, 4])
    """
    if min(*a.shape, *b.shape) < WIDE or 0 in (*a.stride(), *b.stride()):
        return a @ b.t()
    compiling = torch.compiler.is_compiling()
    found: Tensor = torch.ops.reparam.product(a, b) if compiling else _by_onednn(a, b)
    return found


def _by_onednn(a: Tensor, b: Tensor) -> Tensor:
    """The same by oneDNN alone."""
    found: Tensor = torch.ops.mkldnn._linear_pointwise(a, b, None, "none", [], "")
    return found


def _like_a_product(a: Tensor, b: Tensor) -> Tensor:
    """What a compiler has to know of it."""
    return a.new_empty(a.shape[0], b.shape[0])


# PyTorch's compiler has a lowering of oneDNN's linear layer, which packs weights as if they stood still: for it the
# product is an operation of ours, which it calls as it is
_OURS = torch.library.Library("reparam", "FRAGMENT")  # type: ignore[no-untyped-call]
_OURS.define("product(Tensor a, Tensor b) -> Tensor")  # type: ignore[no-untyped-call]
_OURS.impl("product", _by_onednn, "CPU")  # type: ignore[no-untyped-call]
torch.library.register_fake("reparam::product", _like_a_product, lib=_OURS)

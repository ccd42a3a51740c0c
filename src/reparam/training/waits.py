"""What makes the processor wait for a device: reads, sizes that only the device knows, copies from one to another."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

READS = {"_local_scalar_dense", "equal", "is_nonzero"}
"""What reads a value from the device."""
SIZES = {"nonzero", "masked_select", "_unique2", "unique_dim", "unique_consecutive", "bincount"}
"""What makes a tensor whose size only the device knows."""


class Waits(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Lists the operations within the block that make the processor wait for the device.

    >>> with Waits() as waits:
    ...     _ = torch.ones(3).sum().item()
    >>> waits.found
    ['_local_scalar_dense']
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.found: list[str] = []

    def __torch_dispatch__(
        self, function: Any, types: object, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Do it, and note it if it waits."""
        name, kwargs = function.overloadpacket.__name__, kwargs or {}
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        devices = {tensor.device for tensor in tensors if tensor.dim() or name in ("_to_copy", "copy_")}
        if name == "_to_copy" and kwargs.get("device") is not None:
            devices.add(torch.device(kwargs["device"]))
        mask = name.startswith("index") and any(tensor.dtype == torch.bool for tensor in tensors[1:])
        if name in READS | SIZES or len(devices) > 1 or mask or name == "lift_fresh":
            self.found.append(name)
        return function(*args, **kwargs)

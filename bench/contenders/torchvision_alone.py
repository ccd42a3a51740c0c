"""Import this before what imports torchvision: PyPI's is built for CUDA's torch and lacks its operators beside another.

None of what is measured asks for these operators; they only have to be named.
"""

import torch

OPERATORS = ("nms", "qnms", "roi_align", "roi_pool", "ps_roi_align", "ps_roi_pool", "deform_conv2d")
BACKWARD = ("_roi_align_backward", "_roi_pool_backward", "_ps_roi_align_backward", "_ps_roi_pool_backward")


def _without_operators() -> torch.library.Library:
    """A library that names them."""
    library = torch.library.Library("torchvision", "DEF")
    for name in (*OPERATORS, *BACKWARD, "_deform_conv2d_backward"):
        library.define(f"{name}(Tensor x) -> Tensor")
    return library


try:
    import torchvision  # noqa: F401
except RuntimeError:
    kept = _without_operators()  # its definitions would end with it

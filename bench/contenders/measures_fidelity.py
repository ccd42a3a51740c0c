"""torch-fidelity's Fréchet and kernel distance, precision and recall of given features."""

import torch

from bench.contenders.measures_common import main

OPERATORS = ("nms", "qnms", "roi_align", "roi_pool", "ps_roi_align", "ps_roi_pool", "deform_conv2d")
BACKWARD = ("_roi_align_backward", "_roi_pool_backward", "_ps_roi_align_backward", "_ps_roi_pool_backward")


def _without_operators() -> torch.library.Library:
    """A torchvision that was built for another torch lacks its compiled operators, which no measure here asks for."""
    library = torch.library.Library("torchvision", "DEF")
    for name in (*OPERATORS, *BACKWARD, "_deform_conv2d_backward"):
        library.define(f"{name}(Tensor x) -> Tensor")
    return library


try:
    import torchvision  # noqa: F401
except RuntimeError:
    kept = _without_operators()  # its definitions would end with it

from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric  # noqa: E402
from torch_fidelity.metric_kid import kid_features_to_metric  # noqa: E402
from torch_fidelity.metric_prc import prc_features_to_metric  # noqa: E402

main(
    __doc__ or "",
    lambda real, made: {
        "frechet": lambda: fid_statistics_to_metric(
            fid_features_to_statistics(made), fid_features_to_statistics(real), False
        ),
        "kernel": lambda: kid_features_to_metric(made, real, verbose=False),
        "precision": lambda: prc_features_to_metric(made, real, verbose=False),
    },
)

"""torch-fidelity's Fréchet and kernel distance, precision and recall of given features."""

import bench.contenders.torchvision_alone  # noqa: F401  isort: skip
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric

from bench.contenders.measures_common import main

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

"""reparam's measures of samples, each with its standard error."""

from bench.contenders.measures_common import main
from reparam.evaluation.samples.frechet import frechet_distance
from reparam.evaluation.samples.kernel_distance import kernel_distance
from reparam.evaluation.samples.manifold_metrics import manifold_metrics

main(
    __doc__ or "",
    lambda real, made: {
        "frechet": lambda: frechet_distance(real, made),
        "kernel": lambda: kernel_distance(real, made),
        "precision": lambda: manifold_metrics(real, made),
    },
)

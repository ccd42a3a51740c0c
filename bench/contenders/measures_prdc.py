"""prdc's precision, recall, density and coverage (Naeem et al. 2020, the authors' own package); no standard errors."""

import contextlib
import sys

from prdc import compute_prdc

from bench.contenders.measures_common import main


def _quiet(real: object, made: object) -> object:
    with contextlib.redirect_stdout(sys.stderr):
        return compute_prdc(real, made, nearest_k=5)


main(__doc__ or "", lambda real, made: {"precision": lambda: _quiet(real.numpy(), made.numpy())})

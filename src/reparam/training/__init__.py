"""Training: the one loop over turns, checkpoints, and the run folder."""

from reparam.runs.run import Run, load
from reparam.training.callbacks import Callback
from reparam.training.fit import fit
from reparam.training.interrupt import Interrupted
from reparam.training.ledger import NotFinite
from reparam.training.minimize import each_step, minimize
from reparam.training.progress import Silent
from reparam.training.resolve import resolve
from reparam.training.trackers import MLflow, WandB

__all__ = [
    "Callback",
    "Interrupted",
    "MLflow",
    "NotFinite",
    "Run",
    "Silent",
    "WandB",
    "each_step",
    "fit",
    "load",
    "minimize",
    "resolve",
]

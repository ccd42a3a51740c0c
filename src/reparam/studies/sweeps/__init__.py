"""Sweeps: one kind of model with many settings, each a run; validation decides, the winner alone is tested."""

from reparam.studies.sweeps.axes import Axis, Choices, Range, axis
from reparam.studies.sweeps.plan import Plan
from reparam.studies.sweeps.results import Sweep
from reparam.studies.sweeps.search import sweep

__all__ = ["Axis", "Choices", "Plan", "Range", "Sweep", "axis", "sweep"]

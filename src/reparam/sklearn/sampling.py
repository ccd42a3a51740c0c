"""Estimators of models that can be drawn from: ``sample``."""

from typing import Any

from reparam.evaluation import sample
from reparam.sklearn.base import told


class Sampling:
    """New rows."""

    def sample(self, n_samples: int = 1, label: Any = None, random_state: Any = None) -> Any:
        """New rows, in the form that those it was fitted on had.

        Args:
            n_samples: how many.
            label: the class to draw, of a model that is told them.
            random_state: of the draws; the estimator's unless given, so that a seed draws the same rows again.
        """
        run = self._fitted()  # type: ignore[attr-defined]
        with told():
            seed = self._seed(random_state)  # type: ignore[attr-defined]
            drawn = sample(run, n_samples, seed, None if label is None else str(label))
            if run.record.schema is not None:
                return drawn.frame()  # type: ignore[attr-defined]
            return self.rows_.back(drawn.x, run)  # type: ignore[attr-defined]

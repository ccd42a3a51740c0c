"""What can be asked of a run in one call each; evaluation, which answers, is imported when it is asked."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from reparam.data.columns.outside import Outside
    from reparam.evaluation import Imputed, Reconstructions, Samples
    from reparam.evaluation.given import Scores


SHOWN = 16
"""Samples that a notebook shows of a run."""


class Questions:
    """The questions of a run. ``x`` is an array, a tensor or a data set in the form that the run's own data had."""

    def sample(self, n: int = 25, seed: int = 0, **how: Any) -> "Samples":
        """``n`` samples; ``how``: ``label``, ``candidates``, ``draws``, ``given``, see :func:`reparam.sample`."""
        from reparam import evaluation

        return evaluation.sample(self, n, seed, **how)  # type: ignore[arg-type]

    def encode(self, x: Any, outside: "Outside" = "skip") -> "np.ndarray":
        """The codes of examples, ``(n, *event_shape)``, see :func:`reparam.evaluation.encode`."""
        from reparam import evaluation

        return evaluation.encode(self, x, outside)  # type: ignore[arg-type]

    def reconstruct(self, x: Any = None, n: int = 10, seed: int = 0, outside: "Outside" = "skip") -> "Reconstructions":
        """What becomes of examples; of ``n`` of the test split unless x is given, see :func:`reparam.reconstruct`."""
        from reparam import evaluation

        return evaluation.reconstruct(self, n, seed, x, outside)  # type: ignore[arg-type]

    def log_prob(self, x: Any, samples: int = 1000, seed: int = 0, outside: "Outside" = "skip") -> "np.ndarray":
        """Log p(x) of examples, ``(n,)`` in nats, see :func:`reparam.evaluation.log_prob`."""
        from reparam import evaluation

        return evaluation.log_prob(self, x, samples, seed, outside)  # type: ignore[arg-type]

    def score(self, x: Any, samples: int = 1000, seed: int = 0, outside: "Outside" = "skip") -> "Scores":
        """How well examples fit, and what the number is, see :func:`reparam.evaluation.score`."""
        from reparam import evaluation

        return evaluation.score(self, x, samples, seed, outside)  # type: ignore[arg-type]

    def impute(self, x: Any, draws: int = 1, seed: int = 0, outside: "Outside" = "skip") -> "Imputed":
        """A table whose missing cells are filled, see :func:`reparam.impute`."""
        from reparam import evaluation

        return evaluation.impute(self, x, draws, seed, outside=outside)  # type: ignore[arg-type]

    def _repr_html_(self) -> str:
        """What a notebook shows of it: what it is, what it reached, and some samples."""
        from reparam.evaluation.in_a_cell import in_a_cell

        return in_a_cell(self, SHOWN)  # type: ignore[arg-type]

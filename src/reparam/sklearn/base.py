"""What every estimator has: parameters, ``fit``, and the run that it keeps."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from reparam.errors import UserError
from reparam.kinds import Kind
from reparam.runs.run import Run
from reparam.settings import TrainingConfig
from reparam.sklearn.rows import Rows, rows_for_fitting
from reparam.training.fit import fit
from reparam.training.progress import Silent, choose

MOST_SEED = 2**31 - 1


class UnfitError(UserError, ValueError):
    """A user's mistake, as scikit-learn expects to be told of one."""


@contextmanager
def told() -> Iterator[None]:
    """Tell of a mistake by an error that is a ``ValueError`` besides ours."""
    try:
        yield
    except UnfitError:
        raise
    except UserError as error:
        raise UnfitError(str(error)) from error


class Estimator(BaseEstimator):  # type: ignore[misc]
    """An estimator of a kind of model.

    Attributes:
        run_: what was trained, without its data.
        n_features_in_: columns of X.
        feature_names_in_: their names, where X was a DataFrame.
    """

    kind: ClassVar[Kind]
    run_: Run
    rows_: Rows

    def fit(self, X: Any, y: Any = None) -> Self:
        """Train.

        Args:
            X: ``(n, d)``, an array or a DataFrame.
            y: classes ``(n,)`` for a model that is told them (``conditional=True``); else of no effect.

        Raises:
            ValueError: a :class:`reparam.UserError` in one sentence, if X or a parameter will not do.
        """
        with told():
            settings = self._settings()
            seed = self._seed()
            labels = y if settings.get("conditional") else None
            self.rows_, data = rows_for_fitting(self, X, labels, seed)
            progress = choose(quiet=False) if self.verbose else Silent()
            run = fit(self.kind.name, data, progress=progress, seed=seed, test=False, **settings)
            self.run_ = replace(run, dataset=None)
        return self

    def _settings(self) -> dict[str, Any]:
        """The settings that differ from the kind's own; numbers of NumPy, as a search gives them, as Python's."""
        fields = self.kind.settings.model_fields | TrainingConfig.model_fields
        usual = type(self)().get_params(deep=False)
        given = {name: _plain(value) for name, value in self.get_params(deep=False).items() if name in fields}
        return {name: value for name, value in given.items() if value != usual[name]}

    def _seed(self, random_state: Any = None) -> int:
        chosen = self.random_state if random_state is None else random_state
        if isinstance(chosen, int | np.integer):
            return int(chosen)
        return int(check_random_state(chosen).randint(MOST_SEED))

    def _fitted(self) -> Run:
        check_is_fitted(self, "run_")
        return self.run_

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "run_")


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    return tuple(map(_plain, value)) if isinstance(value, list | tuple) else value

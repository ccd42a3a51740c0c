"""Estimators of models with an encoder: ``transform`` to codes and back."""

from typing import Any

import numpy as np
import torch
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin

from reparam.data.incoming import Seen
from reparam.errors import UserError
from reparam.evaluation.codes.encoding import codes_of, decode_mean
from reparam.sklearn.base import told


class Codes(ClassNamePrefixFeaturesOutMixin, TransformerMixin):  # type: ignore[misc]
    """Codes of rows."""

    def transform(self, X: Any) -> np.ndarray:
        """The codes of rows, ``(n, width of a code)`` float32: the centre of q(z|x); NaN of a row with unseen words."""
        run = self._fitted()
        with told():
            seen: Seen = self.rows_.read(self, X, run)
            z = codes_of(run.model, seen.x)
        return seen.spread(z.reshape(len(z), -1).numpy())

    @property
    def _n_features_out(self) -> int:
        """As many as numbers of a code, for ``get_feature_names_out``."""
        run = self._fitted()
        return int(codes_of(run.model, torch.zeros(1, *run.record.data_shape)).numel())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


class CodesBack:
    """Rows of codes."""

    def inverse_transform(self, X: Any) -> Any:
        """The mean of p(x|z) of codes ``(n, width of a code)``: rows in the form that those it was fitted on had."""
        run = self._fitted()  # type: ignore[attr-defined]
        width = self._n_features_out  # type: ignore[attr-defined]
        z = torch.as_tensor(np.array(X, dtype=np.float32))
        with told():
            if z.ndim != 2 or z.shape[1] != width:
                raise UserError(f"codes of this model are (n, {width}), and X has shape {tuple(z.shape)}: give "
                                "what transform gives")  # fmt: skip
            return self.rows_.back(decode_mean(run.model, z).numpy(), run)  # type: ignore[attr-defined]

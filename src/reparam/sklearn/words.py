"""An estimator's docstring, put together from the docstrings of the settings that are its parameters."""

import ast
import inspect
from collections.abc import Iterable
from itertools import pairwise
from textwrap import dedent
from typing import Any

from reparam.kinds import Kind
from reparam.settings import TrainingConfig

SAID = {
    "data_shape": "Shape of one example where rows are flat images, as (1, 28, 28); a row is a vector unless given.",
    "columns": "Kinds of a DataFrame's columns, as {'age': 'integer'}; those not named are found out.",
    "validation_fraction": "Share of the rows that is held out, to keep the best weights by; the rest is trained on.",
    "draws": "Draws of z for each row by which log p(x) is estimated.",
    "verbose": "Say how training goes.",
    "random_state": "Seed of weights, order and noise, or a RandomState; None: another each time.",
}
SINCE = """What is fitted is ``run_``, a :class:`reparam.Run`, of which everything can be asked that is asked of runs.

Where X is an array, rows are vectors of numbers (or images, by ``data_shape``) without missing values. Where it is a
DataFrame, columns are of kinds (number, integer, category, truth, date), cells may be missing, and what is given back
is a DataFrame with the same columns."""


def documentation(kind: Kind, names: Iterable[str], own: Iterable[str]) -> str:
    """What a kind is, and each of its parameters in a line.

    Args:
        kind: of the estimator.
        names: of its parameters.
        own: those among them that are no settings of ours.
    """
    found = _said(kind.settings) | _said(TrainingConfig) | {name: SAID[name] for name in own}
    lines = "\n".join(f"    {name}: {found.get(name, '')}" for name in names)
    return f"{kind.what[:1].upper()}{kind.what[1:]}, as an estimator of scikit-learn.\n\n{SINCE}\n\nArgs:\n{lines}\n"


def _said(settings: type[Any]) -> dict[str, str]:
    """The docstring below each field of settings, and of what they are derived from."""
    found: dict[str, str] = {}
    for one in reversed(settings.__mro__):
        if one.__module__.startswith("reparam.") or one is settings:
            found |= _below(one)
    return found


def _below(settings: type[Any]) -> dict[str, str]:
    try:
        (tree,) = ast.parse(dedent(inspect.getsource(settings))).body
    except (OSError, TypeError, SyntaxError):  # typed at a prompt
        return {}
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    return {
        field.target.id: str(text.value.value)
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }

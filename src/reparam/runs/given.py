"""A run wherever one is asked for: as it is, or by its folder, which is read then."""

import os
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from reparam.data import data_like
from reparam.data.columns.outside import Outside
from reparam.errors import UserError
from reparam.runs.run import Run, load

How = ParamSpec("How")
Found = TypeVar("Found")


def as_run(given: object, data: object = None, outside: Outside = "skip") -> Run:
    """The run that is given, or that lies in the folder that is; with other data in the place of its own, if any are.

    Raises:
        UserError: if it is neither, or the folder is none of a run.

    >>> as_run(5)
    Traceback (most recent call last):
    reparam.errors.UserError: run=5 is no run: give one, as reparam.load(...) and reparam.fit(...) do, or its folder
    """
    if isinstance(given, Run):
        return given if data is None else replace(given, dataset=data_like(given.record, data, outside))
    if isinstance(given, str | os.PathLike):
        return load(Path(os.fspath(given)), data=data, outside=outside)
    raise UserError(f"run={given!r:.80} is no run: give one, as reparam.load(...) and reparam.fit(...) do, or its "
                    "folder")  # fmt: skip


def of_run(ask: Callable[Concatenate[Run, How], Found]) -> Callable[Concatenate[Run | str | Path, How], Found]:
    """The same question, which may be asked of a run by its folder, too."""

    @wraps(ask)
    def asked(run: Any, *more: How.args, **how: How.kwargs) -> Found:
        return ask(as_run(run), *more, **how)

    return cast("Callable[Concatenate[Run | str | Path, How], Found]", asked)

"""The settings that train a run again, to the same bits."""

from typing import Any

from reparam.errors import UserError
from reparam.kinds import kind_of_settings
from reparam.runs.record import Record
from reparam.settings import TrainingConfig


def settings_again(record: Record, where: str) -> dict[str, dict[str, Any]]:
    """The settings of a run under the heads ``model``, ``data`` and ``training``: as asked, and what was decided.

    What was left open in the training is given as it was decided, so that another machine, or a later version, decides
    the same. What is as it is unless asked for is left out.

    Args:
        record: of the run.
        where: the run in words.

    Raises:
        UserError: if no settings make it again.
    """
    if record.settings.model is None:
        raise UserError(f"{where} has a model that Python code composed, which no file of settings makes again")
    if record.origin is not None:
        raise UserError(f"{where} began with the weights of {record.origin.get('run')}, and no file of settings holds "
                        "weights: begin with them again")  # fmt: skip
    if record.data.source is None:
        raise UserError(f"the data of {where} were given as arrays, which no file of settings names: save them, and "
                        "train from the file")  # fmt: skip
    kind = record.settings.model
    data = record.settings.data.model_dump(mode="json", exclude_defaults=True)
    return {
        "model": {"kind": kind.kind, **kind.model_dump(mode="json", exclude_defaults=True)},
        "data": {**data, "data": record.data.source, "binarization": record.data.binarization},
        "training": _training(record),
    }


def _training(record: Record) -> dict[str, Any]:
    """Everything that training was resolved to, as far as there is a setting for it."""
    asked, found = record.settings.training, record.training.model_dump(mode="json")
    # a length is given once, as it was asked for
    found.pop("epochs" if asked.steps is not None or found["epochs"] is None else "steps")
    assert record.settings.model is not None
    usual = kind_of_settings(record.settings.model).training.model_dump(mode="json")
    decided = {name: value for name, value in found.items() if name in TrainingConfig.model_fields}
    return {name: value for name, value in decided.items() if value is not None and value != usual[name]}

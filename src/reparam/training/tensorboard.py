"""Rows as TensorBoard scalars, for those who watch runs there (the extra ``reparam[tensorboard]``)."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from reparam.errors import UserError


def require_tensorboard() -> None:
    """Refuse before anything is written.

    Raises:
        UserError: if TensorBoard is not installed.
    """
    if find_spec("tensorboard") is None:
        raise UserError("--tensorboard needs TensorBoard: pip install 'reparam[tensorboard]'")


class Writer:
    """Writes each row's quantities as ``<split>/<name>``.

    Args:
        folder: where the event files go.
    """

    def __init__(self, folder: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder))

    def __call__(self, row: Mapping[str, Any]) -> None:
        """Write one row."""
        for name, value in row.items():
            if name not in ("step", "epoch", "split"):
                self._writer.add_scalar(f"{row['split']}/{name}", value, row["step"])
        self._writer.flush()

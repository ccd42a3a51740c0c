"""Rows as TensorBoard scalars, for those who watch runs there (the extra ``reparam[tensorboard]``)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reparam.errors import UserError


class Writer:
    """Writes each row's quantities as ``<split>/<name>``.

    Args:
        folder: where the event files go.

    Raises:
        UserError: if TensorBoard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise UserError("--tensorboard needs TensorBoard: pip install 'reparam[tensorboard]'") from None
        self._writer = SummaryWriter(str(folder))

    def __call__(self, row: Mapping[str, Any]) -> None:
        """Write one row."""
        for name, value in row.items():
            if name not in ("step", "epoch", "split"):
                self._writer.add_scalar(f"{row['split']}/{name}", value, row["step"])
        self._writer.flush()

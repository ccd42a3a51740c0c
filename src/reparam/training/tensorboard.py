"""Rows as TensorBoard scalars, for those who watch runs there (the extra ``reparam[tensorboard]``)."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reparam.errors import UserError
from reparam.training.callbacks import Callback, Row

if TYPE_CHECKING:
    from reparam.training.session import Session


def require_tensorboard() -> None:
    """Refuse before anything is written.

    Raises:
        UserError: if TensorBoard is not installed.
    """
    if find_spec("tensorboard") is None:
        raise UserError("tensorboard=True needs TensorBoard: pip install 'reparam[tensorboard]'")


class TensorBoard(Callback):
    """Writes each row's quantities as ``<split>/<name>``; one that is not finite is a gap.

    Args:
        folder: where the event files go.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writer: Any = None

    def start(self, session: "Session") -> None:
        """Open the event file."""
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(self.folder))

    def row(self, session: "Session", row: Row) -> None:
        """Write one row."""
        for name, value in row.items():
            if name not in ("step", "epoch", "split") and value is not None:
                self._writer.add_scalar(f"{row['split']}/{name}", value, row["step"])
        self._writer.flush()

    def close(self, session: "Session") -> None:
        """Close the event file."""
        if self._writer is not None:
            self._writer.close()

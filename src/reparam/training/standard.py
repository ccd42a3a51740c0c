"""The callbacks that every training has, in their order."""

from reparam.runs.folder import RunFolder
from reparam.settings import TrainingConfig
from reparam.training.best import Best, Patience
from reparam.training.busy import Busy
from reparam.training.callbacks import Callback
from reparam.training.checkpoint import Checkpoints
from reparam.training.cost import Cost
from reparam.training.diagnosis import Diagnosis
from reparam.training.fusing import Compiling
from reparam.training.interrupt import Interruption
from reparam.training.lengths import Lengths
from reparam.training.little import Little
from reparam.training.log import Log
from reparam.training.parts import Parts
from reparam.training.reading import Reading
from reparam.training.snapshots import Snapshots
from reparam.training.tables import Floors
from reparam.training.tensorboard import TensorBoard
from reparam.training.trackers import trackers


def standard(
    config: TrainingConfig, folder: RunFolder | None, progress: Callback, first: bool = True
) -> list[Callback]:
    """Ours, for a training into a folder or in memory.

    A row is in the log before anything is kept that vouches for it, so that a killed run, its later rows dropped,
    repeats the uninterrupted one.

    Args:
        config: which of them are asked for.
        folder: the run's, or None.
        progress: what the user sees.
        first: whether this process writes and speaks; others of the same training keep in memory what they need.
    """
    patience = [Patience(config.patience)] if config.patience else []
    if not first:
        return [Interruption(), *patience, Best(folder, writes=False)]
    said = [Reading(), Little(), Lengths(), Parts(), Diagnosis(), Busy(), Compiling()]
    told = trackers(config.log, folder)
    if folder is None:
        return [Interruption(), *told, progress, *said, *patience, Best(None), Floors()]
    board = [TensorBoard(folder.path / "tensorboard")] if config.tensorboard and "tensorboard" not in config.log else []
    kept = [Best(folder), Floors(), Snapshots(folder), Checkpoints(folder, config.keep_every), Cost(folder)]
    return [Interruption(), Log(folder), *board, *told, progress, *said, *patience, *kept]

"""One training session: the loop's bookkeeping between steps, so that a kill at any moment costs nothing but time."""

import math
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor

from reparam.data import Batches, Dataset, coverage
from reparam.data.coverage import SAMPLES
from reparam.files import read_json, write_json
from reparam.models.model import Batch, Model
from reparam.networks import count_parameters
from reparam.randomness import noise
from reparam.runs.checkpoint import load_weights, save_weights
from reparam.runs.folder import RunFolder
from reparam.runs.snapshots import moments, save_snapshot
from reparam.settings import EPOCHS, TrainingConfig
from reparam.training.checkpoint import load_game, save_game
from reparam.training.diagnosis import RECENT, diagnose
from reparam.training.interrupt import Interrupted, listening
from reparam.training.loop import Game
from reparam.training.memory import forget_peak, peak_memory
from reparam.training.progress import Silent
from reparam.training.validation import average

Row = dict[str, Any]


class Session:
    """Trains a model on a data set, writing into a folder if there is one.

    The order of writing is what makes a resumed run repeat the uninterrupted one: rows first, then the checkpoint that
    vouches for them; on resume, rows later than the checkpoint are dropped and come again.

    Args:
        model: on its device.
        data: what it trains on.
        config: how.
        folder: where to write, or None to keep everything in memory.
        sinks: called with each row (progress, TensorBoard).
    """

    def __init__(
        self,
        model: Model,
        data: Dataset,
        config: TrainingConfig,
        folder: RunFolder | None,
        progress: Silent,
        sinks: tuple[Callable[[Row], None], ...] = (),
    ) -> None:
        self.model, self.data, self.config, self.folder = model, data, config, folder
        self.progress, self.sinks = progress, (*sinks, progress.row)
        device = next(model.parameters()).device
        batches = Batches(data.train, data, config.batch_size, config.seed, device)
        self.game = Game(model, batches, config, total=0)
        self.total = config.steps or (config.epochs or EPOCHS) * self.game.steps_per_epoch
        self.game.total = self.total
        self.moments = moments(model.data_shape, self.total)
        self.step, self.best, self.epochs_since_best = 0, -math.inf, 0
        self.best_weights: tuple[int, dict[str, Tensor]] | None = None
        self.rows: list[Row] = []
        self.warned: set[str] = set()

    def run(self, resume: bool) -> None:
        """Train to the end, from the start or from the last checkpoint.

        Raises:
            Interrupted: after Ctrl-C or SIGTERM, with everything saved.
            NotFinite: if a loss or gradient is not finite; the last good checkpoint stands.
        """
        lock = self.folder.locked() if self.folder else nullcontext()
        with lock, listening() as stop, self.progress, noise(self.config.seed, "training"):
            self._begin(resume)
            while self.step < self.total and not self._out_of_patience:
                self.game.play(self.step)
                self.step += 1
                self._after_step()
                if stop.asked and self.step < self.total:
                    self._interrupt()
            self._finish()

    def _begin(self, resume: bool) -> None:
        self.clock = time.monotonic()
        forget_peak()
        if resume and self.folder and self.folder.last.exists():
            self._restore(self.folder)
            self.progress.start(self.step, self.total, self.game.steps_per_epoch)
            return
        if self.folder:
            self.folder.rewind(-1)
        self.progress.start(0, self.total, self.game.steps_per_epoch)
        self.model.train()
        self._validate()
        self._snapshot()
        self._save()

    def _restore(self, folder: RunFolder) -> None:
        notes = load_game(folder.last, self.game)
        self.step, self.epochs_since_best = notes["step"], notes["epochs_since_best"]
        self.best = -math.inf if notes["best"] is None else notes["best"]
        self.rows = folder.rewind(self.step)
        self.warned = set(diagnose(self.rows))
        self.model.train()

    def _after_step(self) -> None:
        ends_epoch = self.step % self.game.steps_per_epoch == 0 or self.step == self.total
        if ends_epoch or self.step % self.config.log_every == 0:
            self._write("train", self.game.ledger.close_row() | self._watch())
            self._warn()
        if self.step in self.moments:
            self._snapshot()
        if ends_epoch:
            self._validate()
            self._keep()
            self._save()

    def _keep(self) -> None:
        """Keep the weights of this epoch if it is one of those asked for."""
        every = self.config.keep_every
        if self.folder and every and round(self.step / self.game.steps_per_epoch) % every == 0:
            save_weights(self.folder.kept(self.step), self.model, self.step)

    def _warn(self) -> None:
        """Say once what the readings show."""
        found = diagnose(self.rows[-RECENT:])
        for name in found.keys() - self.warned:
            self.progress.warn(found[name])
        self.warned |= found.keys()

    def _watch(self) -> dict[str, float]:
        """The model's costly readings on the last batch, its buffers (a norm's running averages, say) left alone."""
        x, y = self.game.batch((self.step - 1) * self.game.batches_per_step)
        before = {name: buffer.clone() for name, buffer in self.model.named_buffers()}
        with noise(self.config.seed, "watch", self.step):
            epoch, progress = self.step / self.game.steps_per_epoch, self.step / self.total
            readings = self.model.watch(Batch(x, y, self.step, epoch, progress))
        for name, buffer in self.model.named_buffers():
            buffer.copy_(before[name])
        return {name: reading.item() for name, reading in readings.items()}

    def _validate(self) -> None:
        values = average(self.model, self.data.validation, self.data, self.config.seed)
        self._write("validation", values | self._coverage())
        if self.model.monitor is None:
            return
        self.epochs_since_best += 1
        if values[self.model.monitor] > self.best:
            self.best, self.epochs_since_best = values[self.model.monitor], 0
            self._keep_best()

    @torch.no_grad()
    def _coverage(self) -> dict[str, float]:
        """How much of a toy's modes 2,500 samples cover; nothing for data without modes."""
        if self.data.density is None or not len(self.data.density.modes):
            return {}
        self.model.eval()
        with noise(self.config.seed, "coverage"):
            samples = self.model.sample(SAMPLES)
        self.model.train()
        return coverage(samples, self.data.density)

    def _keep_best(self) -> None:
        if self.folder:
            save_weights(self.folder.best, self.model, self.step)
        else:
            weights = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
            self.best_weights = self.step, weights

    def _take_best(self) -> int:
        """Put the best validation weights into the model, if there is a best; returns the step they are from."""
        if self.folder and self.folder.best.exists():
            return int(load_weights(self.folder.best, self.model)["step"])
        if self.best_weights is not None:
            self.model.load_state_dict(self.best_weights[1])
            return self.best_weights[0]
        return self.step

    @property
    def _out_of_patience(self) -> bool:
        return self.config.patience is not None and self.epochs_since_best >= self.config.patience

    def _write(self, split: str, values: Mapping[str, float]) -> None:
        if not values:
            return
        # JSON knows no infinity: a reverse KL without a single good sample becomes null
        known = {name: value if math.isfinite(value) else None for name, value in values.items()}
        row = {"step": self.step, "epoch": self.step / self.game.steps_per_epoch, "split": split, **known}
        self.rows.append(row)
        if self.folder:
            self.folder.append(row)
        for sink in self.sinks:
            sink(row)

    def _save(self) -> None:
        if self.folder:
            best = self.best if math.isfinite(self.best) else None
            notes = {"step": self.step, "best": best, "epochs_since_best": self.epochs_since_best}
            save_game(self.folder.last, self.game, notes)
            self._write_cost(self.folder)

    def _snapshot(self) -> None:
        if self.folder:
            save_snapshot(self.model, self.folder.figures, self.step, self.config.seed)

    def _interrupt(self) -> None:
        self.game.ledger.check()
        self._save()
        how = (
            f"go on with: reparam train --resume {self.folder.path}" if self.folder else "nothing was saved (no folder)"
        )
        raise Interrupted(f"stopped after step {self.step} of {self.total}; {how}")

    def _finish(self) -> None:
        self.weights_from = self._take_best()
        self._snapshot()
        self.model.eval()
        if self.folder:
            self._write_cost(self.folder)
        test = average(self.model, self.data.test, self.data, self.config.seed)
        self._write("test", test or {"finished": 1.0})

    def _write_cost(self, folder: RunFolder) -> None:
        """What the run has cost so far; kept apart from the metrics, since no two runs take equally long."""
        before = read_json(folder.cost) if folder.cost.exists() and self.step else {"seconds": 0.0}
        now = time.monotonic()
        seconds, self.clock = before["seconds"] + now - self.clock, now
        write_json(folder.cost, {"seconds": seconds, "parameters": count_parameters(self.model), **peak_memory()})

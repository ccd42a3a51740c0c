"""One training session: it plays steps, makes rows, and tells callbacks, which do all the rest."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from reparam.data import Batches, Dataset
from reparam.models.model import Model
from reparam.randomness import noise
from reparam.runs.folder import RunFolder
from reparam.settings import BATCH_SIZE, EPOCHS, TrainingConfig
from reparam.training.best import untrained
from reparam.training.callbacks import Callback
from reparam.training.checkpoint import go_on
from reparam.training.interrupt import StopRequest, interrupted
from reparam.training.loop import Loop, steps_per_epoch
from reparam.training.processes import ALONE, Processes
from reparam.training.replay import Graphs
from reparam.training.rows import numbered, tested_row, trained_row, validated_row
from reparam.training.sharding import Sharding, check_alike


class Session:
    """Trains a model on a data set, and tells its callbacks of every moment, see :class:`Callback`.

    Args:
        model: on its device.
        data: what it trains on.
        config: how.
        folder: where an interrupted training goes on from, or None.
        callbacks: told in this order.
        processes: those that the training has, each with a session of its own; of their folder the first has charge.

    Attributes:
        step, total: steps played, and steps in all.
        rows: of the log so far, oldest first.
        notes: what was said of the run: ``step`` and ``note`` each.
        stopped: why it was asked to stop, or None.
        interruption: whether it is to break off after the step at hand, to be resumed later.
        weights_from: the step that the model's weights are from.
    """

    def __init__(
        self,
        model: Model,
        data: Dataset,
        config: TrainingConfig,
        folder: RunFolder | None,
        callbacks: Sequence[Callback],
        processes: Processes = ALONE,
    ) -> None:
        self.processes = processes
        self.model, self.data, self.config, self.folder, self.callbacks = model, data, config, folder, callbacks
        device, turns = next(model.parameters()).device, list(model.turns())
        batches = Batches(data.train, data, config.batch_size or BATCH_SIZE, config.seed, device)
        epoch = steps_per_epoch(turns, batches)
        self.total = config.steps or (config.epochs or EPOCHS) * epoch
        self._every = config.validate_every or 1, config.keep_every
        sharding = Sharding(config.shards, processes)
        recorder = Graphs(device) if device.type == "cuda" and config.cuda_graphs and not config.compile else None
        self.loop = Loop(turns, batches, config, self.total, epoch, within=model, sharding=sharding, recorder=recorder)
        self.step = self.weights_from = 0
        self.rows: list[dict[str, Any]] = []
        self.notes: list[dict[str, Any]] = []
        self.stopped: str | None = None
        self.broken_off = False
        self.interruption = StopRequest()
        self._interrupted = False

    @property
    def epoch(self) -> float:
        """Passes over the training data so far."""
        return self.step / self.loop.steps_per_epoch

    def ask_to_stop(self, why: str) -> None:
        """End the training after the step at hand as if it had been all: validated, saved, tested; the reason is kept.

        Args:
            why: a sentence without its full stop.
        """
        if self.stopped is None and self.step < self.total:
            self.stopped = str(why)
            self.note(f"stopped after step {self.step} of {self.total}: {why}")

    def note(self, text: str) -> None:
        """Say something of the run, and keep it."""
        remark = {"step": self.step, "note": text}
        if remark not in self.notes:
            self.notes.append(remark)
            self._tell("note", text)

    def run(self, resume: bool) -> None:
        """Train to the end, from the start or from the last checkpoint.

        Raises:
            Interrupted: after Ctrl-C or SIGTERM, with everything saved.
            NotFinite: if a loss or gradient is not finite; the last good checkpoint stands.
        """
        with ExitStack() as stack:
            if self.folder and self.processes.first:
                stack.enter_context(self.folder.locked())
            stack.enter_context(noise(self.config.seed, "training"))
            for callback in self.callbacks:
                stack.callback(callback.close, self)
            self._begin(resume)
            while self.step < self.total and self.stopped is None:
                self._play()
                if self._interrupted and self.step < self.total and self.stopped is None:
                    self._break_off()
            self._finish()

    def _begin(self, resume: bool) -> None:
        saved, said = False, list[str]()
        for turn in (True, False):  # the first clears up, and then the others read what there is
            if self.folder and self.processes.first is turn:
                saved, said = self._taken_up(self.folder, resume)
            self.processes.wait()
        if not saved:  # whoever composed the model need not have seeded its weights
            self.processes.share(self.model.state_dict().values())
        self.model.train()
        self._tell("start")
        for sentence in said:
            self.note(sentence)
        if not saved:
            self._write("validation", validated_row(self))
            self._save()
        self._agree()

    def _taken_up(self, folder: RunFolder, resume: bool) -> tuple[bool, list[str]]:
        """Whether the training goes on from a checkpoint in the folder, and what is to be said of that."""
        if self.processes.first:
            folder.tidy()
        saved, said = go_on(folder, self.model, self.loop) if resume else (None, [])
        if saved is not None:
            self.step, self.stopped = saved["step"], saved.get("stopped")
        if not self.processes.first:  # by now the folder is tidy
            self.rows, self.notes = folder.log().rows, folder.remarks()
            return saved is not None, []
        self.rows, self.notes, lost = folder.rewind(-1 if saved is None else self.step)
        return saved is not None, [*said, *lost]

    def _play(self) -> None:
        self.loop.play(self.step)
        self.step += 1
        self._tell("step")
        self._agree()  # whether this step closes the training: its row may ask for that, too
        if self.step % self.config.log_every == 0 or self._closes:
            self._write("train", trained_row(self))
            self._agree()
        if self._closes:
            self._write("validation", validated_row(self))
            self._tell("epoch")
            self._save()
        self._agree()

    @property
    def _closes(self) -> bool:
        epochs, within = divmod(self.step, self.loop.steps_per_epoch)
        due = not within and any(every and epochs % every == 0 for every in self._every)
        return due or self.step == self.total or self.stopped is not None

    def _agree(self) -> None:
        """What one process has been asked for, all do, after the same step."""
        self._interrupted, stopped = self.processes.any(self.interruption.asked, self.stopped is not None)
        if stopped and self.stopped is None:
            self.ask_to_stop("another process was asked to")

    def _save(self) -> None:
        check_alike(self.model, self.processes)
        self._tell("save")

    def _write(self, split: str, values: dict[str, float]) -> None:
        if values:
            self.rows.append(numbered(self, split, values))
            self._tell("row", self.rows[-1])

    def _tell(self, moment: str, *what: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, moment)(self, *what)

    def _break_off(self) -> None:
        self.loop.ledger.check()
        self._save()
        self.broken_off = True
        raise interrupted(self.step, self.total, self.folder, untrained(self.model.monitor, self.rows))

    def _finish(self) -> None:
        self.weights_from = self.step
        self._tell("end")
        self.model.eval()
        self._write("test", tested_row(self))
        self._tell("done")

"""What is said while a run trains: a live line on a terminal, a plain line per epoch elsewhere, or nothing."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from reparam.notebook import Lines, in_notebook
from reparam.pace import duration
from reparam.terminal import harmless, is_live
from reparam.training.callbacks import Callback, Row

if TYPE_CHECKING:
    from reparam.training.session import Session


Words = Callable[[str], str]


class Silent(Callback):
    """Says nothing."""


HIDDEN = ("step", "epoch", "split", "loss", "finished")


def describe(row: Row, judged: bool = True) -> str:
    """A row's quantities in one line.

    Args:
        row: of the log.
        judged: whether the test split was to judge the run, as that of a sweep's trial is not.

    >>> describe({"step": 5, "epoch": 1.0, "split": "train", "elbo": -103.214, "kl": 25.1})
    'elbo -103.21  kl 25.10'
    >>> describe({"step": 5, "epoch": 1.0, "split": "test", "finished": 1.0})[:4]
    'done'
    >>> describe({"step": 5, "epoch": 1.0, "split": "test", "finished": 1.0}, judged=False)
    'done; not judged by the test split, as was asked'
    >>> describe({"step": 5, "epoch": 1.0, "split": "train", "loss": 0.5, "gradient_norm": 2.0})
    'loss 0.50  gradient_norm 2.00'
    """
    shown = {name: value for name, value in row.items() if name not in HIDDEN}
    if set(shown) <= {"gradient_norm"} and "loss" in row:  # a game's own loss, which nothing else says
        shown = {"loss": row["loss"], **shown}
    told = "  ".join(f"{name} –" if value is None else f"{name} {value:.2f}" for name, value in shown.items())
    return harmless(told) or f"done; {UNJUDGED if judged else UNTESTED}"


UNJUDGED = "no number judges a model of this kind by itself, see `reparam evaluate`"
UNTESTED = "not judged by the test split, as was asked"


SECONDS_BETWEEN_LINES = 10.0
SECONDS_BETWEEN_LINES_OF_AN_EPOCH = 60.0
"""After which a line of the log is wanted in the middle of an epoch, too."""


class Plain(Callback):
    """A line per epoch for logs and pipes, and a line a minute in epochs that are longer than that.

    Where nothing is validated a line every ten seconds.
    """

    def __init__(self, words: Words = str) -> None:
        self._words = words

    def start(self, session: "Session") -> None:
        """Remember where and when it started."""
        self._start, self._total, self._began = session.step, session.total, time.monotonic()
        self._said, self._validates = self._began, False

    def row(self, session: "Session", row: Row) -> None:
        """Print validation and test rows, and train rows now and then where there are no others for long."""
        now = time.monotonic()
        self._validates |= row["split"] == "validation"
        pause = SECONDS_BETWEEN_LINES_OF_AN_EPOCH if self._validates else SECONDS_BETWEEN_LINES
        if row["split"] == "train" and now < self._said + pause:
            return
        self._said, seconds = now, now - self._began
        rate = (row["step"] - self._start) / seconds if seconds else 0.0
        left = f", {duration((self._total - row['step']) / rate)} left" if rate and row["step"] < self._total else ""
        fast = f"  ({rate:.3g} steps/s{left})" if rate else ""
        self._print(f"epoch {row['epoch']:.4g}  {row['split']}: {describe(row, session.config.test)}{fast}")

    def note(self, session: "Session", text: str) -> None:
        """Print it."""
        self._print(harmless(self._words(text)))

    def _print(self, text: str) -> None:
        with suppress(OSError):  # a pipe or a terminal that has gone ends no training
            print(text, flush=True)


class Live(Callback):
    """A progress bar with rich: epoch, steps per second, terms in nats, validation, time left."""

    def __init__(self, words: Words = str) -> None:
        self._words = words
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (
            TextColumn("epoch {task.fields[epoch]:.1f}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[terms]}", style="dim", markup=False),
        )
        self._bar = Bar(*columns, console=Console(stderr=True))

    def start(self, session: "Session") -> None:
        """Open the bar."""
        step = session.step
        self._bar.start()
        self._start, self._began = step, time.monotonic()
        self._task = self._bar.add_task(
            "", total=session.total, completed=step, epoch=session.epoch, rate="", terms="validating"
        )

    def row(self, session: "Session", row: Row) -> None:
        """Move the bar; validation and test rows stay on the screen above it."""
        from rich.markup import escape

        if row["split"] != "train":
            self._print(
                f"epoch {row['epoch']:.4g}  [bold]{row['split']}[/]  {escape(describe(row, session.config.test))}"
            )
            return
        rate = (row["step"] - self._start) / (time.monotonic() - self._began)
        self._bar.update(
            self._task, completed=row["step"], epoch=row["epoch"], rate=f"{rate:.3g} steps/s", terms=describe(row)
        )

    def note(self, session: "Session", text: str) -> None:
        """Print it above the bar."""
        self._print(harmless(self._words(text)), style="yellow", markup=False)

    def close(self, session: "Session") -> None:
        """Close the bar."""
        with suppress(OSError):
            self._bar.stop()

    def _print(self, text: str, **how: Any) -> None:
        with suppress(OSError):  # a terminal that has gone ends no training
            self._bar.console.print(text, highlight=False, **how)


SECONDS_BETWEEN_UPDATES = 0.5


class Cell(Callback):
    """A few lines of a notebook's cell that are written again and again: how far, the last validation, the notes."""

    def __init__(self, words: Words = str) -> None:
        self._words, self._lines = words, Lines()
        self._held: dict[str, str] = {}
        self._notes: list[str] = []

    def start(self, session: "Session") -> None:
        """Remember where and when it started."""
        self._start, self._total, self._step = session.step, session.total, session.step
        self._began = time.monotonic()
        self._shown = self._began - SECONDS_BETWEEN_UPDATES
        self._show()

    def row(self, session: "Session", row: Row) -> None:
        """Show it in the place of the last of its kind."""
        self._step = int(row["step"])
        self._held[str(row["split"])] = (
            f"epoch {row['epoch']:.4g}  {row['split']}: {describe(row, session.config.test)}"
        )
        if row["split"] != "train" or time.monotonic() >= self._shown + SECONDS_BETWEEN_UPDATES:
            self._show()

    def note(self, session: "Session", text: str) -> None:
        """Show it below."""
        self._notes.append(self._words(text))
        self._show()

    def close(self, session: "Session") -> None:
        """Show how it ended."""
        self._show()

    def _show(self) -> None:
        self._shown = time.monotonic()
        seconds = self._shown - self._began
        rate = (self._step - self._start) / seconds if seconds else 0.0
        far = f"step {self._step:,} of {self._total:,}"
        if rate:
            left = f", {duration((self._total - self._step) / rate)} left" if self._step < self._total else ""
            far += f" ({rate:.3g} steps/s{left})"
        share = self._step / self._total if self._total else None
        self._lines.say(far, *self._held.values(), *self._notes, share=share)


def choose(quiet: bool, words: Words = str) -> Callback:
    """Live on a terminal and in a notebook, plain elsewhere, silent when asked for.

    Args:
        quiet: say nothing.
        words: what becomes of a note before it is shown: the command line tells settings as flags.
    """
    if quiet:
        return Silent()
    if in_notebook():
        return Cell(words)
    return Live(words) if is_live() else Plain(words)

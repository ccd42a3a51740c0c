"""Work whose share is not known: on a terminal, something that moves; what is known is told under its name."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reparam.interrupts import heed
from reparam.pace import called, heard
from reparam.terminal import is_live


@contextmanager
def progress(name: str, known: bool = True) -> Iterator[Callable[[float], None]]:
    """Tell what is done within the block by a name (:mod:`reparam.pace`); a bar that only moves where nothing can."""
    heed()
    with called(name):
        if known or not is_live():
            yield lambda share: None
            return
        with _moving(name), heard(quiet=True):
            yield lambda share: None


@contextmanager
def _moving(name: str) -> Iterator[None]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        bar.add_task(name, total=None)
        yield

"""Progress bars on standard error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reparam.terminal import is_live


@contextmanager
def progress(name: str, known: bool = True) -> Iterator[Callable[[float], None]]:
    """A bar on standard error, where that is a terminal; one that only moves where nothing tells how much is done."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not is_live()) as bar:
        task = bar.add_task(name, total=1.0 if known else None)
        yield lambda share: bar.update(task, completed=share)

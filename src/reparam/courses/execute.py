"""Running a notebook: cell by cell in a process of its own, and what failed of what it claims."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from reparam.courses.pictures import compress
from reparam.courses.source import CHECK, MISSING, tags
from reparam.errors import UserError
from reparam.pace import Progress

if TYPE_CHECKING:
    from nbformat import NotebookNode

QUICK = "REPARAM_QUICK"
"""The variable of the environment under which a notebook takes its small settings."""
LONGEST = 3600
"""Seconds that one cell may take."""
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
"""What colours a traceback on a terminal."""


def quick() -> bool:
    """Whether a notebook should take its small settings, as CI does: ``REPARAM_QUICK=1`` is set."""
    return os.environ.get(QUICK, "") not in ("", "0")


def execute(notebook: "NotebookNode", small: bool, name: str = "notebook") -> str | None:
    """Run all cells, in a temporary folder; the outputs are kept in the notebook.

    Args:
        notebook: changed in place.
        small: take the small settings.
        name: said with the progress.

    Returns:
        What failed: where and how; None if every cell ran and every check said "right".

    Raises:
        UserError: if what runs notebooks is not installed.
    """
    try:
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    except ImportError:
        raise UserError(MISSING) from None
    progress, begun = Progress(f"running {name}", len(notebook.cells)), [0]
    with TemporaryDirectory(prefix="course") as folder, _environment(small):
        client = NotebookClient(
            notebook,
            timeout=LONGEST,
            kernel_name="python3",
            config=_transport(folder),
            record_timing=False,
            resources={"metadata": {"path": folder}},
            on_cell_execute=lambda cell, cell_index: begun.append(cell_index),
            on_cell_complete=lambda cell, cell_index: progress.to(cell_index + 1),
        )
        try:
            client.execute()
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            return f"{_where(notebook, begun[-1])}: {_last_line(str(error))}"
        finally:
            progress.end()
            _tidy(notebook, Path(folder))
    return _unchecked(notebook)


def _transport(folder: str) -> Any:
    """How to speak to the kernel: by sockets in a folder that only this user can open, where the system has them."""
    from traitlets.config import Config

    return Config({"KernelManager": {"transport": "ipc", "ip": f"{folder}/kernel"}} if os.name == "posix" else {})


@contextmanager
def _environment(small: bool) -> Iterator[None]:
    """What the kernel inherits: which settings, and no warning of a debugger's."""
    wanted = {QUICK: "1" if small else "0", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


def _where(notebook: "NotebookNode", number: int) -> str:
    """The last heading before the cell of this number, which failed."""
    headings = [last_heading(cell.source) for cell in notebook.cells[:number] if cell.cell_type == "markdown"]
    return f"under {next((heading for heading in reversed(headings) if heading), 'the beginning')!r} a cell failed"


def last_heading(markdown: str) -> str:
    """The last heading of a text; empty where there is none.

    >>> last_heading("# One\\n\\n## Two\\n\\ntext")
    'Two'
    """
    return next((line.lstrip("# ") for line in reversed(markdown.splitlines()) if line.startswith("#")), "")


def _last_line(text: str) -> str:
    """Of a traceback, without its colours."""
    plain = COLOUR.sub("", text).strip()
    return next((line for line in reversed(plain.splitlines()) if line.strip()), "")


def _unchecked(notebook: "NotebookNode") -> str | None:
    """The first check that did not say "right"."""
    for cell in notebook.cells:
        if CHECK in tags(cell):
            said = "".join(_texts(cell))
            if ": right (" not in said or ": not yet" in said:
                return f"the check {cell.source.strip()!r} says {said.strip() or 'nothing'!r}"
    return None


def _texts(cell: Any) -> Iterator[str]:
    for output in cell.get("outputs", ()):
        yield output.get("text", "") or output.get("data", {}).get("text/plain", "")


def _tidy(notebook: "NotebookNode", folder: Path) -> None:
    """Outputs without progress and warnings, this machine's folders, or pictures larger than need be."""
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        kept = []
        for output in cell.get("outputs", ()):
            if output.output_type == "stream" and output.name == "stderr":
                continue
            if "text" in output:
                output["text"] = output["text"].replace(f"{folder}{os.sep}", "")
            compress(output)
            kept.append(output)
        if "outputs" in cell:
            cell["outputs"] = kept

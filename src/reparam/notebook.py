"""A notebook at the other end: whether there is one, and one piece of its output that is written again and again."""

import sys
from html import escape
from typing import Any

from reparam.terminal import harmless


def in_notebook() -> bool:
    """Whether this is a cell of a notebook; nothing is imported to know it.

    >>> in_notebook()
    False
    """
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return hasattr(shell, "kernel")


class Lines:
    """Lines of a cell's output that take the place of those before: however often they change, it does not grow."""

    def __init__(self) -> None:
        self._handle: Any = None

    def say(self, *lines: str, share: float | None = None) -> None:
        """Show these lines.

        Args:
            lines: in their order.
            share: of the work that is done: shown as a bar before the first.
        """
        from IPython import display

        told = [harmless(line) for line in lines]
        bar = "" if share is None else f'<progress max="1" value="{share:.4f}" style="width: 12em"></progress> '
        html = bar + "<br>".join(map(escape, told))
        bundle = {
            "text/plain": "\n".join(told),
            "text/html": f'<div style="font-variant-numeric: tabular-nums">{html}</div>',
        }
        if self._handle is None:
            show: Any = display.display
            self._handle = show(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)

    def forget(self) -> None:
        """Leave nothing of them."""
        if self._handle is not None:
            self._handle.update({"text/plain": "", "text/html": ""}, raw=True)

"""Text by whole lines, one or many at a time."""

from collections.abc import Iterator
from typing import TextIO

SIZE = 2**18
"""Characters that are asked for at a time: few enough that what is made of them stays in a processor's cache."""


class Lines(Iterator[str]):
    """The lines of a text, each with a line feed at its end, the last one, too.

    Args:
        text: what is read, line ends being line feeds.

    Attributes:
        taken: how many lines were taken.

    >>> import io
    >>> lines = Lines(io.StringIO("a\\nb\\nc"))
    >>> next(lines), lines.many(), lines.many(), lines.many(), lines.taken
    ('a\\n', 'b\\n', 'c\\n', '', 3)
    """

    def __init__(self, text: TextIO) -> None:
        self.taken = 0
        self._text, self._ahead, self._at = text, "", 0

    def __next__(self) -> str:
        end = self._ahead.find("\n", self._at) + 1
        if not end:
            self._ahead, self._at = self._whole(), 0
            end = self._ahead.find("\n") + 1
            if not end:
                raise StopIteration
        line = self._ahead[self._at : end]
        self._at = end
        self.taken += 1
        return line

    def many(self) -> str:
        """The next lines, some hundred thousand characters of them or one long line; nothing at the end."""
        text = self._ahead[self._at :]
        if "\n" not in text:
            text = self._whole()
        cut = text.rfind("\n") + 1
        self._ahead, self._at = text[cut:], 0
        self.taken += text.count("\n")
        return text[:cut]

    def _whole(self) -> str:
        """What was read ahead and more, so that there is a whole line in it; nothing at the end."""
        text = self._ahead[self._at :]
        while more := self._text.read(SIZE):
            text += more
            if "\n" in more:
                return text
        return f"{text}\n" if text and not text.endswith("\n") else text

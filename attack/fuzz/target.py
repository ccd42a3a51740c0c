"""What is fuzzed: a kind of file, in each form in which it reaches its reader."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Reads = Iterator[Callable[[], object]]
Form = Callable[[Path, bytes], Reads]
"""Writes bytes into a folder, and gives what reads them there, one call after the other."""
Seeds = Mapping[str, Sequence[bytes]]
FIRST = ord("a")


@dataclass(frozen=True)
class Target:
    """A kind of file. The first byte of an input says in which form the others are tried: ``a`` in the first.

    Attributes:
        what: in words.
        forms: by name; the name of one that a file has begins with the file's.
        seeds: what a whole file holds, by form; made when asked for.
    """

    what: str
    forms: Mapping[str, Form]
    seeds: Callable[[], Seeds]

    def reads(self, folder: Path, content: bytes) -> Reads:
        """What reads an input."""
        number = (content[0] - FIRST) % len(self.forms) if content else 0
        return list(self.forms.values())[number](folder, content[1:])

    def input(self, form: str, content: bytes) -> bytes:
        """A content as an input."""
        return bytes([FIRST + list(self.forms).index(form)]) + content

    def inputs(self) -> dict[str, bytes]:
        """The seeds as inputs, each with a name that a file may have."""
        made = {}
        for form, contents in self.seeds().items():
            for number, content in enumerate(contents):
                name = "".join(letter if letter.isalnum() else "-" for letter in form)
                made[f"seed-{name}-{number}"] = self.input(form, content)
        return made

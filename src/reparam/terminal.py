"""The terminal at the other end: whether there is one, and what may reach it."""

import os
import sys
from pathlib import Path
from shlex import quote
from subprocess import list2cmdline
from typing import TextIO

from reparam.errors import printable


def is_live(stream: TextIO | None = None) -> bool:
    """Whether somebody watches a stream (standard error unless given) on a terminal that lines can be redrawn on."""
    stream = stream or sys.stderr
    return stream is not None and stream.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")


def speaks() -> bool:
    """Whether this process is the one of a training's that says what there is to say; torchrun tells them by RANK."""
    return os.environ.get("WORLD_SIZE", "1") == "1" or os.environ.get("RANK", "0") == "0"


def harmless(text: str) -> str:
    r"""A text of lines in which whatever else a terminal would act on is spelled out.

    >>> harmless("a folder\n  called \x1b[31mred")
    'a folder\n  called \\x1b[31mred'
    """
    return "\n".join(map(printable, text.split("\n")))


def open_streams() -> None:
    """Make sure that all three standard streams are there, and that any letter can be written to them.

    A closed one is the first number that the system gives to a file that is opened: what is said, by a library if not
    by us, would be written into a user's data.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
    nowhere = Path(os.devnull)
    sys.stdin = sys.stdin or nowhere.open(encoding="utf-8")
    sys.stdout = sys.stdout or nowhere.open("w", encoding="utf-8", newline="\n")
    sys.stderr = sys.stderr or nowhere.open("w", encoding="utf-8", newline="\n")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


class Unheard(Exception):
    """Nobody takes what a command has to say: a pipe whose reader has gone, a disk that is full."""


def say_out(text: str) -> None:
    """Write a result on standard output, all of it at once.

    Raises:
        Unheard: if it cannot be; Python is kept from trying again at exit.
    """
    try:
        if speaks():
            print(text, flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise Unheard(str(error)) from None


def one_word(text: str) -> str:
    """A text as it is typed so that the shell takes it for one word: POSIX's, or Windows', which has no single quotes.

    >>> one_word("runs/vae")
    'runs/vae'
    """
    return list2cmdline([text]) if os.name == "nt" else quote(text)

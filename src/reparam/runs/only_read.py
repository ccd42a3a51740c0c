"""Runs that are only read, those that come with reparam and those of a hub, and how they are spoken of."""

from pathlib import Path

from reparam.runs.hub import name_of
from reparam.runs.shipped import PREFIX, is_shipped
from reparam.terminal import one_word


def is_only_read(folder: Path) -> bool:
    """Whether a folder is that of such a run, however it was named: what is made of it lies elsewhere."""
    return is_shipped(folder) or name_of(folder) is not None


def told(folder: Path) -> str:
    """A run's folder in words: the name that one is given by which is only read, else its path.

    >>> from reparam.runs.shipped import HOME
    >>> told(HOME / "vae-mnist"), told(Path("runs/vae"))
    ('bundled:vae-mnist', 'runs/vae')
    """
    return PREFIX + folder.name if is_shipped(folder) else name_of(folder) or str(folder)


def as_typed(folder: Path) -> str:
    """The same as a command takes it: one word to the shell whatever is in it, and no option.

    >>> as_typed(Path("runs/vae")), as_typed(Path("my runs/vae")), as_typed(Path("-runs"))
    ('runs/vae', "'my runs/vae'", './-runs')
    """
    name = told(folder)
    return one_word(f"./{name}" if name.startswith("-") else name)


def called(folder: Path) -> str:
    """The same in a word, for files and tables: a hub's folders are called by their commit, which says nothing.

    >>> called(Path("runs/vae"))
    'vae'
    """
    return (name_of(folder) or folder.name).rpartition("/")[2].partition("@")[0]

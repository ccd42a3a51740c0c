"""Where the files of data lie, and that nothing is put among them."""

import os
from collections.abc import Iterable
from pathlib import Path

from reparam.data.readers.sources import NAMES
from reparam.door import is_file, is_folder, user_path
from reparam.errors import UserError
from reparam.files import check_targets

Source = str | os.PathLike[str]

ONLY_READ = ("bundled:", "hf:/")
"""What names of runs begin with that come with reparam, or lie on a hub."""


def source_path(source: Source) -> Path | None:
    """Where the files lie that a source is read from; None where it is a name.

    >>> source_path("mnist"), source_path("fashion-mnist:~/there").name
    (None, 'there')
    """
    given = os.fspath(source)
    if isinstance(source, str) and given in NAMES:
        return None
    if isinstance(source, str) and given.startswith("fashion-mnist:"):
        given = given.removeprefix("fashion-mnist:")
    return user_path(given)


def check_places(paths: Iterable[str | os.PathLike[str]], sources: Iterable[Source] = (), force: bool = False) -> None:
    """Refuse to write over what reparam did not make, or among the data that names or paths stand for.

    What is written into a run folder may lie there: readers of data pass over it.

    Args:
        paths: what is going to be written, files or folders.
        sources: of data that are read.
        force: the user asked for it; nothing is checked.

    Raises:
        UserError: naming the file, and how to ask for it; or where the name is that of a run to be read.
    """
    places = [Path(path) for path in paths]
    if read := [place for place in places if str(place).startswith(ONLY_READ)]:
        raise UserError(f"{read[0]} is a name of something that is only read: name a place of your own with out=...")
    check_targets(places, force=force)
    exposed = [place for place in places if not any(map(_is_run, place.parents))]
    for data in filter(None, map(source_path, sources)):
        check_targets(exposed, data, force)


def _is_run(folder: Path) -> bool:
    return is_file(folder / "config.json") and is_file(folder / "metrics.jsonl")


def lies_among(folder: str | os.PathLike[str], source: Source | None) -> str:
    """What is to be said of a folder of runs that lies inside the data; empty where it does not.

    Args:
        folder: where runs are written.
        source: of the data, None where they were given as arrays.
    """
    data = None if source is None else source_path(source)
    if data is None or not is_folder(data) or not Path(folder).resolve().is_relative_to(data.resolve()):
        return ""
    return f"{folder} lies inside its data {data}: run folders are passed over when these are read"

"""Runs that come with reparam: small, trained, read where they lie, without a network, and never written to."""

import re
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from reparam.door import is_file, listed
from reparam.errors import UserError
from reparam.runs.sealed import read_table

PREFIX = "bundled:"
"""What names of runs that come with reparam begin with."""
NAME = re.compile(r"bundled:/{0,2}([a-z0-9-]+)/?")
HOME = Path(__file__).parent / "bundled"
CARD = "card.json"


@dataclass(frozen=True)
class Card:
    """What a run that comes with reparam is.

    Attributes:
        name: by which it is given wherever a run is, as ``bundled:vae-mnist``.
        what: it is, in a few words.
        command: that trained it.
        day: on which it did.
        machine: on which it did.
        reached: quantities of the test split, as its own log has them, in nats per example.
        measured: by ``reparam evaluate``: its seed, how many samples and images, and what was found, with errors.
        bytes: of its files.
    """

    name: str
    what: str
    command: str
    day: str
    machine: str
    reached: dict[str, float]
    measured: dict[str, Any]
    bytes: int

    @cached_property
    def headline(self) -> str:
        """The number that says most of it, with its error.

        >>> told = {"log_likelihood": {"mean": -90.0, "standard_error": 0.31}}
        >>> Card("bundled:a", "", "", "", "", {}, told, 0).headline
        'log p(x) -90.0 ± 0.3 nats'
        """
        if "log_likelihood" in self.measured:
            found = self.measured["log_likelihood"]
            return f"log p(x) {found['mean']:.1f} ± {found['standard_error']:.1f} nats"
        found = self.measured["frechet_distance"]
        return f"Fréchet distance {found['value']:.1f} ± {found['standard_error']:.1f} (floor {found['floor']:.1f})"

    def json(self) -> dict[str, Any]:
        """The same as JSON can hold it."""
        return asdict(self)


def is_bundled(path: object) -> bool:
    """Whether a path names a run that comes with reparam.

    >>> is_bundled("bundled:vae-mnist"), is_bundled("runs/vae")
    (True, False)
    """
    return str(path).startswith(PREFIX)


def is_shipped(folder: Path) -> bool:
    """Whether a folder is that of such a run, however it was named."""
    return HOME in folder.absolute().parents


def refuse_to_change(folder: Path) -> None:
    """Refuse to train into a run that comes with reparam, or to mend it.

    Raises:
        UserError: saying what would do.
    """
    if is_shipped(folder):
        raise UserError(f"{PREFIX}{folder.name} comes with reparam and is never changed: train one of your own by the "
                        "command that `reparam bundled` tells")  # fmt: skip


def shipped(path: str | Path) -> Path:
    """The folder of a run that comes with reparam.

    Args:
        path: ``bundled:NAME``.

    Raises:
        UserError: if there is none of that name, naming those there are.
    """
    match = NAME.fullmatch(str(path))
    names = [card.name for card in bundled().values()]
    if match is None or PREFIX + match[1] not in names:
        raise UserError(f"{path} does not come with reparam: {', '.join(names)} do")
    return HOME / match[1]


def bundled() -> dict[str, Card]:
    """The runs that come with reparam, by the names under which they are given wherever a run is.

    >>> import reparam
    >>> reparam.bundled()["bundled:vae-mnist"].command[:43]
    'reparam train vae --hidden 160 --latent-dim'
    """
    cards = (card_of(folder) for folder in sorted(HOME.iterdir()) if is_file(folder / CARD))
    return {card.name: card for card in cards}


def card_of(folder: Path) -> Card:
    """The card in a folder, with the bytes that lie there."""
    files = [path for place in (folder, folder / "checkpoints") for path in listed(place, "*.*") if path.name != CARD]
    size = sum(path.stat().st_size for path in files)
    return Card(name=PREFIX + folder.name, bytes=size, **read_table(folder / CARD))

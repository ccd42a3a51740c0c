"""Which run a file belongs to."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Identity:
    """What the files of one run have in common.

    Args:
        name: the checksum of what ``config.json`` says.
        seals: whether all of its files carry checksums, as they have since ``config.json`` itself does.
    """

    name: str = ""
    seals: bool = False

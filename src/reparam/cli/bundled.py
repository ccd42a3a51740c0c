"""``reparam bundled``: list the trained models that come with reparam."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reparam.cli.parse import emit, parse

if TYPE_CHECKING:
    from reparam.runs.shipped import Card


@dataclass
class BundledOptions:
    """Options of ``reparam bundled``."""

    json: bool = False
    """Print the list as JSON."""


WHAT = (
    "List the trained models that come with reparam, each with what it reached and the command that made it. Their "
    "names are given wherever a run is; they are read where they lie, without a network, and never written to."
)


def run(command: str, argv: list[str]) -> int:
    """Print each model's name, what it is, what it reached, and how it was made."""
    examples = ["reparam bundled", "reparam sample bundled:vae-mnist", "reparam explore bundled:gan-mnist"]
    options = parse(BundledOptions, command, argv, WHAT, examples)
    from reparam.runs.shipped import bundled

    cards = bundled()
    emit(options.json, {name: card.json() for name, card in cards.items()}, "\n\n".join(map(told, cards.values())))
    return 0


def told(card: "Card") -> str:
    """A model in three lines."""
    return f"{card.name:<28}{card.what}; {card.bytes / 1e6:.1f} MB\n  {card.headline}\n  {card.command}"

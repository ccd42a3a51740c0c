"""``reparam push RUN owner/name``: a run onto a Hugging Face hub, with a card."""

from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from reparam.cli.parse import emit, parse
from reparam.errors import UserError


@dataclass
class PushOptions:
    """Options of ``reparam push``."""

    run: Positional[Path]
    """The run folder."""
    name: Positional[str]
    """The repository, as owner/name."""
    private: bool = False
    """Make the repository for nobody else to see."""
    licence: str | None = None
    """Licence of the weights, as the hub spells licences: mit, cc-by-sa-4.0; the card says so where none is given."""
    no_measure: bool = False
    """Do not evaluate the run for the card."""
    count: int = 2000
    """Samples that are measured for the card, at most."""
    images: int = 200
    """Test examples whose log-likelihood is estimated for the card."""
    dry_run: bool = False
    """Push nothing: write the folder that would be pushed, the card in it."""
    out: Path | None = None
    """That folder; owner--name unless given."""
    json: bool = False
    """Print what was pushed as JSON."""


EXAMPLES = [
    "reparam push runs/vae somebody/digits --licence mit",
    "reparam push runs/vae somebody/digits --dry-run        look at the card first",
    "reparam sample hf://somebody/digits                    what others then do",
]
WHAT = """Push a run to a Hugging Face hub (extra reparam[hub]): JSON, safetensors, pictures, and a card of its numbers.
Log in before with `hf auth login`."""


def run(command: str, argv: list[str]) -> int:
    """Push it, and say what was pushed."""
    options = parse(PushOptions, command, argv, WHAT, EXAMPLES)
    if options.out is not None and not options.dry_run:
        raise UserError("--out has no effect without --dry-run: leave one out, or give both")
    from reparam.cli.bars import progress
    from reparam.hub import push

    made = push(
        options.run,
        options.name,
        private=options.private,
        licence=options.licence,
        measure=not options.no_measure,
        count=options.count,
        images=options.images,
        dry_run=(options.out or True) if options.dry_run else False,
        progress=progress,
    )
    emit(options.json, made.json(), str(made))
    return 0

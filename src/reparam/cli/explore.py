"""``reparam explore RUN``: a page to play with a model."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from reparam.cli.parse import Writes, emit, parse
from reparam.cli.targets import check_free
from reparam.errors import UserError


@dataclass
class ExploreOptions(Writes):
    """Options of ``reparam explore``."""

    run: Positional[Path]
    """The run folder."""
    out: Path | None = None
    """The page to write (.html); explore.html in the run's figures/ unless given."""
    n: Annotated[int, arg(aliases=["-n"])] = 20
    """Test examples to choose from, at most."""
    seed: int = 0
    """Seed of their choice."""
    json: bool = False
    """Print the result as JSON."""


WHAT = (
    "Write one HTML page to play with a model, which computes it by itself: sliders for every latent, a pen to draw "
    "with, the code, reconstruction and bound of what you draw, a discriminator's opinion of it, sums of and paths "
    "between codes. It asks nothing of the network and is below 5 MB."
)


def run(command: str, argv: list[str]) -> int:
    """Write the page, and say where."""
    examples = ["reparam explore runs/vae", "reparam explore runs/gan --out gan.html"]
    options = parse(ExploreOptions, command, argv, WHAT, examples)
    from reparam.exploring import explore
    from reparam.runs.run import load

    loaded = load(options.run)
    assert loaded.folder is not None
    path = options.out or loaded.folder.picture("explore.html")
    if path.suffix.lower() not in (".html", ".htm"):
        raise UserError(
            f"a page is written as .html, not as '{path.suffix}': name {path.with_suffix('.html')} with out=..."
        )
    check_free([path], [loaded.config.data.data], options.force)
    found = explore(loaded, options.n, options.seed)
    found.save(path, options.force)
    lines = [str(path), *(f"  {sentence}" for sentence in found.left_out)]
    emit(options.json, found.json() | {"run": options.run, "page": path, "seed": options.seed}, "\n".join(lines))
    return 0

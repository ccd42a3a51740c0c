"""``reparam audit FILE.py:function``: which sampled variable blocks a gradient, for scripts and CI."""

from dataclasses import dataclass

from tyro.conf import Positional

from reparam.cli.parse import emit, parse
from reparam.errors import UserError

WHAT = """Run a loss once and say which sampled variable blocks a gradient, and where.

FILE.py:function names a function without arguments that returns the scalar loss, or (loss, module), or
(loss, {name: parameter}) to say whose gradients are meant. The file is run, as `python FILE.py` would run it
(but for what stands under `if __name__ == "__main__"`): audit only files that you would run.

Exit code 0: nothing is blocked; 1: a sampled variable blocks a gradient that is not estimated otherwise;
2: the call itself is wrong, or the loss raised an error."""
EXAMPLES = [
    "reparam audit train.py:loss",
    "reparam audit train.py:discriminator_loss --json",
    "reparam audit train.py:loss --check --seed 1   # and compare the gradient with differences of the loss",
]


@dataclass
class AuditOptions:
    """Options of ``reparam audit``."""

    function: Positional[str]
    """The loss, as FILE.py:function."""
    check: bool = False
    """Compare autograd's gradient with central differences, averaged over seeds."""
    seeds: int = 64
    """How many seeds the check averages over."""
    seed: int = 0
    """Seed of the run and of the check."""
    force: bool = False
    """Start a check that would take more than a day."""
    json: bool = False
    """Print the report as JSON."""


def run(command: str, argv: list[str]) -> int:
    """Load, audit, print; the exit code says the outcome."""
    from reparam.kinds.own import load_function, words

    options = parse(AuditOptions, command, argv, WHAT, EXAMPLES)
    loss = load_function(options.function)
    if options.seeds < 2:
        raise UserError(f"--seeds {options.seeds} will not do: at least 2 are needed to know an error")
    from reparam.audit import audit
    from reparam.audit.show import as_text

    try:
        report = audit(loss, check=options.check, seed=options.seed, seeds=options.seeds)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{options.function} raised {words(error)}") from error
    width, colour = _terminal()
    emit(options.json, report.json(), as_text(report, width, colour), coloured=colour)
    if report.error is not None:
        return 2
    return 1 if report.blocked else 0


def _terminal() -> tuple[int, bool]:
    """Width of the terminal and whether it shows colours; 110 and no where there is none."""
    from rich.console import Console

    console = Console()
    return (max(console.width, 80), not console.no_color) if console.is_terminal else (110, False)

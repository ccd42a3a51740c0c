"""How a loss function enters the corpus: with the verdicts of its draws, in the order drawn."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """A loss function and the truth about it."""

    function: Callable
    verdicts: tuple[str, ...]

    @property
    def right(self) -> bool:
        return "blocked" not in self.verdicts

    def __str__(self) -> str:
        return f"{self.function.__module__.rpartition('.')[2]}.{self.function.__name__}"


CASES: list[Case] = []


def draws(*verdicts: str) -> Callable:
    """Label a loss function: ``@draws("blocked", "not needed")``."""

    def label(function: Callable) -> Callable:
        CASES.append(Case(function, verdicts))
        return function

    return label


def load() -> list[Case]:
    """Every case, from every file beside this one."""
    if not CASES:
        for path in sorted(Path(__file__).parent.glob("*.py")):
            if path.stem not in ("__init__", "cases"):
                import_module(f"audit_corpus.{path.stem}")
    return CASES

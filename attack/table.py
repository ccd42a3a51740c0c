"""What attacks found, counted: tried, held, and each fault with how to see it again."""

from collections.abc import Iterator
from dataclasses import dataclass, field

FEW = 3


@dataclass
class Tally:
    """The count of one attack.

    Attributes:
        attack: its name.
        tried: how often.
        faults: what did not hold, by what was seen, each with the cases in which it was.
        left_out: cases that the limit of time or of number left out.
        seconds: that it took.
    """

    attack: str
    tried: int = 0
    faults: dict[str, list[str]] = field(default_factory=dict)
    left_out: int = 0
    seconds: float = 0.0

    def count(self, case: str, fault: str | None) -> None:
        """Count a case, and what was wrong, if anything was."""
        self.tried += 1
        if fault is not None:
            self.faults.setdefault(fault, []).append(case)

    @property
    def failed(self) -> int:
        """Cases that did not hold."""
        return sum(len(cases) for cases in self.faults.values())

    def plain(self) -> dict[str, object]:
        """As JSON can hold it: of each fault how often it was seen, and the first few cases."""
        faults = {fault: {"count": len(cases), "first": cases[:FEW]} for fault, cases in self.faults.items()}
        counts = {"attack": self.attack, "tried": self.tried, "held": self.tried - self.failed, "faults": self.failed}
        return {**counts, "left_out": self.left_out, "seconds": round(self.seconds, 1), "seen": faults}


def table(tallies: list[Tally]) -> str:
    """The tallies as a table in Markdown, the faults below it."""
    head = ["| attack | tried | held | faults | left out | seconds |", "|---|---|---|---|---|---|"]
    rows = [
        f"| {t.attack} | {t.tried:,} | {t.tried - t.failed:,} | {t.failed:,} | {t.left_out:,} | {t.seconds:,.0f} |"
        for t in tallies
    ]
    return "\n".join([*head, *rows, *(line for tally in tallies for line in _faults(tally))])


def _faults(tally: Tally) -> Iterator[str]:
    for fault, cases in sorted(tally.faults.items(), key=lambda item: -len(item[1])):
        yield f"\n{tally.attack}: {len(cases)} × {fault}"
        yield from (f"    {case}" for case in cases[:FEW])

"""What a game's readings say of its diseases: one plain warning each, with the evidence and what usually helps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reparam.training.callbacks import Callback, Row

if TYPE_CHECKING:
    from reparam.training.session import Session

PATIENCE = 3
RECENT = 4 * PATIENCE
"""A reading counts when it is seen in so many logged rows one after another; the last ``RECENT`` rows show it."""


@dataclass(frozen=True)
class Disease:
    """A name, how a row shows it, what is told as evidence, and what usually helps."""

    name: str
    shows: Callable[[Row], bool]
    evidence: str
    remedy: str


DISEASES = (
    Disease(
        "saturation",
        lambda row: row["output_real"] > 0.99 and row["output_fake"] < 0.01 and row["gradient_ratio"] < 0.1,
        "the discriminator is sure (mean output {output_real:.3f} on real, {output_fake:.3f} on generated examples) "
        "and the generator's gradient is {gradient_ratio:.2g} times what the non-saturating loss would send",
        'loss="non-saturating", instance_noise=0.1, or a Wasserstein GAN',
    ),
    Disease(
        "overpowered discriminator",
        lambda row: row["output_real"] > 0.99 and row["output_fake"] < 0.01 and row["gradient_ratio"] >= 0.1,
        "mean output {output_real:.3f} on real and {output_fake:.3f} on generated examples",
        "instance_noise=0.1, r1=1, label_smoothing=0.1, or a smaller discriminator",
    ),
    Disease(
        "mode collapse",
        lambda row: row["duplicates"] > 0.5,
        "{duplicates:.0%} of a generated batch have a twin in it",
        'unroll=5, loss="relativistic" with r1=1 and r2=1, or a Wasserstein GAN',
    ),
    Disease(
        "dead discriminator",
        lambda row: abs(row["margin"]) < 1e-3 and row["lipschitz"] < 1e-3,
        "its outputs on real and generated examples differ by {margin:.1g}, its largest gradient is {lipschitz:.1g}",
        "a higher `learning_rate`, a larger `clip`, or gradient_penalty=10 instead of clipping",
    ),
)


def diagnose(rows: Sequence[Row]) -> dict[str, str]:
    """Every disease that the rows of a game ever showed: its name, and the warning at its first showing.

    A pure function of the rows, so that a resumed run does not warn again.

    >>> row = {"split": "train", "step": 1, "output_real": 0.5, "output_fake": 0.5, "gradient_ratio": 1.0,
    ...        "duplicates": 0.9, "margin": 0.1, "lipschitz": 1.0}
    >>> list(diagnose([row, row])), list(diagnose([row, row, row]))
    ([], ['mode collapse'])
    """
    train = [row for row in rows if row["split"] == "train" and "duplicates" in row and None not in row.values()]
    found = {}
    for disease in DISEASES:
        for i in range(PATIENCE, len(train) + 1):
            if all(disease.shows(row) for row in train[i - PATIENCE : i]):
                evidence = disease.evidence.format(**train[i - 1])
                found[disease.name] = f"{disease.name}: {evidence} (step {train[i - 1]['step']}); try {disease.remedy}"
                break
    return found


class Diagnosis(Callback):
    """Warns once of each disease, also across interruptions."""

    def start(self, session: "Session") -> None:
        """Those that were warned of before."""
        self.warned = set(diagnose(session.rows))

    def row(self, session: "Session", row: Row) -> None:
        """Say once what the readings show."""
        if row["split"] != "train":
            return
        found = diagnose(session.rows[-RECENT:])
        for name, warning in found.items():
            if name not in self.warned:
                session.note(f"warning: {warning}")
        self.warned |= found.keys()

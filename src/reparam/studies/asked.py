"""What is asked of runs when they are measured."""

from dataclasses import dataclass
from typing import Any, Literal

from reparam.errors import UserError
from reparam.nearest import meant

Measure = Literal["log_likelihood", "quality", "table"]
MEASURES: tuple[Measure, ...] = ("log_likelihood", "quality", "table")
IMAGES = 1000
"""Examples whose log p(x) is estimated when the samples are measured, too: all of them would take minutes a run."""
SAMPLES, CHAINS = 1000, 16


@dataclass(frozen=True)
class Asked:
    """Which measures, and what they rest on.

    Args:
        measures: ``log_likelihood``; ``quality`` of the samples: fidelity, coverage, a two-sample test, memorization;
            ``table``: of runs of a table what users of tables know, column by column, which others go without.
        samples: for log p(x): K, importance samples per example (1000 unless given); chains of annealing (16).
        proposal: where they come from: ``posterior``, ``prior``, or ``annealed``, which needs no encoder.
        images: so many examples of ``split``, chosen at random; unless given all, but 1000 where samples are measured.
        split: which examples log p(x) is estimated of.
        steps: temperatures of annealing.
        scale: standard deviation of a normal observation model, for games.
        count: for the measures of samples: how many are compared with as many examples, at most.
        reference: the split that samples are compared with.
        features: what distances are of: ``auto``, ``raw``, ``random-conv``, ``self``, ``inception``, ``dinov2``, or a
            network or function of your own.
        dinov2_weights: the safetensors file of DINOv2; unless given, the one that ``REPARAM_DINOV2_WEIGHTS`` names.
        all_measures: those of samples that take seconds a run, too.
        target: the column of a table that is predicted by samples, or ``all`` of them in turn; the labels and the last
            column of words unless given.
        seed: of the choice of examples and of the noise.

    Raises:
        UserError: if no examples are asked for, or weights that nothing uses.
    """

    measures: tuple[Measure, ...] = MEASURES
    samples: int | None = None
    proposal: Literal["posterior", "prior", "annealed"] = "posterior"
    images: int | None = None
    split: Literal["train", "validation", "test"] = "test"
    steps: int = 500
    scale: float | None = None
    count: int = 10_000
    reference: Literal["train", "validation", "test"] = "train"
    features: Any = "auto"
    dinov2_weights: Any = None
    all_measures: bool = False
    target: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name, number in (("count", self.count), ("images", self.images)):
            if number is not None and number < 1:
                raise UserError(f"{name}={number} takes no examples: give some hundreds or thousands")
        if self.dinov2_weights is not None and self.features != "dinov2":
            raise UserError('`dinov2_weights` serve features="dinov2" only: give both, or leave them out')
        for measure in self.measures:
            if measure not in MEASURES:
                guess = meant(measure, MEASURES)
                raise UserError(f"there is no measure {measure!r}{guess}: ask for {', '.join(MEASURES)}, or several")

    @property
    def fewer(self) -> bool:
        """Whether log p(x) is of fewer examples than were asked for, since the samples are measured, too."""
        return self.images is None and self.measures != ("log_likelihood",)

    @property
    def examples(self) -> int | None:
        """Of how many examples log p(x) is estimated; None: all."""
        return IMAGES if self.fewer else self.images

    @property
    def draws(self) -> int:
        """Importance samples or chains per example."""
        if self.samples is not None:
            return self.samples
        return CHAINS if self.proposal == "annealed" else SAMPLES

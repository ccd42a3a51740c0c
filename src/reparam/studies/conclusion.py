"""The conclusion of a comparison: rules that read the numbers, each stated in words beside what it found."""

from collections.abc import Callable
from dataclasses import dataclass

from reparam.evaluation.likelihood.estimate import FEW
from reparam.pages import percent
from reparam.studies import quality_rules as quality
from reparam.studies import training_rules as training
from reparam.studies.differences import LEVEL
from reparam.studies.likelihood_rules import best_likelihood
from reparam.studies.results import Results
from reparam.studies.undertrained import STEEP, notices


@dataclass(frozen=True)
class Rule:
    """A rule of the conclusion.

    Attributes:
        name: what it is about.
        says: how it judges, for the reader.
        find: what it finds in the results: sentences, none where it does not apply.
    """

    name: str
    says: str
    find: Callable[[Results], list[str]]


ERRORS = f"apart if p < {percent(LEVEL, 0)} after Holm's correction for all pairs"
RULES: tuple[Rule, ...] = (
    Rule(
        "hardly trained",
        f"Less than all training data seen once; a bound that rose by over {percent(STEEP, 0)} in its last tenth.",
        notices,
    ),
    Rule("closest to the data", f"Smallest Fréchet distance; {ERRORS}.", quality.closest),
    Rule(
        "do measures agree",
        f"The best models by each measure of fidelity and coverage that tells its best from its worst; {ERRORS}.",
        quality.agreement,
    ),
    Rule(
        "faithful or varied",
        f"Precision and recall that differ by more than {quality.NARROW:g} and by more than their errors.",
        quality.narrowness,
    ),
    Rule("told from data", f"The two-sample test's p-value is at most {quality.SURE:g}.", quality.told_apart),
    Rule(
        "memorization",
        "Over 1 % copies, or far more samples than test examples that one training example stands out for.",
        quality.memorization,
    ),
    Rule(
        "missing digits",
        f"A digit's share is below {quality.RARE:g} times that among test examples.",
        quality.missing_classes,
    ),
    Rule("modes", "Modes with at least one sample within three standard deviations.", quality.modes),
    Rule("likelihood", f"Largest mean log p(x) of at least {FEW} effective draws; {ERRORS}.", best_likelihood),
    Rule(
        "overfitting",
        f"The validation bound ended more than {training.OVERFIT:g} nat below its best.",
        training.overfitting,
    ),
    Rule(
        "not finished",
        f"The validation bound rose by more than {training.STILL_RISING:.1%} over the last tenth of its values.",
        training.unfinished,
    ),
    Rule(
        "use of the latent space",
        f"Inactive units; codes told from the prior with accuracy above {training.PRIOR_MISSED:g}.",
        training.latent_use,
    ),
    Rule("diseases of games", "The warnings that the runs' own readings raised.", training.diseases),
    Rule("failures", "Models without a finished run.", training.failures),
    Rule("not measured", "Samples, or data, that the measures refuse.", training.unmeasured),
    Rule("one seed", "Said where no model has two seeds.", training.seeds),
)
"""In the order in which they are told."""


def conclude(results: Results) -> list[tuple[Rule, list[str]]]:
    """Every rule with what it found, in their order."""
    return [(rule, rule.find(results)) for rule in RULES]

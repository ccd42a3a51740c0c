"""Rules of the conclusion about how models were trained."""

from reparam.pages import nats, percent
from reparam.studies.quality_rules import named
from reparam.studies.results import Result, Results
from reparam.training.diagnosis import diagnose

OVERFIT = 1.0
"""Nats that a validation bound may fall from its best."""
STILL_RISING = 0.005
"""The share of itself by which a bound that has settled rises at most over the last tenth of its values."""
PRIOR_MISSED = 0.75
"""The accuracy at which codes are no longer like the prior."""


def overfitting(results: Results) -> list[str]:
    """Bounds that were better on validation data before the end than at the end."""
    found = []
    for result in results.finished:
        values = _validated(result)
        if values and max(values) - values[-1] > OVERFIT:
            lost = nats(max(values) - values[-1])
            found.append(f"{named(result)} began to overfit: its validation bound fell by {lost} nats from its best.")
    return found


def unfinished(results: Results) -> list[str]:
    """Bounds that were still rising when the budget ended."""
    found = []
    for result in results.finished:
        values = _validated(result)
        tenth = max(1, len(values) // 10)
        if len(values) > 2 and values[-1] - values[-1 - tenth] > STILL_RISING * abs(values[-1]):
            found.append(f"{named(result)} was still getting better when its budget ended.")
    return found


def _validated(result: Result) -> list[float]:
    """The bound on validation data over training."""
    key = result.run.model.monitor
    values = [row.get(key) for row in result.run.rows if row["split"] == "validation"] if key else []
    return [value for value in values if value is not None]


def latent_use(results: Results) -> list[str]:
    """Latent units that carry nothing, and codes that do not look like the prior."""
    found = []
    for result in results.finished:
        use = None if result.card is None else result.card.latents
        if use is None:
            continue
        if use.active < len(use.signal):
            found.append(f"{named(result)} uses {use.active} of its {len(use.signal)} latent units.")
        if use.accuracy > PRIOR_MISSED:
            share = percent(use.accuracy)
            found.append(f"{named(result)}: samples start where codes rarely lie, told from the prior in {share}.")
    return found


def diseases(results: Results) -> list[str]:
    """What the games' readings warned of."""
    rows = [(result, diagnose(result.run.rows)) for result in results.finished]
    return [f"{named(result)} showed {', '.join(found)} while it trained." for result, found in rows if found]


def failures(results: Results) -> list[str]:
    """Models that could not be trained, or are in training elsewhere."""
    failed = [result for result in results.results if result.trial.run is None]
    return [f"{named(result)} {result.trial.outcome}" for result in failed]


def unmeasured(results: Results) -> list[str]:
    """Samples that could not be measured, and why."""
    reasons = dict.fromkeys(note for result in results.finished if result.card is None for note in result.notes[:1])
    return [f"Samples could not be measured: {reason}." for reason in reasons]


def seeds(results: Results) -> list[str]:
    """How far one run can be trusted."""
    most = max((len(group) for group in results.groups.values()), default=0)
    if most != 1:
        return []
    return ["Each model was trained once: another seed can change the order of models that are close."]

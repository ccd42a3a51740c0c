"""What a log p(x) is of, in words: a probability is none of a density, and densities have units."""

from reparam.models.protocols import HasLikelihood, can
from reparam.models.vae.likelihoods import Likelihood
from reparam.runs.run import Run

DENSITY, COINS = "a density of values as they are", "the probability of values that are 0 or 1"


def values_of(run: Run, scale: float | None = None) -> str:
    """What a run's log p(x) is of; only numbers of the same compare.

    Args:
        run: of a model with a likelihood.
        scale: the standard deviation of a normal observation model around what a generator makes, where that is it.
    """
    if scale is not None:
        return f"{DENSITY}, seen through normal noise of {scale:g}"
    model = run.model
    likelihood = model.likelihood if can(model, HasLikelihood) and isinstance(model.likelihood, Likelihood) else None
    if likelihood is None:  # of a model of the user's own only the data tell
        return COINS if run.record.binary else DENSITY
    if likelihood.support == "columns":
        return "rows of a table: densities of numbers in their own units and probabilities of the rest"
    if likelihood.support == "binary":
        return COINS if run.record.binary else "what coins say of grey values, which is no probability"
    return f"the probability of one of {likelihood.levels} values each" if likelihood.levels else DENSITY

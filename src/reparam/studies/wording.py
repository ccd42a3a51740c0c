"""What would tell two models apart, in words."""

from reparam.studies.power import MOST_SEEDS, POWER
from reparam.studies.standing import Pair

MOST_SAMPLES = 10_000_000


def enough(pair: Pair, what: str = "samples") -> str:
    """How a sentence goes on that says that two are not told apart: with what they would be, if that is known.

    Args:
        pair: of models.
        what: the measure rests on.
    """
    if pair.apart or not pair.needs:
        return ""
    (kind, number), *_ = pair.needs.items()
    if kind == "seeds":
        many = f"more than {MOST_SEEDS:,} seeds" if number is None else f"about {number:,} seeds"
        return f"; were it the true one, {many} of each would show it in {POWER:.0%} of such studies"
    if number is None or number > MOST_SAMPLES:
        return ""
    rounded = float(f"{number:.2g}")
    return f"; were it the true one, about {rounded:,.0f} {what} would show it in {POWER:.0%} of such studies"

"""What would tell two models apart, in words."""

from reparam.pages import percent
from reparam.studies.power import MOST_SEEDS, POWER
from reparam.studies.standing import Pair

MOST_SAMPLES = 10_000_000
SEEN = "; were the difference that was seen the true one"


def enough(pair: Pair, what: str = "samples") -> str:
    """How a sentence goes on that says that two are not told apart: with what they would be, if that is known.

    Args:
        pair: of models.
        what: the measure rests on.
    """
    if pair.apart or not pair.needs:
        return ""
    (kind, number), *_ = pair.needs.items()
    often = percent(POWER, 0)
    if kind == "seeds":
        many = f"more than {MOST_SEEDS:,} seeds" if number is None else f"about {number:,} seeds"
        return f"{SEEN}, {many} of each would show it in {often} of such studies"
    if number is None or number > MOST_SAMPLES:
        return ""
    rounded = float(f"{number:.2g}")
    return f"{SEEN}, about {rounded:,.0f} {what} would show it in {often} of such studies"

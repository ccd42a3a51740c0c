"""The table of what the errors tell: who is best by each measure, who is behind, what would tell the first two."""

from collections.abc import Sequence

from reparam.pages import Cell, Table, percent
from reparam.pages.numbers import ABSENT
from reparam.studies.differences import LEVEL
from reparam.studies.power import POWER
from reparam.studies.results import Results
from reparam.studies.standing import Standing
from reparam.studies.summary import LIKELIHOOD

HEADS = ("measure", "best, or not told from it", "behind", "p of first and second", "to tell these apart")
NOTES = {
    HEADS[3]: (
        "The chance of a difference as large between the first and the second if they were alike, after Holm's "
        "correction for all pairs of models by this measure."
    ),
    HEADS[4]: (
        "How many seeds of each, or samples (test examples for log p(x)), would show this difference in "
        f"{percent(POWER, 0)} of such studies, were the one that was seen the true one. It is a rough guide: what was "
        "seen has errors, too."
    ),
}


def differences(results: Results) -> Table | None:
    """A row for each measure; None where there are no two models to compare."""
    found = {measure: one for measure, one in results.standings.items() if len(one.order) > 1}
    if not found:
        return None
    tests = dict.fromkeys(pair.found.test for one in found.values() for pair in one.pairs)
    caption = (
        f"Every two models are compared by every measure ({'; '.join(tests)}), and told apart where "
        f"p < {percent(LEVEL, 0)} after Holm's correction for all pairs of models. Who is not told from the first is "
        "as good as the first for all that is known."
    )
    return Table(HEADS, [_row(measure, one) for measure, one in found.items()], caption, NOTES)


def _row(measure: str, one: Standing) -> Sequence[Cell | str]:
    ahead = one.leaders
    behind = [name for name in one.order if name not in (*ahead, *one.unsure)]
    first, second = one.order[:2]
    pair = one.between(first, second)
    if not one.best:
        best = "all fail" if one.failed.issuperset(one.order) else "no best: the first is not told from the last"
        behind = []
    else:
        best = ", ".join(ahead) + (f" ({', '.join(one.unsure)}: errors too large to tell)" if one.unsure else "")
    told = Cell("<\N{NO-BREAK SPACE}0.001" if pair.p < 1e-3 else f"{pair.p:.2g}", order=pair.p)
    what = "test examples" if measure.startswith(LIKELIHOOD) else "samples"
    return [measure, best, ", ".join(behind) or ABSENT, told, ABSENT if pair.apart else needed(pair.needs, what)]


def needed(needs: object, what: str) -> str:
    """What would tell two apart, in few words.

    >>> needed({"seeds": 12}, "samples"), needed({"samples": 40123}, "samples"), needed({"seeds": None}, "samples")
    ('12 seeds', '40,000 samples', '> 1,000 seeds')
    """
    from reparam.studies.power import MOST_SEEDS

    if not isinstance(needs, dict) or not needs:
        return ABSENT
    (kind, number), *_ = needs.items()
    if kind == "seeds":
        return f"> {MOST_SEEDS:,} seeds" if number is None else f"{number:,} seeds"
    return ABSENT if number is None else f"{float(f'{number:.2g}'):,.0f} {what}"

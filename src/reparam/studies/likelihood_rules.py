"""Rules of the conclusion about likelihoods."""

from reparam.studies.quality_rules import code, ranked, text
from reparam.studies.results import Results
from reparam.studies.standing import standing
from reparam.studies.summary import Summary, comparable
from reparam.studies.wording import enough

UNTRUSTED = (
    "{name}: a few draws carry all the weight ({few} are effective), so that its log p(x){of} of {value} nats is a "
    "lower bound that cannot be trusted, nor can its ±."
)


def best_likelihood(results: Results) -> list[str]:
    """Which model gives the test set the largest likelihood, among those of the same values, and which have none."""
    groups, few = comparable(results), _few_draws(results)
    without = [code(name) for name in results.groups if not any(name in group for group in groups.values())]
    several = len(groups) > 1
    found = [s for values, group in groups.items() for s in _group(group, few, f" ({values})" if several else "")]
    if several:
        found.append("Likelihoods of different values do not compare: a probability is none of a density.")
    if without and groups:
        found.append(f"{', '.join(without)}: no likelihood, so that only samples can be judged.")
    return found


def _few_draws(results: Results) -> dict[str, str]:
    """The models whose log p(x) rests on a few draws, in the worst of their runs, and on how few of how many."""
    found = {}
    for name, group in results.groups.items():
        poor = [one.likelihood for one in group if one.likelihood is not None and not one.likelihood.trusted]
        if poor:
            worst = min(poor, key=lambda one: one.effective_sample_size[0])
            found[name] = f"{worst.effective_sample_size[0]:.1f} of {worst.samples:,}"
    return found


def _group(group: dict[str, Summary], few: dict[str, str], of: str) -> list[str]:
    """Of models with likelihoods of the same values: the largest that can be trusted, then those that cannot be."""
    sure = {name: summary for name, summary in group.items() if name not in few}
    unsure = [
        UNTRUSTED.format(name=code(name), few=few[name], of=of, value=text(summary))
        for name, summary in ranked(group)
        if name in few
    ]
    return [*([_largest(sure, of, alone=len(group) == 1)] if sure else []), *unsure]


def _largest(group: dict[str, Summary], of: str, alone: bool) -> str:
    """The model with the largest log p(x), and the next; the number where there is nothing to be larger than."""
    (first, a), *others = ranked(group)
    if alone:
        return f"{code(first)} gives test examples a log p(x) of {text(a)} nats{of}."
    if not others:
        return f"{code(first)} alone has a log p(x) that rests on enough draws, {text(a)} nats{of}."
    second, b = others[0]
    found = standing({name: summary.seen for name, summary in group.items()})
    pair = found.between(first, second)
    how = "next is" if pair.apart else "not told apart from it:"
    largest = f"{code(first)} gives test examples the largest log p(x), {text(a)} nats{of}"
    return f"{largest}; {how} {code(second)} with {text(b)}{enough(pair, 'test examples')}."

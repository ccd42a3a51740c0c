"""The one paragraph of a report: the two or three things that matter, the rest of the conclusion left to who asks."""

from reparam.studies import quality_rules as quality
from reparam.studies.likelihood_rules import best_likelihood
from reparam.studies.results import Results

MOST = 3
"""Sentences."""


def lead(results: Results) -> str:
    """Who makes the best samples, who gives data the largest likelihood, and the gravest fault of all."""
    found = [*quality.closest(results)[:1], *_likelihood(results), *_fault(results)]
    return " ".join(found[:MOST])


def _likelihood(results: Results) -> list[str]:
    found = best_likelihood(results)
    return found[:1] if found and "log p(x)" in found[0] else []


def _fault(results: Results) -> list[str]:
    """Copies of training examples before all, then classes that are missing, then how easily samples are told."""
    repeated = quality.memorization(results)
    if repeated and "repeat training examples;" in repeated[0]:
        return repeated
    return [*_lost(results), *quality.told_apart(results)][:1]


def _lost(results: Results) -> list[str]:
    """Which models hardly make some of the classes, and how many of them."""
    if results.floor is None or results.floor.classes is None:
        return []
    lost = {name: max(map(len, rare)) for name, rare in quality.rare_classes(results).items() if any(rare)}
    if not lost:
        return []
    told = ", ".join(f"{count} by {quality.code(name)}" for name, count in lost.items())
    return [f"Hardly made of the {len(results.floor.classes.shares)} digits: {told}."]

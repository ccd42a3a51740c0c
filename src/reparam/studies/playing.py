"""The models of a report to play with, computed in its page: as many as it has room for."""

from collections.abc import Iterator, Sequence

from reparam.errors import UserError
from reparam.exploring.explored import MOST, Explored, explored
from reparam.exploring.models import TooLarge
from reparam.models.protocols import Encodes, HasPrior, can
from reparam.pages import Page, Playground, Section, render
from reparam.runs.only_read import as_typed
from reparam.studies.results import Result

EXAMPLES = 10
"""Of each model, to choose from."""
AROUND = 8_000
"""Letters at most of the controls around a model."""
TEXT = (
    "The networks are in this file, and run in your browser: draw a picture, choose a test example or move a slider, "
    "and read its code, its bound term by term, and what a discriminator says of it."
)


def room_beside(page: Page) -> int:
    """Letters that are left for models in a page that has none yet."""
    empty = Section("", figures=[Playground({}, {}, "")], folds="closed")
    both = Page("", sections=[empty])
    return MOST - len(render(page).encode()) - len(render(both).encode())


def section(results: Sequence[Result], room: int) -> list[Section]:
    """Every model that there is room for, one that reads what is drawn before others, and why the rest is left out.

    Args:
        results: finished, one of each model; of tables nothing is shown.
        room: letters, at most.
    """
    results = [result for result in results if result.run.record.schema is None]
    found: dict[str, Explored] = {}
    why: dict[str, str] = {}
    for result in sorted(results, key=_preference):
        try:
            one = _explored(result, room)
        except UserError as error:
            why[result.name] = str(error)
            continue
        if one is not None:
            found[result.name] = one
            room -= len(one.playground.data.encode()) + AROUND
        else:
            why[result.name] = ""
    figures = [_titled(found[result.name], result) for result in results if result.name in found]
    told_why = "\n\n".join([TEXT, *_left_out(why), *_without(found)])
    return [Section("Play with the models", told_why, figures=figures, folds="closed")] if figures or why else []


def _preference(result: Result) -> tuple[bool, bool]:
    """Whoever has a bound first, then games, then what has no prior."""
    model = result.run.model
    return not can(model, HasPrior), not can(model, Encodes)


def _explored(result: Result, room: int) -> Explored | None:
    """A model in the room that is left; None where there is not enough.

    Raises:
        UserError: if the page cannot compute it.
    """
    if room <= AROUND:
        return None
    try:
        one = explored(result.run, EXAMPLES, most=room - AROUND, halved=True)
    except TooLarge:
        return None
    return one if len(one.playground.data.encode()) + AROUND <= room else None


def _titled(one: Explored, result: Result) -> Playground:
    ground = one.playground
    command = f"reparam explore {as_typed(result.trial.folder)}"
    caption = f"{one.subtitle}. {ground.caption}"
    return Playground(ground.model, ground.heaps, caption, command=command, title=result.name)


def _left_out(why: dict[str, str]) -> Iterator[str]:
    """Which models are not there, and what shows them."""
    small = [f"`{name}`" for name, reason in why.items() if not reason]
    if small:
        yield (
            f"There was no room left for {', '.join(small)}, since this page stays below {MOST / 1e6:g} MB: "
            "`reparam explore RUN` makes a page of one model."
        )
    yield from (f"`{name}` is left out: {reason.rstrip('.')}." for name, reason in why.items() if reason)


def _without(found: dict[str, Explored]) -> Iterator[str]:
    """What models do without."""
    for name, one in found.items():
        yield from (f"`{name}`: {sentence}" for sentence in one.left_out)

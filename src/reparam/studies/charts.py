"""The curves of all models in the same axes, a chart for each quantity that has a unit of its own."""

import csv
import io
from collections.abc import Iterator, Sequence

import numpy as np

from reparam.evaluation import curves
from reparam.evaluation.likelihood.values import values_of
from reparam.models.protocols import Judges, can
from reparam.pages import Chart, Series
from reparam.runs.only_read import as_typed, called
from reparam.studies.results import Result, Results

EPOCHS = "passes over the training data (epochs)"
QUANTITIES = {
    "elbo": ("lower bound of log p(x) (ELBO)", "nats per example"),
    "iwae": ("importance-weighted lower bound of log p(x)", "nats per example"),
    "estimated_elbo": ("estimated lower bound of log p(x)", "nats per example"),
    "reconstruction": ("reconstruction: log p(x|z) at the code of x", "nats per example"),
}
GAME = ("value of the game V(D, G), on training batches", "nats")
CRITIC = ("the critic's mean on real less that on generated examples, on training batches", "its own units")
Key = tuple[str, str, str]
Lines = Sequence[tuple[Result, Series]]


def bounds(results: Results) -> list[Chart]:
    """What training raises, on the validation set: the models of each quantity in one chart."""
    return _charts(results, [_bound(result) for result in results.finished], "on the validation set")


def games(results: Results) -> list[Chart]:
    """The values of games: those of discriminators in one chart, those of critics in another."""
    return _charts(results, [_game(result) for result in results.finished], "")


def _bound(result: Result) -> Key | None:
    quantity = result.run.model.monitor or result.run.model.curve
    if quantity is None:
        return None
    label, unit = QUANTITIES.get(quantity, (quantity.replace("_", " "), ""))
    return quantity, f"{label} ({unit})" if unit else label, values_of(result.run)


def _game(result: Result) -> Key | None:
    if _bound(result) is not None or not any("value" in row for row in result.run.rows):
        return None
    critic = can(result.run.model, Judges) and result.run.model.critic
    label, unit = CRITIC if critic else GAME
    return "margin" if critic else "value", f"{label} ({unit})", ""


def _charts(results: Results, keys: Sequence[Key | None], where: str) -> list[Chart]:
    """A chart of each key that there is, in the order in which they come."""
    pairs = list(zip(results.finished, keys, strict=True))
    colours = {name: i for i, name in enumerate(results.groups)}
    found = []
    for key in dict.fromkeys(key for key in keys if key is not None):
        lines = [(result, _line(result, key[0], colours[result.name])) for result, own in pairs if own == key]
        if known := [(result, line) for result, line in lines if line is not None]:
            found.append(_chart(known, key, where))
    return found


def _line(result: Result, quantity: str, colour: int) -> Series | None:
    """A run's curve: of validation where it has such rows, else of training; None where there is no number."""
    numbers = curves(result.run).numbers
    if quantity not in numbers:
        return None
    x, y = (np.asarray(numbers[name], float) for name in ("epoch", quantity))
    if "split" in numbers and (numbers["split"] == "validation").any():
        x, y = (values[numbers["split"] == "validation"] for values in (x, y))
    known = np.isfinite(x) & np.isfinite(y)
    return Series(result.name, x.tolist(), y.tolist(), colour) if known.any() else None


def _chart(lines: Lines, key: Key, where: str) -> Chart:
    _, label, values = key
    names = ", ".join(dict.fromkeys(one.label for _, one in lines))
    several = len(lines) > len({one.label for _, one in lines})
    of = f" The likelihood is {values}." if values else ""
    caption = (
        f"{label[0].upper()}{label[1:]}{' ' + where if where else ''} over training.{of}"
        f"{' A line for each seed.' if several else ''} Point at the chart, or use the slider, to read the numbers."
    )
    command = "\n".join(f"reparam curves {as_typed(result.trial.folder)}" for result, _ in lines)
    alt = f"{label} of {names} over training"
    return Chart([one for _, one in lines], caption, alt, EPOCHS, label, "epoch", command, _csv(lines))


def _csv(lines: Lines) -> str:
    """A line for each point."""
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(["run", "epoch", "value"])
    table.writerows(_points(lines))
    return file.getvalue()


def _points(lines: Lines) -> Iterator[list[str]]:
    for result, one in lines:
        yield from ([called(result.trial.folder), f"{x:.6g}", f"{y:.6g}"] for x, y in one.known)

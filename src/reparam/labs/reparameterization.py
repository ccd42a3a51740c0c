"""The four models of the exercise: is reparameterization needed, is it there, and what does the gradient say?"""

import math
from collections.abc import Callable

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from reparam.audit.exercise import Exercise, Question
from reparam.audit.report import Report
from reparam.labs.lab import Check, Findings, Lab, Numbers
from reparam.plots.style import BLUE, INK, ORANGE, SOFT, dress, new_figure

TEXT = """
Reparameterization is needed where a parameter that is to be learned stands before the draw: z = mean + scale · noise
keeps a path from z back to mean and scale, a draw from the finished distribution does not.

Four models, with networks g and f and a loss that is a squared length. (1) `z ~ N(x, I), h = g(z)`: nothing learned
stands before the draw, so it is not needed. (2) `h = g(x), z ~ N(h, I)`: needed; `torch.normal(h, 1.0)` passes on
zeros, so g never learns, and nothing complains. (3) `h = g(x), z ~ N(0, I), f(h + z)`: the same loss as the second
when written rightly, and not needed: the draw has no parameter. (4) `z ~ N(0, diag(h))` with h from a linear layer
is no model at all, since variances come out negative; with `h = exp(g(x))` it is one, and reparameterized.

The gradient audit must say all this of the code alone, and its central differences must agree with it. Beyond that,
the expected losses have closed forms, such as E|f(z)|² = |f(h)|² + ‖W‖², W being f's weight: the average of autograd's
gradients over draws must be their gradient where the audit is content, and is nothing where it says blocked.
"""
SOURCE = "Kingma & Welling 2014, section 2.4; Rezende et al. 2014, section 3"
LABELS = ("1", "2 drawn", "2 mended", "3", "4 linear", "4 mended")


def measure(seed: int, quick: bool) -> Findings:
    """The audit of each model beside what theory says, and its averaged gradient beside the exact one."""
    exercise = Exercise(seed=seed)
    answers = exercise.answers(seed=seed, seeds=16 if quick else 64)
    checks: list[Check] = []
    numbers = {"variances": exercise.g(exercise.x).detach().flatten().sort().values.numpy()}
    for label, (question, report), exact in zip(LABELS, answers, expected_losses(exercise), strict=True):
        checks.append(_audited(label, question, report))
        if exact is None:
            checks += _ill_defined(label, question, report, exercise)
            continue
        found = _averaged(question.loss, exercise, 300 if quick else 3000)
        truth = _gradient(exact(), exercise)
        checks += [_differences(label, question, report), _arrives(label, question, found, truth)]
        numbers[f"exact {label}"], numbers[f"found {label}"] = truth.numpy(), found.mean(0).numpy()
        numbers[f"error {label}"] = (found.std(0) / len(found) ** 0.5).numpy()
    return Findings(tuple(checks), numbers)


def expected_losses(exercise: Exercise) -> list[Callable[[], Tensor] | None]:
    """Each model's loss averaged over its noise, in closed form, in the exercise's order; None where there is none."""
    g, f, x = exercise.g, exercise.f, exercise.x

    def first() -> Tensor:
        return _length(g(x)) + g.weight.square().sum()

    def shifted() -> Tensor:
        return _length(f(g(x))) + f.weight.square().sum()

    def scaled() -> Tensor:
        variances: Tensor = g(x).exp()
        return f.bias.square().sum() + (variances @ f.weight.square().sum(0)).mean()

    return [first, shifted, shifted, shifted, None, scaled]


def _length(h: Tensor) -> Tensor:
    """Squared length of the vectors in ``h``, averaged over examples."""
    return h.square().sum(-1).mean()


def _gradient(loss: Tensor, exercise: Exercise) -> Tensor:
    """The loss's gradient in g's parameters, flat: 12 numbers."""
    return torch.cat([part.flatten() for part in torch.autograd.grad(loss, list(exercise.g.parameters()))])


def _averaged(loss: Callable[[], Tensor], exercise: Exercise, draws: int) -> Tensor:
    """Autograd's gradients in g's parameters, one row per evaluation of the loss."""
    return torch.stack([_gradient(loss(), exercise) for _ in range(draws)])


def _audited(label: str, question: Question, report: Report) -> Check:
    """The audit's verdict on what is drawn."""
    share = report.verdicts().count(question.verdict) / max(len(report.nodes), 1)
    return Check(f"model {label}: draws that the audit calls {question.verdict}, share", 1.0, share)


def _differences(label: str, question: Question, report: Report) -> Check:
    """Whether the audit's central differences find a bias, as they must of a blocked draw; NaN: they cannot tell."""
    found = math.nan if report.check is None or report.check.biased is None else report.check.biased
    return Check(f"model {label}: differences find a bias (1) or none (0)", question.verdict == "blocked", found)


def _arrives(label: str, question: Question, found: Tensor, truth: Tensor) -> Check:
    """How much of the exact gradient arrives: the averaged one's part along it, as a share."""
    shares = found @ truth / truth.square().sum()
    error = (shares.std() / len(shares) ** 0.5).item()
    predicted = float(question.verdict != "blocked")
    return Check(
        f"model {label}: share of g's exact gradient that arrives", predicted, shares.mean().item(), 5 * error + 1e-5
    )


def _ill_defined(label: str, question: Question, report: Report, exercise: Exercise) -> list[Check]:
    """No number comes out, and the audit names the first variance that is not positive."""
    h = exercise.g(exercise.x).detach().flatten()
    first = h[h <= 0][0].item()
    return [
        Check(f"model {label}: losses that are a number, of 10", 0.0, _finite(question.loss, 10)),
        Check(f"model {label}: the variance that the audit objects to", first, _named(report), 1e-4 * abs(first)),
    ]


def _finite(loss: Callable[[], Tensor], draws: int) -> int:
    return sum(math.isfinite(loss().item()) for _ in range(draws))


def _named(report: Report) -> float:
    """The value that the audit's warning of a variance ends in; NaN without such a warning."""
    said = [warning for warning in report.warnings if "not positive" in warning]
    return float(said[0].rsplit(" ", 1)[1]) if said else math.nan


def draw(numbers: Numbers) -> Figure:
    """Averaged against exact gradients of each model, and the variances of the one that is none."""
    figure = new_figure(11.0, 6.6)
    titles = (
        "1: z ~ N(x, I), h = g(z)\nnot needed",
        "2: z = torch.normal(g(x), 1)\nneeded and missing: blocked",
        "2: z = g(x) + noise\nneeded and done",
        "3: f(g(x) + z), z ~ N(0, I)\nnot needed",
        "4: z ~ N(0, diag(g(x)))\nnot well defined",
        "4: z ~ N(0, diag(exp(g(x))))\nneeded and done",
    )
    for axes, label, title in zip(figure.subplots(2, 3).flat, LABELS, titles, strict=True):
        if f"exact {label}" in numbers:
            _gradients(axes, numbers, label, title)
        else:
            _variances(axes, numbers["variances"], title)
    return figure


def _gradients(axes: Axes, numbers: Numbers, label: str, title: str) -> None:
    """One point per parameter of g, with two standard errors of the average."""
    dress(axes, x="exact gradient of the expected loss", y="autograd's, averaged", title=title)
    exact, found = numbers[f"exact {label}"], numbers[f"found {label}"]
    ends = [exact.min(), exact.max()]
    axes.plot(ends, ends, color=SOFT, linewidth=1)
    colour = BLUE if found.any() else ORANGE
    axes.errorbar(exact, found, 2 * numbers[f"error {label}"], fmt="o", color=colour, markersize=4, linewidth=1)


def _variances(axes: Axes, variances: np.ndarray, title: str) -> None:
    """What a linear layer gives for variances, in order."""
    dress(axes, x="entry of h, sorted", y="variance", title=title)
    places = np.arange(len(variances))
    for which, colour, name in ((variances > 0, BLUE, "a variance"), (variances <= 0, ORANGE, "below zero")):
        axes.bar(places[which], variances[which], 1.0, color=colour, label=name)
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.legend(fontsize=8, frameon=False)


LAB = Lab("reparameterization", "Four models, and where the gradient goes", TEXT, SOURCE, measure, draw)
run = LAB.run

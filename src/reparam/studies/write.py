"""The report of a comparison: one page, and the same numbers as JSON beside it."""

import platform
from dataclasses import replace
from pathlib import Path

import torch

from reparam._version import __version__
from reparam.files import make_way, result_json, write_result
from reparam.folders import standing
from reparam.pages import More, Page, Section, Table, write
from reparam.runs.only_read import called
from reparam.studies import changes, charts, columns_report, pictures, playing, tables
from reparam.studies.conclusion import conclude
from reparam.studies.lead import lead
from reparam.studies.order import differences
from reparam.studies.overview import overview
from reparam.studies.record import record_of
from reparam.studies.results import Result, Results
from reparam.studies.undertrained import notices
from reparam.training.diagnosis import diagnose

DRAWN = 8
"""Models whose pictures are in the page: each takes half a megabyte of it, and all of two hundred some seventy."""


def write_report(results: Results, path: Path, force: bool = False) -> Path:
    """Draw every figure, write the page, and the numbers as JSON beside it.

    Args:
        results: what was found.
        path: of the page, ending in ``.html``; the numbers are at ``path.with_suffix(".json")``.
        force: replace files that are there already, whoever made them; else only what reparam made.
    """
    with standing(make_way(path)):
        write_result(path.with_suffix(".json"), result_json(results.json()), force)
        return write(page(results), path, force)


def page(results: Results) -> Page:
    """The whole report: what one sees first, what it means, then all the rest, which folds."""
    without = _without_play(results)
    played = playing.section(results.pictured, playing.room_beside(without))
    *shown, costs, rules = without.sections
    return replace(without, sections=[*shown, *played, costs, rules])


def _without_play(results: Results) -> Page:
    """All but what is played with, which takes the room that this leaves."""
    sections = [
        _first(results),
        _conclusion(results),
        *_since(results),
        *_training(results),
        *_measures(results),
        *columns_report.section(results),
        *_looks(results),
        _costs(results),
        _rules(results),
    ]
    name = "nothing" if results.data is None else results.data.name
    machine = f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    made = f"Made by reparam {__version__} on {machine}."
    return Page(f"Generative models of {name}, compared", _subtitle(results), sections, made)


def _subtitle(results: Results) -> str:
    if results.data is None:
        return "no model could be trained"
    counts = ", ".join(f"{len(split):,} {name}" for name, split in results.data.splits.items())
    shape = f"{counts} examples of shape {' × '.join(map(str, results.data.data_shape))}"
    if results.protocol is None:
        return f"{results.data.name}: {shape}; runs trained apart from each other, measured alike"
    seeds = max((len(group) for group in results.groups.values()), default=1)
    return f"{results.data.name}: {shape}; {results.protocol.budget} each, {seeds} seed{'s' * (seeds > 1)}"


def _first(results: Results) -> Section:
    """What was compared: samples, numbers and costs of each; the protocol, folded."""
    return Section(
        "Overview",
        notices=notices(results),
        overview=overview(results),
        more=[More("How they were compared", _protocol(results))],
    )


def _protocol(results: Results) -> str:
    """By which protocol."""
    if results.protocol is None:
        return (
            "The runs were trained apart from each other, by settings of their own (see their `config.json`), on the "
            "same data in the same split; they are measured alike."
        )
    seeds = max((len(group) for group in results.groups.values()), default=1)
    with_seeds = "seed 0" if seeds == 1 else f"each of {seeds} seeds (pictures are of the first)"
    return (
        f"Every model was trained on the same training split for the same budget, {results.protocol.budget}, with "
        f"{with_seeds}; what is chosen by a validation bound is chosen on the validation split; everything below is "
        "measured alike, on the test split where real data are needed, and by the same draws of reference examples."
    )


def _conclusion(results: Results) -> Section:
    """The paragraph, and all that the rules found."""
    found = [sentence for _, sentences in conclude(results) for sentence in sentences]
    words = "These sentences were computed from the numbers below, by the rules at the end of the page."
    short = lead(results)
    if not short:
        return Section("Conclusion", "\n\n".join([*found, words]))
    return Section("Conclusion", short, more=[More(f"All {len(found)} findings", "\n\n".join([*found, words]))])


def _since(results: Results) -> list[Section]:
    """What changed since the last report that had other numbers."""
    if results.before is None:
        return []
    now = record_of(results)
    table = changes.table(results.before, now, ("last report", "now"))
    text = "\n\n".join(changes.told(results.before, now))
    return [Section("What changed since the last report", text, tables=[table] if table else [], folds="open")]


def _costs(results: Results) -> Section:
    return Section("Cost", tables=[tables.costs(results)], folds="open")


def _rules(results: Results) -> Section:
    """The rules in words, and how often each applied."""
    rows: list[tables.Row] = [[rule.name, rule.says, len(sentences)] for rule, sentences in conclude(results)]
    table = Table(("rule", "how it judges", "sentences"), rows, "In the order of the conclusion.")
    return Section("How the conclusion was drawn", tables=[table], folds="closed")


def _measures(results: Results) -> list[Section]:
    cards = any(result.card for result in results.finished)
    optional = {
        "Fidelity and coverage": tables.fidelity(results) if cards else None,
        "Which differences are real": differences(results),
        "Two-sample test and memorization": tables.tests(results) if cards else None,
        "Modes": tables.modes(results),
        "Classes of the samples": tables.classes(results),
        "Likelihood": tables.likelihood(results),
        "Use of the latent space": tables.latents(results),
    }
    return [Section(heading, tables=[table], folds="open") for heading, table in optional.items() if table]


def _training(results: Results) -> list[Section]:
    """Curves of bounds and of games in shared axes, with the warnings that were raised; each game's readings folded."""
    bounds = Section("The bound over training", figures=charts.bounds(results), folds="open")
    warnings = [line for result in results.finished for line in _warnings(result)]
    games = Section("The games over training", "\n\n".join(warnings), figures=charts.games(results), folds="open")
    readings = Section(
        "All readings of the games", _others(results), figures=pictures.games(_drawn(results)), folds="closed"
    )
    return [section for section in (bounds, games, readings) if section.figures]


def _warnings(result: Result) -> list[str]:
    return [f"`{called(result.trial.folder)}` warned: {text}." for text in diagnose(result.run.rows).values()]


def _looks(results: Results) -> list[Section]:
    """What there is to see: samples, reconstructions, latent spaces, paths."""
    if results.data is None:
        return []
    if not results.data.is_image:
        return _clouds(results)
    shown, others = _drawn(results), _others(results)
    sections = [
        Section("Samples over training", others, figures=pictures.samples_over_training(shown), folds="open"),
        Section("Reconstructions", others, figures=pictures.reconstructions(shown), folds="open"),
        Section("The latent plane", others, [*pictures.planes(shown), *pictures.side_by_side(shown)], folds="open"),
        Section("Paths between two examples", others, figures=pictures.interpolations(shown), folds="open"),
    ]
    return [section for section in sections if section.figures]


def _clouds(results: Results) -> list[Section]:
    """The same of points and tables, which have no images to show."""
    shown, others = _drawn(results), _others(results)
    over_training = pictures.samples_over_training(shown)
    sections = [
        Section("Samples over training", others, figures=over_training, folds="open"),
        Section("Samples", others, figures=[] if over_training else pictures.samples(shown), folds="open"),
        Section("Latent spaces", others, figures=pictures.side_by_side(shown), folds="open"),
    ]
    return [section for section in sections if section.figures]


def _drawn(results: Results) -> tuple[Result, ...]:
    """The models whose pictures are in the page."""
    return results.pictured[:DRAWN]


def _others(results: Results) -> str:
    """How any other model's pictures are drawn; nothing where there are no others."""
    count = len(results.pictured)
    if count <= DRAWN:
        return ""
    return (
        f"The first {DRAWN} of {count} models are drawn here, so that this page stays small. The command under a "
        "picture draws the same of any other: name its run."
    )

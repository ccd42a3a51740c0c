"""Curves and gauges: every point where its number says, and nothing drawn that is not there."""

import math
import re
from itertools import pairwise

import pytest

from page_helpers import chart, overview
from reparam.pages import Chart, Entry, Gauge, Overview, Page, Section, Series, Table, render
from reparam.pages.chart import ticks
from reparam.pages.table import Cell


def of(series, **changes):
    return Chart(**{"series": series, "caption": "c", "alt": "a", "x_label": "x", "y_label": "y"} | changes)


def test_points_lie_where_their_numbers_say():
    one = of([Series("a", [0, 5, 10], [0.0, 50.0, 100.0])])
    least, most = one.y_range
    assert (least, most) == (-4.0, 104.0)
    (line,) = one.lines(one.series[0])
    places = [[float(part) for part in point.split(",")] for point in line.split()]
    for (x, y), (across, down) in zip([(0, 0), (5, 50), (10, 100)], places, strict=True):
        assert across == pytest.approx(10 * x, abs=0.01)
        assert down == pytest.approx(100 * (most - y) / (most - least), abs=0.01)


def test_a_number_that_is_none_leaves_a_gap():
    one = chart()
    before, after = one.lines(one.series[0])
    assert (len(before.split()), len(after.split())) == (2, 2)
    assert len(one.series[0].known) == 4


def test_a_far_start_is_left_beyond_the_axis_and_that_is_said():
    one = chart()
    assert one.y_range[0] > -140
    assert one.cut == "The start is beyond the axis: from −500."
    for seeds in (1, 3):  # of two places each, of which the second is no curve
        short = of([Series("a", [0.3, 0.6], [1.4, 0.8]) for _ in range(seeds)])
        assert short.cut == ""
        assert short.y_range[1] > 1.4
    near = of([Series("a", [0, 1, 2], [0.0, 1.0, 1.5])])
    assert near.cut == ""
    assert near.y_range[0] < 0


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (-549.2, -100.1), (1e-7, 3e-7), (0.0, 0.9999), (12345.0, 12346.0), (-1, 1e6)]
)
def test_ticks_are_round_few_and_within(low, high):
    found = ticks(low, high)
    assert 2 <= len(found) <= 7
    assert all(low - 1e-9 * (high - low) <= tick <= high + 1e-9 * (high - low) for tick in found)
    steps = {round((b - a) / (found[1] - found[0]), 6) for a, b in pairwise(found)}
    assert steps == {1.0}
    lead = (found[1] - found[0]) / 10 ** math.floor(math.log10(found[1] - found[0]) + 1e-9)
    assert round(lead, 6) in (1, 2, 5)


def test_one_point_and_equal_values_are_drawn():
    flat = of([Series("a", [1.0], [3.0])])
    (line,) = flat.lines(flat.series[0])
    assert line == "50.00,50.00 50.00,50.00"


def test_curves_of_one_label_are_one_line_of_the_legend():
    both = of([Series("a", [0, 1], [0, 1], 2), Series("b", [0, 1], [1, 0], 3), Series("a", [0, 1], [2, 1], 2)])
    assert [one.label for one in both.legend] == ["a", "b"]
    html = render(Page("p", sections=[Section("s", figures=[both])]))
    assert html.count('data-label="a"') == 2
    assert html.count('<line class="s2"') == 1


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Series("a", [0], [0, 1]), "1 places and 2 values"),
        (lambda: of([Series("a", [0], [float("nan")])]), "no point to draw"),
        (lambda: of([Series("a", [0], [1])], alt=" "), "alternative text"),
        (lambda: Gauge("g", 1, 1), "from a number to a larger one"),
        (lambda: Gauge("g", 0, float("inf")), "from a number to a larger one"),
        (lambda: Overview([Gauge("g", 0, 1)], [Entry("a", [])]), "0 readings for 1 gauges"),
        (lambda: Table(["a"], [], notes={"b": "?"}), "no column 'b'"),
    ],
)
def test_our_own_mistakes_are_caught_where_they_are_made(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_a_gauge_places_number_bar_seeds_and_floor():
    html = render(Page("p", sections=[Section("s", overview=overview())]))
    row = html.split("50 ± 10")[0].rsplit("<td", 1)[1]
    placed = re.findall(r'class="(\w+)" style="left: ([\d.]+)%(?:; width: ([\d.]+)%)?"', row)
    assert placed[:2] == [("floor", "5.0", ""), ("bar", "20.0", "10.0")]
    assert placed[2:] == [("seed", "20.0", ""), ("seed", "30.0", ""), ("dot", "25.0", "")]
    beyond = html.split("400 ± 5")[0].rsplit("<td", 1)[1]
    assert 'class="dot" style="left: 100.0%"' in beyond
    assert '<strong>50 ± 10</strong><span class="best"> best</span>' in html
    assert Gauge("g", 0, 1).span(0.1, 0.2) == (0.0, 30.0), "a bar ends where its gauge does"


def test_cells_are_sorted_by_what_they_say_unless_told_otherwise():
    cells = ("−1,101.83 ± 0.05", "97.3 %", 3, None, "gan", "∞", "<\N{NO-BREAK SPACE}0.001")
    assert [Cell(value).place for value in cells] == [-1101.83, 97.3, 3, None, None, math.inf, 0.001]
    assert Cell("1 min 2 s", order=62).place == 62

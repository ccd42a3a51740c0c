"""Rows: what is damaged is found, told, and hides nothing of the rest."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reparam.folders import Unwritten
from reparam.runs.identity import Identity
from reparam.runs.lines import append_line, is_row, read_lines, rewrite_lines

ME, OTHER, OLD = Identity("me", True), Identity("other", True), Identity("me", False)
ROWS = [{"step": step, "epoch": step / 3, "split": "train", "elbo": -1.5 * step, "kl": None} for step in range(6)]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("log") / "metrics.jsonl"
    for row in ROWS:
        append_line(path, row, ME)
    return path.read_bytes()


def found(path, content, identity=ME):
    path.write_bytes(content)
    return read_lines(path, is_row, identity)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("log") / "metrics.jsonl"


def test_what_was_added_or_rewritten_is_read_back(place, written):
    assert found(place, written).rows == ROWS
    rewrite_lines(place, ROWS, ME)
    assert place.read_bytes() == written
    assert [json.loads(line)["step"] for line in written.splitlines()] == list(range(6)), "plain JSON for everybody"


@given(st.data())
def test_no_change_of_a_byte_is_believed(place, written, data):
    """CRC-32 finds every error within four bytes: a row is as it was written, or it is told; no row is made up."""
    at = data.draw(st.integers(0, len(written) - 1))
    to = data.draw(st.integers(0, 255).filter(lambda byte: byte != written[at]))
    lines = found(place, written[:at] + bytes([to]) + written[at + 1 :])
    lost = [row for row in ROWS if row not in lines.rows]
    assert [row for row in ROWS if row in lines.rows] == lines.rows
    assert len(lost) <= 2, "the newline between two rows, at most"
    assert bool(lines.damaged or lines.torn) or not lost
    if lost and lost != ROWS[-1:]:
        assert lines.rows[-1] == ROWS[-1] or lost[-1] == ROWS[-1], "the later ones stand"


@given(st.data())
def test_a_file_that_was_cut_off_keeps_its_whole_rows(place, written, data):
    size = data.draw(st.integers(0, len(written)))
    lines = found(place, written[:size])
    whole = written[:size].count(b"\n") + (size < len(written) and written[size : size + 1] == b"\n")
    assert lines.rows == ROWS[:whole]
    assert not lines.damaged
    assert bool(lines.torn) == (size - sum(map(len, written.splitlines(True)[:whole])) > 0)


def test_rows_of_another_run_are_not_taken(place, written):
    lines = found(place, written, OTHER)
    assert (lines.rows, len(lines.damaged)) == ([], 6)
    assert lines.told(place) == [
        f"lines 1, 2, 3, 4, 5 and 1 more of {place} are damaged or of another run, and passed over; the others stand"
    ]


@pytest.mark.parametrize(
    "line",
    ["[1]", "3", "{}", '{"step": 1}', '{"step": -1, "split": "train"}', '{"step": true, "split": "train"}', "x",
     '{"step": 1, "split": "best"}', '{"step": 1, "split": "train", "elbo": "high"}',
     '{"step": 1, "split": "train", "elbo": NaN}', "\udcff", ""],
)  # fmt: skip
def test_what_is_no_row_is_passed_over_in_logs_of_earlier_versions_too(place, line):
    content = "".join(json.dumps(row) + "\n" for row in ROWS).splitlines(True)
    lines = found(place, "".join([*content[:2], line, "\n", *content[2:]]).encode(errors="surrogateescape"), OLD)
    assert lines.rows == ROWS
    assert [number for number, _ in lines.damaged] == [3]


def test_a_line_that_the_system_refuses_is_told_from_other_mistakes(tmp_path):
    """Whoever tries many settings takes none for a failed one by it."""
    with pytest.raises(Unwritten, match=r"rows.jsonl cannot be written \(No such file or directory\)"):
        append_line(tmp_path / "gone" / "rows.jsonl", {"step": 1}, Identity())

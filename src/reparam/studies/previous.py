"""The report before this one: its numbers stay in the folder of the comparison, so that what changed can be said."""

from dataclasses import replace
from pathlib import Path

from reparam.door import Unreadable, read_json
from reparam.errors import UserError
from reparam.files import is_ours, result_json, write_result
from reparam.studies.changes import same
from reparam.studies.record import Record, read_record, record_of
from reparam.studies.results import Results

SUFFIX = ".previous.json"


def place_of(page: Path) -> Path:
    """Where the numbers of the report before lie.

    >>> place_of(Path("study/report.html")).name
    'report.previous.json'
    """
    return page.with_suffix(SUFFIX)


def with_previous(results: Results, page: Path) -> Results:
    """The results with the last report's numbers that were others; those are kept before they are written over.

    Args:
        results: about to be written.
        page: where.
    """
    last, kept = page.with_suffix(".json"), place_of(page)
    before = _read(last)
    if before is not None and not same(before, record_of(results)):
        write_result(kept, result_json(read_json(last)))
        return replace(results, before=before)
    return replace(results, before=_read(kept))


def _read(path: Path) -> Record | None:
    """A report's numbers; None where there are none, or not as they are written now."""
    try:
        return read_record(path) if is_ours(path) else None
    except Unreadable:
        raise  # it would be written over, and nothing said of what changed
    except UserError:
        return None

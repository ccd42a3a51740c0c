"""How data at another place are read: as a run's own were, as far as that applies to them."""

from pathlib import Path
from typing import Any

from reparam.data.packs import is_pack
from reparam.data.readers.idx import is_idx_folder
from reparam.data.readers.sources import IMAGES, format_of
from reparam.data.record import DataRecord
from reparam.data.tables import kept_of
from reparam.door import is_folder


def fitting(record: DataRecord, place: Path) -> dict[str, Any]:
    """What was asked for when a run's data were read, as far as it applies to what lies at another place.

    What was found out then, which number is white in images of more than 8 bits, is asked for now.
    """
    if record.table is not None:
        return kept_of(record)
    folder = is_folder(place) and not is_pack(place) and not is_idx_folder(place)
    known = None if is_folder(place) else format_of(place)
    applies = IMAGES if folder else known.applying if known else ()
    found = {"value_range": (0.0, record.scale)} if record.deep else {}
    return {name: value for name, value in (found | record.reading).items() if name in applies}

"""What a schema says of columns, so that other tables of the same columns are read alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reparam.data.columns.table import TableSchema


@dataclass(frozen=True)
class Known:
    """What is known of columns before their cells are seen.

    Args:
        kinds: by name.
        written: how dates are written, by name; None: not as text.
        lows: the smallest values of columns that have missing cells, by name: what stands for those lies below.
    """

    kinds: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, str | None] = field(default_factory=dict)
    lows: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, schema: TableSchema) -> "Known":
        """What a schema knows."""
        dates = {kind.name: getattr(kind, "written", None) for kind in schema.columns if kind.word == "date"}
        lows = {kind.name: getattr(kind, "low", None) for kind in schema.columns if kind.missing}
        numbers = {name: float(low) for name, low in lows.items() if isinstance(low, int | float)}
        return cls({kind.name: kind.word for kind in schema.columns}, dates, numbers)

"""How a file is to be read."""

from dataclasses import dataclass, field

from reparam import checks
from reparam.data.columns.outside import Outside
from reparam.data.columns.table import TableSchema
from reparam.errors import UserError
from reparam.settings import ReadingConfig


@dataclass(frozen=True)
class Asked:
    """What a reader is told besides the path.

    Args:
        seed: of the split where the source names none.
        memory_limit: bytes from which rows stay on disk.
        how: the settings of reading.
        table: the schema that a table is read by, where it is known already; it goes before the settings.
        whole: of a table, all rows are wanted in their order, and none held out.
        outside: what is done with rows that the schema does not know.
    """

    seed: int
    memory_limit: int
    how: ReadingConfig = field(default_factory=ReadingConfig)
    table: TableSchema | None = None
    whole: bool = False
    outside: Outside = "refuse"

    def __post_init__(self) -> None:
        checks.within("memory_limit", self.memory_limit, 0)


TABLES = (
    *("columns", "drop", "groups", "delimiter", "decimal", "missing", "header", "encoding"),
    *("split_by", "labels", "schema_file"),
)
"""The settings that apply to tables only."""
TEXT = ("delimiter", "decimal", "header", "encoding")
"""Those of them that apply to text only."""
FOLDERS = ("image_size", "fit", "background", "frames", "skip_broken", "image_mode")
"""The settings that apply to folders of images only."""
ARRAYS = ("value_range", "bands")
"""The settings that apply to images, of a folder or an array."""


def refuse_idle(given: str, how: ReadingConfig, applying: tuple[str, ...]) -> None:
    """Refuse settings that would do nothing.

    Args:
        given: the source, as it was given.
        how: what was asked for.
        applying: the settings that apply to it.

    Raises:
        UserError: naming the first that does not, and what it applies to.
    """
    for name, value in how.asked().items():
        if name in applying:
            continue
        if name in TABLES:
            column, kind = (
                f'labels="{value}" names a column of a .csv table',
                "text tables" if name in TEXT else "tables",
            )
            what = column if name == "labels" else f"`{name}` applies to {kind}"
        else:
            what = f"{name}={value} applies to {'folders of images' if name in FOLDERS else 'images'}"
        raise UserError(f"{what}, and {given!r} is none: leave it out.")

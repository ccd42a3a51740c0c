"""Which machine trained which run of a study: apart from the runs, which are the same wherever they were trained."""

from pathlib import Path

from reparam.door import Missing
from reparam.errors import UserError
from reparam.runs.sealed import read_sealed, write_sealed

FILE = "machines.json"


class Machines:
    """The machines of each run, by the name of its folder, the first one first; written down as they become known.

    Args:
        out: the folder of the study.

    Raises:
        UserError: if what was written down is damaged.
    """

    def __init__(self, out: Path) -> None:
        self._path = out / FILE
        try:
            self._known: dict[str, list[str]] = read_sealed(self._path)
        except Missing:
            self._known = {}
        if not all(isinstance(hosts, list) and {*map(type, hosts)} <= {str} for hosts in self._known.values()):
            raise UserError(f"{self._path} holds something else than names of machines: remove it")

    def note(self, folder: Path, host: str) -> None:
        """That a machine has a run now."""
        there = self._known.setdefault(folder.name, [])
        if host and host not in there:
            there.append(host)
            write_sealed(self._path, self._known)

    def of(self, folder: Path) -> str | None:
        """The machines of a run in words, or None."""
        return ", then ".join(self._known.get(folder.name, [])) or None

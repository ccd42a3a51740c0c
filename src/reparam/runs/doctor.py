"""``doctor``: what of a run folder is damaged, what is lost by it, and what can be mended."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np

from reparam.errors import UserError
from reparam.folders import unchanged
from reparam.result import Result
from reparam.runs.examine import Finding, examine_config, examine_files
from reparam.runs.folder import RunFolder
from reparam.runs.machine import Machine, machine

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class Checkup(Result):
    """What was found in a run folder.

    Attributes:
        folder: it.
        findings: of each file, the folder's own first.
    """

    folder: Path
    findings: tuple[Finding, ...]

    @property
    def wrong(self) -> tuple[Finding, ...]:
        """What is not as it should be."""
        return tuple(found for found in self.findings if found.wrong is not None)

    @property
    def healthy(self) -> bool:
        """Whether everything is as it should be, or was mended."""
        return all(found.mended for found in self.wrong)

    @property
    def numbers(self) -> dict[str, np.ndarray]:
        """Each file, its bytes, and whether it is whole."""
        return {
            "file": np.array([found.file for found in self.findings]),
            "bytes": np.array([found.size for found in self.findings], np.int64),
            "whole": np.array([found.wrong is None for found in self.findings]),
        }

    def figure(self) -> "Figure":
        """There is none.

        Raises:
            UserError: always.
        """
        raise UserError("what doctor finds has no picture: print it")

    def __str__(self) -> str:
        return "\n".join([self._head, *(line for found in self.findings for line in _lines(found))])

    @property
    def _head(self) -> str:
        count, wrong = len(self.findings), len(self.wrong)
        if not wrong:
            return f"{self.folder}: all {count} files are whole"
        if self.healthy:
            return f"{self.folder}: {wrong} of {count} files were damaged, and are mended as far as can be"
        can = any(found.cure is not None and not found.mended for found in self.wrong)
        advice = "mend=True does what is said below" if can else "nothing here can be mended"
        return f"{self.folder}: {wrong} of {count} files are damaged or missing; {advice}"


@overload
def doctor(folder: None = None, mend: bool = False) -> Machine: ...


@overload
def doctor(folder: str | Path, mend: bool = False) -> Checkup: ...


def doctor(folder: str | Path | None = None, mend: bool = False) -> Checkup | Machine:
    """Check every file of a run folder: its checksum, its form, and that it belongs to this run.

    What is damaged is never deleted: it is moved beside its place, under a name that ends in ``.damaged``. Without a
    folder, look at the machine instead: what is installed, what a training would choose, and what is slow and why.

    Args:
        folder: the run folder; unless given, the machine.
        mend: mend what can be mended in it.

    Raises:
        reparam.folders.Vanished: if it went meanwhile.
        UserError: if there is no such folder; with ``mend``, if another process is training into it, or none is given.
    """
    if folder is None:
        if mend:
            raise UserError("mend=True mends the files of a run: name its folder")
        return machine()
    place = RunFolder(folder)
    place.check_there()
    with unchanged(place.path), place.locked() if mend else nullcontext():
        first = list(_treated(examine_config(place, ours=mend), mend))
        rest = list(_treated(examine_files(RunFolder(folder)), mend))
    return Checkup(place.path, (*first, *rest))


def _treated(findings: Iterator[Finding], mend: bool) -> Iterator[Finding]:
    """The findings, mended where that is wanted and can be done."""
    for found in list(findings):
        if mend and found.act is not None:
            found.act()
            yield replace(found, mended=True, act=None)
        else:
            yield found


def _lines(found: Finding) -> Iterator[str]:
    """A finding in words."""
    if found.wrong is None:
        yield f"  {found.file:<34} whole"
        return
    yield f"  {found.file:<34} {found.wrong}"
    if found.lost:
        yield f"  {'':<34}   lost: {found.lost}"
    if found.cure:
        yield f"  {'':<34}   {'done' if found.mended else 'can be done'}: {found.cure}"

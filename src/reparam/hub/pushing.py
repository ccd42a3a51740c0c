"""``reparam.push``: a run onto a Hugging Face hub."""

import re
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reparam.errors import UserError
from reparam.hub.staging import stage
from reparam.hub.uploading import upload
from reparam.runs.answers import client
from reparam.runs.given import as_run
from reparam.runs.run import Run
from reparam.studies.judge import Progress, silent

NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
LICENCE = re.compile(r"[A-Za-z0-9][\w.+-]*")


@dataclass(frozen=True)
class Pushed:
    """What was pushed, or would be.

    Attributes:
        name: ``hf://owner/name``, with the commit where there is one.
        files: that were pushed.
        folder: where they lie, where nothing was pushed.
        url: of the repository.
    """

    name: str
    files: list[str]
    folder: Path | None = None
    url: str | None = None

    def __str__(self) -> str:
        where = f"{self.folder} (nothing was pushed)" if self.folder else f"{self.url}\n  load it: {self.name}"
        return f"{where}\n  " + "\n  ".join(self.files)

    def json(self) -> dict[str, Any]:
        """The same as JSON can hold it."""
        return asdict(self) | {"folder": None if self.folder is None else str(self.folder)}


def push(
    run: Run | str | Path,
    name: str,
    *,
    private: bool = False,
    licence: str | None = None,
    measure: bool = True,
    count: int = 2000,
    images: int = 200,
    dry_run: bool | str | Path = False,
    progress: Progress = silent,
) -> Pushed:
    """Push a run: JSON, safetensors, pictures, and a card of its own numbers. Paths of this machine are left out.

    Args:
        run: from its folder.
        name: ``owner/name``; the repository is made where there is none.
        private: for nobody else to see, where it is made.
        licence: of the weights, as the hub spells licences: ``"mit"``, ``"cc-by-sa-4.0"``.
        measure: evaluate it for the card, with errors and floor, where its data are at hand.
        count: samples that are measured, at most.
        images: test examples whose log-likelihood is estimated.
        dry_run: push nothing, and write what would be pushed into this folder (True: ``owner--name``).
        progress: told what is being done.

    Raises:
        UserError: if the name will not do, the run has no folder, or the hub refuses, does not go on, or answers
            what it should not.
    """
    if NAME.fullmatch(name) is None:
        raise UserError(f"name={name!r:.80} will not do: give owner/name, as the hub has it")
    if licence is not None and LICENCE.fullmatch(licence) is None:
        raise UserError(f"licence={licence!r:.80} is no licence as the hub spells them: give mit or cc-by-sa-4.0, say")
    run = as_run(run)
    asked = {"count": count, "images": images} if measure else None
    if dry_run:
        folder = Path(name.replace("/", "--")) if dry_run is True else Path(dry_run)
        return Pushed(f"hf://{name}", stage(run, folder, name, licence, asked, progress), folder)
    client()  # is there, before anything is measured
    with tempfile.TemporaryDirectory() as beside:
        folder = Path(beside) / "run"
        files = stage(run, folder, name, licence, asked, progress)
        with progress(f"{name}: uploading", False):
            url, commit = upload(folder, files, name, private)
    return Pushed(f"hf://{name}@{commit}", files, url=url)

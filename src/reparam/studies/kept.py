"""A comparison's folder taken as a whole: its protocol, and its finished runs."""

import re
from pathlib import Path

from reparam.door import listed, present
from reparam.errors import UserError
from reparam.runs.folder import RunFolder
from reparam.runs.run import load
from reparam.runs.sealed import SEAL, read_sealed
from reparam.studies.protocol import FILE, Protocol
from reparam.studies.trials import Trial

SEED = re.compile(r"(.+)-seed\d+")


def is_study(folder: Path) -> bool:
    """Whether a folder is that of a comparison."""
    return present(folder / FILE)


def kept_protocol(folder: Path) -> Protocol:
    """By which its runs were trained.

    Raises:
        UserError: if the record is damaged.
    """
    return Protocol(**{name: value for name, value in read_sealed(folder / FILE).items() if name != SEAL})


def kept_trials(folder: Path, data: object = None) -> list[Trial]:
    """Its finished runs, the first seeds of all models before the others, as a comparison trains them.

    Raises:
        UserError: if there are none, or one cannot be read.
    """
    places = [path.parent for path in listed(folder, "*") for path in [path / "config.json"] if present(path)]
    finished = [place for place in places if RunFolder(place).finished]
    if not finished:
        raise UserError(f"{folder} holds no finished run: go on with its comparison before")
    names = {place: _model(place) for place in finished}
    return [
        Trial(names[place], place, load(place, data=data))
        for place in sorted(finished, key=lambda at: (names[at] != at.name, at))
    ]


def _model(place: Path) -> str:
    """A run's model by its folder's name: that of the first seed's, beside which those of other seeds lie."""
    found = SEED.fullmatch(place.name)
    return found[1] if found and present(place.with_name(found[1])) else place.name

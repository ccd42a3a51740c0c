"""``reparam doctor``: what is installed and what is slow here; of a run, what is damaged and what can be mended."""

from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from reparam.cli.flags import translated
from reparam.cli.parse import emit, parse


@dataclass
class DoctorOptions:
    """Options of ``reparam doctor``."""

    run: Positional[Path | None] = None
    """The run folder; the machine unless given."""
    mend: bool = False
    """Mend what can be mended; what is damaged is kept beside it, nothing is deleted."""
    json: bool = False
    """Print the result as JSON."""


WHAT = """Without a run: what is installed, which device and precision a training would choose, and what is slow
here and why. Of a run: check every file of its folder, its checksum, its form, and that it belongs to this run. The
exit code is 0 where all is whole or was mended, else 1."""


def run(command: str, argv: list[str]) -> int:
    """Check, mend if asked to, and print what was found."""
    examples = ["reparam doctor", "reparam doctor runs/vae", "reparam doctor runs/vae --mend"]
    options = parse(DoctorOptions, command, argv, WHAT, examples)
    from reparam.runs.doctor import doctor

    if options.run is None:
        machine = doctor(None, options.mend)
        emit(options.json, machine.json(), str(machine))
        return 0
    found = doctor(options.run, options.mend)
    emit(options.json, found.json() | {"healthy": found.healthy}, translated(str(found), [str(options.run)]))
    return 0 if found.healthy else 1

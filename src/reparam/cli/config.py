"""``reparam config RUN``: the settings of a run as a file, by which ``reparam train --config`` trains it again."""

from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from reparam.cli.parse import Writes, emit, parse
from reparam.cli.targets import check_free
from reparam.errors import UserError
from reparam.settings_files import PARSERS, as_text


@dataclass
class ConfigOptions(Writes):
    """Options of ``reparam config``."""

    run: Positional[Path]
    """The run folder."""
    out: Path | None = None
    """The file to write: .yaml, .toml or .json; printed as YAML unless given."""
    json: bool = False
    """Print the settings as JSON."""


EXAMPLES = ["reparam config runs/vae", "reparam config runs/vae --out vae.yaml", "reparam train --config vae.yaml"]


def run(command: str, argv: list[str]) -> int:
    """Write or print the settings of a run."""
    what = "Write the settings of a run as a file that trains it again: the same bits with as many threads."
    options = parse(ConfigOptions, command, argv, what, EXAMPLES)
    out = options.out
    if out is not None and out.suffix.lower() not in PARSERS:
        raise UserError(f"--out {out} is of no format that settings are read from: name it {', '.join(PARSERS)}")
    if out is not None:
        check_free([out], force=options.force)
    from reparam.files import text, write_result
    from reparam.runs.again import settings_again
    from reparam.runs.folder import RunFolder

    record = RunFolder(options.run).record()
    sections = settings_again(record, str(options.run))
    threads, versions = record.training.threads, record.machine
    said = (
        f"the settings of {options.run.name}: reparam train --config FILE\n"
        f"trained with {threads} thread{'s' * (threads > 1)} by reparam {versions.get('reparam')}, torch "
        f"{versions.get('torch')}: the same bits with these and OMP_NUM_THREADS={threads}"
    )
    shown = as_text(sections, ".yaml" if out is None else out.suffix.lower(), said)
    if out is not None:
        write_result(out, text(shown), options.force)
    emit(options.json, {**sections, "out": out}, shown.rstrip("\n") if out is None else str(out))
    return 0

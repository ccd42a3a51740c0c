"""What is told to be typed next works as typed: where ``reparam`` is not on the path, it is told as it was called."""

import re
import shutil
import sys
from pathlib import Path

WORD = re.compile(r"(?<![\w./-])reparam(?= ([a-z][a-z-]*))")


def program() -> str:
    """How the command was called: its script's path where the system's path has none, or the module."""
    script = Path(sys.argv[0])
    if script.name == "__main__.py" and script.parent.name == "reparam":
        return f"{Path(sys.executable).name} -m reparam"
    if script.name != "reparam" or shutil.which("reparam"):
        return "reparam"
    here = Path.cwd()
    return str(script.relative_to(here) if script.is_absolute() and script.is_relative_to(here) else script)


def typed(text: str) -> str:
    """A text with the commands in it as they were called.

    >>> typed("go on with `reparam train --resume run`; reparam knows no other way")
    'go on with `reparam train --resume run`; reparam knows no other way'
    """
    from reparam.cli.main import COMMANDS

    name = program()
    return text if name == "reparam" else WORD.sub(lambda m: name if m[1] in COMMANDS else m[0], text)

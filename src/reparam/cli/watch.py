"""``reparam watch RUNS...``: a local page of runs while they train."""

import webbrowser
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tyro.conf import Positional

from reparam.cli.flags import translated
from reparam.cli.parse import emit, parse, say
from reparam.errors import UserError
from reparam.terminal import say_out


@dataclass
class WatchOptions:
    """Options of ``reparam watch``."""

    runs: Positional[tuple[Path, ...]]
    """Run folders, or folders that hold some: a comparison's, a sweep's."""
    port: int = 0
    """Where the page is, on this machine alone; 0: one that is free."""
    no_browser: bool = False
    """Open no browser, print the address alone."""
    json: bool = False
    """Print what is seen now as JSON, and end."""


WHAT = (
    "Show runs on a page of this machine while they train: curves, in the same axes those of the same data and "
    "likelihood, the last samples, warnings, how long they will take, and whether they train, are finished, were "
    "interrupted or have gone silent. Run folders are only read. Ctrl-C ends it."
)


def run(command: str, argv: list[str]) -> int:
    """Serve the page until Ctrl-C."""
    examples = ["reparam watch runs/vae runs/gan", "reparam watch study", "reparam watch runs --json"]
    options = parse(WatchOptions, command, argv, WHAT, examples)
    if not options.runs:
        raise UserError("no run is named: give run folders, or a folder that holds some")
    from reparam.watching.server import Server, Watch

    watch = Watch(options.runs, translated)
    if options.json:
        emit(True, watch.told(), "")
        return 0
    with Server(watch, options.port) as server:
        say_out(server.address)
        say("Ctrl-C ends the watching; the runs go on")
        if not options.no_browser:
            _open(server.address)
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            say("the watching has ended; the runs go on")
    return 0


def _open(address: str) -> Any:
    """A browser, where there is one."""
    return webbrowser.open(address)

"""The short form of `make attack`: everything holds; and the attacks do what they say."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from attack import scenes, settings

from reparam.cli.main import COMMANDS, main

ROOT = Path(__file__).parents[1]
LINUX = Path("/proc/self/fd").exists()
pytestmark = pytest.mark.skipif(not LINUX, reason="file operations are followed by what Linux tells")


def python(*argv):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *map(str, argv)], capture_output=True, text=True, cwd=ROOT, env=environment, timeout=300
    )


def test_everything_holds():
    told = python("-m", "attack", "--quick", "--json", "--count", 6, "--minutes", 0.07)
    assert told.returncode in (0, 1), told.stderr
    found = json.loads(told.stdout)
    for tally in found["attacks"]:
        assert not tally["seen"], tally["attack"]
        assert tally["tried"] == tally["held"] > 0, "a slow machine tries fewer in the time"
        assert tally["left_out"] > 100, "of all there are"
    assert [one["megabytes"] for one in found["saves"]] == [1]
    assert told.returncode == 0


GROUPS = {
    "a VAE": ["train vae"],
    "a game": ["train gan"],
    "what goes on": ["train --resume", "train --from"],
    "what is there": ["doctor --mend", "sample --out", "data pack"],
}
KILLS = 15
"""Of each group; all of them are tried, however slow the machine is."""


@pytest.mark.parametrize("group", GROUPS)
def test_sixty_kills_hold(group):
    """At file operations that are found by following the call; each is taken up again, and is the same bit for bit."""
    words = ["kills", "--quick", "--count", KILLS, "--minutes", "inf", "--json", "--scenes", *GROUPS[group]]
    told = python("-m", "attack", *words)
    assert told.returncode in (0, 1), told.stderr
    [tally] = json.loads(told.stdout)["attacks"]
    assert not tally["seen"]
    assert tally["tried"] == tally["held"] == KILLS
    assert told.returncode == 0


def test_there_are_sixty_kills_and_every_quick_scene_is_among_them():
    assert KILLS * len(GROUPS) == 60
    found = [name for group in GROUPS.values() for name in group]
    assert sorted(found) == sorted(name for name, scene in scenes.SCENES.items() if scene.quick)


def test_an_attack_finds_what_does_not_hold(tmp_path):
    """A library that writes into the place, and never beside it, is left with halves."""
    script = (
        "import sys; from attack import harness, kills, scenes; from pathlib import Path\n"
        "import reparam.files, reparam.runs.lines\n"
        "harness.warm()\n"
        "def over(path, write, keep=None):\n"
        "    reparam.files.make_folder(path.parent)\n"
        "    path.write_bytes(b'half')\n"
        "    write(path)\n"
        "reparam.files.replace_atomically = reparam.runs.checkpoint.replace_atomically = over\n"
        "reparam.runs.lines.replace_atomically = over\n"
        "stage = scenes.Stage.of('train vae', Path(sys.argv[1]))\n"
        "at = [at for at, what in enumerate(stage.operations) if what.endswith('open /config.json')]\n"
        "print([kills._killed(stage, one) for one in at], file=sys.stderr)\n"
    )
    told = python("-c", script, tmp_path)
    assert "could not be taken up: reparam: run exists already" in told.stderr, told.stderr


def test_an_attack_that_there_is_not_is_refused():
    told = python("-m", "attack", "kils")
    assert told.returncode == 2
    assert "there is no attack kils: choose from kills, moments, errors" in told.stderr


def test_every_command_with_a_number_among_its_flags_is_attacked(monkeypatch, capsys):
    """And so is every flag: they are read from the help."""
    monkeypatch.setenv("COLUMNS", "200")
    found = set()
    for command in COMMANDS:
        with suppress(SystemExit):
            main([command, "--help"])
        if settings.NUMERIC.search(capsys.readouterr().out):
            found.add(command)
    assert found <= {name.split()[0].rstrip(",") for name in settings.CALLS}
    assert {"sample", "evaluate"} <= found

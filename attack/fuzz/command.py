"""``python -m attack fuzz``: each kind of file before a fuzzer that is guided by the code its inputs reach.

The exit code is 0 where every input was read or refused in a sentence, and 1 where not.
"""

import argparse
import importlib.util
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from attack.fuzz.judge import PATIENCE, tried
from attack.fuzz.keep import CORPUS, LARGEST, keep, kept, write_seeds
from attack.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]
RESIDENT = 4096
"""Megabytes that the process may take."""
AGAIN = 5
"""How often a target is gone on with after its process ended."""
EXECUTED = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
COVERED = re.compile(r"cov: (\d+)")
ENDED = ("crash-*", "timeout-*", "oom-*", "leak-*")
"""Inputs that libFuzzer keeps when they end its process."""


@dataclass
class Count:
    """What came of a target.

    Attributes:
        name: its own.
        executed: inputs that were tried.
        seconds: that it took.
        covered: edges of ours that were reached.
        faults: files of inputs, each of a fault of another kind.
    """

    name: str
    executed: int = 0
    seconds: float = 0.0
    covered: int = 0
    faults: list[Path] = field(default_factory=list)

    @property
    def row(self) -> str:
        """As a row of a table."""
        told = f"{self.executed:,} | {self.seconds / 60:.1f} | {self.covered:,} | {len(self.faults)}"
        return f"| {self.name} | {TARGETS[self.name].what} | {told} |"


def main(argv: list[str]) -> int:
    """Fuzz, or do what else is asked for."""
    options = _options(argv)
    names = options.target or list(TARGETS)
    if options.input is not None:
        return _again(names, options.input)
    if options.seeds:
        for name in names:
            write_seeds(name, TARGETS[name])
        return 0
    if options.keep:
        return _keep(names, options.place)
    if importlib.util.find_spec("atheris") is None:
        sys.exit("the fuzzer needs Atheris, which has wheels for Linux and Python 3.11 to 3.13: pip install atheris")
    print("| target | files | inputs | minutes | edges | faults |\n|---|---|---|---|---|---|")
    counts = []
    for name in names:
        counts.append(fuzzed(name, options.place, 60 * options.minutes, options.seed))
        print(counts[-1].row, flush=True)
    faults = [path for count in counts for path in count.faults]
    for path in faults:
        print(f"{path}: {said(path)}", file=sys.stderr)
    return 1 if faults else 0


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m attack fuzz", description=__doc__)
    parser.add_argument("--target", nargs="+", choices=TARGETS, metavar="NAME", help=f"{', '.join(TARGETS)}")
    parser.add_argument("--minutes", type=float, default=5.0, help="time of each target")
    parser.add_argument("--seed", type=int, default=0, help="which inputs are made")
    parser.add_argument("--place", type=Path, default=Path("build/fuzz"), help="where what is found is written")
    parser.add_argument("--input", type=Path, help="try this input of one --target again, and do nothing else")
    parser.add_argument("--seeds", action="store_true", help="write the seeds into tests/corpus, and do nothing else")
    parser.add_argument("--keep", action="store_true", help="keep what was found in tests/corpus, and do nothing else")
    options = parser.parse_args(argv)
    if options.input is not None and len(options.target or ()) != 1:
        parser.error("--input is of one --target: name it")
    return options


def fuzzed(name: str, place: Path, seconds: float, seed: int, table: str = "") -> Count:
    """Fuzz a target for a time, however often its process ends.

    Args:
        name: of the target.
        place: where what is found is written.
        seconds: the time.
        seed: of libFuzzer; 0 is one, too.
        table: where targets are, as ``module:name``; ours unless given.
    """
    place = place.resolve()
    own, faults = place / name / "corpus", place / name / "faults"
    for folder in (own, faults):
        folder.mkdir(parents=True, exist_ok=True)
    corpora = [own, *([CORPUS / name] if (CORPUS / name).is_dir() else [])]
    count, begun = Count(name), time.monotonic()
    for number in range(AGAIN):
        left = seconds - (time.monotonic() - begun)
        if left < 1 and number:
            break
        words = [f"-max_total_time={max(1, round(left))}", f"-seed={1 + seed + 1000 * number}"]
        words += [f"-timeout={PATIENCE:.0f}", f"-rss_limit_mb={RESIDENT}", f"-max_len={LARGEST}"]
        words += [f"-artifact_prefix={faults}/", "-print_final_stats=1", "-verbosity=1"]
        engine = [sys.executable, "-m", "attack.fuzz.engine", f"{name}@{table}" if table else name]
        log = place / name / f"log-{number}.txt"
        with log.open("wb") as file:
            ended = subprocess.run([*engine, faults, *corpora, *words], stdout=file, stderr=file, cwd=ROOT, check=False)
        told = log.read_text(errors="replace")
        count.executed += sum(map(int, EXECUTED.findall(told)))
        count.covered = max([count.covered, *map(int, COVERED.findall(told))])
        if ended.returncode == 0:
            break
        if not any(path for pattern in ENDED for path in faults.glob(pattern)):
            sys.exit(f"the fuzzer itself failed: see {log}")
    count.seconds = time.monotonic() - begun
    count.faults = sorted(path for path in faults.iterdir() if path.suffix != ".txt" and "slow-unit" not in path.name)
    return count


def said(path: Path) -> str:
    """The first line of what was written down of a fault."""
    told = path.with_name(f"{path.name}.txt")
    return told.read_text().partition("\n")[0] if told.exists() else "ended the process, by time or memory"


def _again(names: list[str], path: Path) -> int:
    with TemporaryDirectory() as folder:
        found = tried(TARGETS[names[0]], path.read_bytes(), Path(folder) / "at-work")
    print("read, or refused in a sentence" if found is None else f"{found.kind}\n\n{found.said}")
    return 0 if found is None else 1


def _keep(names: list[str], place: Path) -> int:
    with TemporaryDirectory() as folder:
        for name in names:
            found = [path for path in (place / name / "corpus").glob("*") if path.is_file()]
            new = keep(name, TARGETS[name], found, Path(folder) / "at-work")
            size = sum(path.stat().st_size for path in kept(name))
            print(f"{name}: {new} new of {len(found)}, {len(kept(name))} kept, {size:,} bytes")
    return 0

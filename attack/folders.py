"""Damaged run folders and whatever reads one: no traceback, no hang, and no other result without a word."""

import json
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from attack.damages import DAMAGES
from attack.harness import Outcome, call
from attack.scenes import COMPARE, GAN, SECONDS, TOLD, VAE, content, data, halfway

Words = Sequence[object]
GOLDEN = Path(__file__).parents[1] / "tests" / "golden"
FEW: Words = ["--images", "5", "--count", "60"]
READS: dict[str, Words] = {
    "sample": ["sample", "run", "--out", "o.npz", "--json"],
    "snapshots": ["snapshots", "run", "--out", "o.npz", "--json"],
    "reconstruct": ["reconstruct", "run", "-n", "5", "--out", "o.npz", "--json"],
    "latents": ["latents", "run", "-n", "20", "--out", "o.npz", "--json"],
    "manifold": ["manifold", "run", "--size", "3", "--out", "o.npz", "--json"],
    "interpolate": ["interpolate", "run", "--out", "o.npz", "--json"],
    "explore": ["explore", "run", "-n", "3", "--out", "o.html", "--json"],
    "curves": ["curves", "run", "--out", "o.npz", "--json"],
    "rate-distortion": ["rate-distortion", "run", "-n", "2", "--steps", "5", "-k", "2", "--out", "o.npz", "--json"],
    "predictive-check": ["predictive-check", "run", "-n", "20", "--replicates", "19", "--out", "o.npz", "--json"],
    "evaluate": ["evaluate", "run", *FEW, "--samples", "4", "--json"],
    "info": ["info", "run", "--json"],
    "config": ["config", "run", "--json"],
    "watch": ["watch", "run", "--json"],
    "two-sample": ["two-sample", "run", "x.npy", "-n", "50", "--permutations", "20", "--json"],
    "export": ["export", "run", "--to", "torch-export", "--out", "o.pt2"],
    "report": ["report", "run", *FEW, "--out", "o.html", "--json"],
    "encode": ["encode", "run", "x.npy", "--out", "o.npz"],
    "score": ["score", "run", "x.npy", "--samples", "4", "--out", "o.npz"],
    "train --from": ["train", "--from", "run", "--epochs", "1", "--out", "o", "--quiet"],
    "train --resume": ["train", "--resume", "run", "--quiet"],
    "doctor": ["doctor", "run"],
    "doctor --mend": ["doctor", "run", "--mend"],
}
"""Everything that reads a run, writing into ``o``."""
STUDY: dict[str, Words] = {
    "compare": COMPARE,
    "report": ["report", "study/gan", "study/autoencoder-2", *FEW, "--out", "o.html", "--json"],
    "doctor": ["doctor", "study/gan"],
}
"""The same of a comparison, going on included."""


@dataclass
class Base:
    """A working directory with a run, and what each command makes of it undamaged.

    Attributes:
        name: for the table.
        place: the folder.
        within: what is damaged lies within.
        reads: the commands.
        sealed: whether the run's files carry checksums, without which not every change can be found.
        whole: by command, what it gave.
    """

    name: str
    place: Path
    within: str
    reads: dict[str, Words]
    sealed: bool = True

    def __post_init__(self) -> None:
        self.whole = {name: self.result(name, None)[1] for name in self.reads}

    @property
    def files(self) -> list[str]:
        """What may be damaged."""
        found = (path for path in (self.place / self.within).rglob("*") if path.is_file() and path.name != "out")
        return sorted(str(path.relative_to(self.place)) for path in found if path.suffix not in (".png", ".html"))

    def noted(self, file: str) -> bool:
        """Whether the run's own notes say what befell a file: those of a run that nothing befell name none."""
        at_work = self.place.with_name(f"{self.place.name}-at-work")
        folders = (at_work / file).parents[: len(Path(file).parts) - 1]  # a comparison holds runs
        notes = [folder / "notes.jsonl" for folder in folders]
        small = [one for one in notes if one.is_file() and one.stat().st_size < 2**20]
        return any(Path(file).name in one.read_text(errors="replace") for one in small)

    def result(self, command: str, harm: Callable[[Path], None] | None) -> tuple[Outcome, dict[str, str]]:
        """What comes of a command in a fresh copy, damaged or not: its outcome, and all that it left."""
        cwd = self.place.with_name(f"{self.place.name}-at-work")
        shutil.rmtree(cwd, ignore_errors=True)
        shutil.copytree(self.place, cwd)
        if harm is not None:
            harm(cwd)
        done = call(self.reads[command], cwd, 300.0)
        if done.code or done.hung:
            return done, {}
        return done, {"out": SECONDS.sub(b"", done.out.encode()).decode(), **content(cwd)}


def damages(folder: Path, seed: int, quick: bool) -> Iterator[tuple[str, Callable[[], str | None]]]:
    """Every damage to every file of every base before every command, in an order that the seed decides."""
    bases, other = _bases(folder, quick), folder / "other"
    found = [(b, file, damage, command) for b in bases for file in b.files for damage in DAMAGES for command in b.reads]
    random.Random(seed).shuffle(found)
    for base, file, damage, command in found:
        name = f"{base.name}, {file}, {damage}, {command}"
        yield name, partial(_attacked, base, file, damage, command, other, f"{seed} {name}")


def _bases(folder: Path, quick: bool) -> list[Base]:
    """Runs of both families, finished and broken off, of this version and the first; a comparison; and a stranger."""
    places = {name: folder / name for name in ("vae", "gan", "killed", "study", "other")}
    for place in places.values():
        place.mkdir()
        data(place)
    call([*VAE, "--out", "run"], places["vae"])
    halfway(places["killed"])
    call([*VAE, "--seed", "1", "--out", "run"], places["other"])
    going_on = {name: READS[name] for name in ("train --resume", "sample", "info", "curves", "doctor --mend")}
    bases = [Base("vae", places["vae"], "run", READS), Base("broken off", places["killed"], "run", going_on)]
    return bases if quick else [*bases, *_more(folder, places, going_on)]


def _more(folder: Path, places: dict[str, Path], going_on: dict[str, Words]) -> list[Base]:
    """A game, a comparison, and runs of earlier versions."""
    game = {name: READS[name] for name in ("sample", "snapshots", "curves", "info")}
    call([*GAN, "--out", "run"], places["gan"])
    olds = [folder / schema for schema in ("schema-0", "schema-1")]
    for old in olds:
        shutil.copytree(GOLDEN / old.name / "vae", old / "run")
        shutil.copy(GOLDEN / old.name / "images.npz", old)
    return [
        Base("gan", places["gan"], "run", game),
        Base("comparison", _compared(places["study"]), "study", STUDY),
        *(Base(old.name, old, "run", game | going_on, sealed=False) for old in olds),
    ]


def _compared(place: Path) -> Path:
    call(COMPARE, place, 120.0)
    return place


def _attacked(base: Base, file: str, damage: str, command: str, other: Path, dice: str) -> str | None:
    """What was wrong in a case, or None."""

    def harm(cwd: Path) -> None:
        DAMAGES[damage](cwd / file, other / file, random.Random(dice))

    done, found = base.result(command, harm)
    if done.hung:
        return "hung"
    if done.crashed or done.code < 0:
        return f"crashed: {(done.err.strip().splitlines() or [str(done.code)])[-1][:120]}"
    if done.code and not (done.sentence or (command.startswith("doctor") and done.code == 1)):
        return f"ended with exit code {done.code} and {done.err[-100:]!r}"
    said = done.warned or base.noted(file) or any(word in done.out for word in TOLD)
    said = said or (command == "watch" and not done.code and _shown(found["out"]) - _shown(base.whole[command]["out"]))
    if done.code or said or command.startswith("doctor") or not base.sealed:
        return None
    wrong = _differs(base.whole[command], found, file)
    return f"took it in silence: {wrong}" if wrong else None


def _shown(answer: str) -> set[str]:
    """What an answer of watching shows of damage, which it says there, to a page, and nowhere else."""
    runs = json.loads(answer)["runs"]
    return {f"{step}: {note}" for run in runs for step, note in run["notes"]} | {
        run["why"] for run in runs if run["state"] == "damaged"
    }


def _differs(whole: dict[str, str], found: dict[str, str], file: str) -> str | None:
    """What is not as it was without the damage, of what a command made; the damaged file itself is not that."""
    names = [name for name in sorted(whole.keys() | found.keys()) if name != file and not name.endswith(".damaged")]
    wrong = [name for name in names if whole.get(name) != found.get(name)]
    return ", ".join(wrong[:3]) or None

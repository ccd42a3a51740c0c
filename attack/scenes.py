"""Calls that are broken off, and what they leave: afterwards they go on as if they had never been."""

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from safetensors import safe_open

from attack import stand_in
from attack.harness import Outcome, call, crowd
from attack.operations import Watch, kill
from reparam.cli.main import COMMANDS, Command

Words = Sequence[object]
Do = Callable[[], None]
SECONDS = re.compile(rb'"([a-z_]*seconds|peak_memory_mib)": [0-9.e-]+')
"""What no two calls have in common."""
TOLD = (".damaged", "` failed: ", ": failed: ")
"""How doctors, comparisons and sweeps say that something is not as it might be."""
HUB = find_spec("huggingface_hub") is not None
"""Whether there is what speaks to one."""
LARGEST = 2**28
"""Bytes of a file beyond which it is no result."""
USUAL = ["--data", "x.npy", "--latent-dim", "2", "--epochs", "2", "--batch-size", "20", "--log-every", "2", "--quiet"]
VAE: Words = ["train", "vae", *USUAL, "--hidden", "8", "--keep-every", "1"]
GAN: Words = ["train", "gan", *USUAL, "--generator-hidden", "8", "--discriminator-hidden", "8"]
RESUME: Words = ["train", "--resume", "run", "--quiet"]
MODELS: Words = ["--models", "autoencoder-2", "gan", "--epochs", "1", "--count", "60", "--images", "5"]
COMPARE: Words = ["compare", "--data", "x.npy", *MODELS, "--quiet", "--out", "study"]
SAMPLE: Words = ["sample", "run", "--out", "out/samples.png"]
DOCTOR: Words = ["doctor", "run", "--mend"]
FROM: Words = ["train", "--from", "run", "--epochs", "1", "--quiet", "--out", "new"]
REPORT: Words = ["report", "run", "--count", "60", "--images", "5", "--out", "out/report.html"]
PACK: Words = ["data", "pack", "photos", "--image-size", "8", "--out", "packs/o.pack"]
VARIED: Words = ["--vary", "latent-dim=2,3", "--sampler", "grid", "--trials", "2", "--epochs", "1"]
SWEEP: Words = ["sweep", "autoencoder", *VARIED, "--data", "x.npy", "--count", "60", "--images", "5", "--quiet"]
SWEEP = [*SWEEP, "--out", "study"]
PUSH: Words = ["push", "run", stand_in.NAME, "--no-measure"]
LOAD: Words = ["sample", f"hf://{stand_in.NAME}", "--out", "samples.npz"]
FETCH: Words = ["fetch"]


@dataclass(frozen=True)
class Scene:
    """A call that is broken off, and how it is taken up again.

    Attributes:
        argv: the call.
        within: the folder whose files count, in the working directory.
        again: the calls that take it up; the first that is not refused has to.
        before: makes what the call finds, in a working directory.
        seconds: for one call.
        codes: that say that it is done.
        quick: whether a case takes a second at most.
        hub: whether it asks the hub, which then holds what it did when the scene was made.
    """

    argv: Words
    within: str
    again: Sequence[Words]
    before: Callable[[Path], None]
    seconds: float = 60.0
    codes: tuple[int, ...] = (0,)
    quick: bool = True
    hub: bool = False


def data(cwd: Path) -> None:
    """A hundred binary images of 6 by 6."""
    rng = np.random.default_rng(0)
    np.save(cwd / "x.npy", (rng.random((100, 6, 6)) < rng.random((100, 1, 1))).astype(np.uint8))


def photos(cwd: Path) -> None:
    """A folder of pictures of two classes."""
    for number in range(24):
        path = cwd / "photos" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (9, 8), 9 * number).save(path)


def halfway(cwd: Path) -> None:
    """A run that was killed halfway."""
    data(cwd)
    half = len(operations([*VAE, "--out", "whole"], cwd, "whole")) // 2
    shutil.rmtree(cwd / "whole")
    call([*VAE, "--out", "run"], cwd, prepare=Watch(cwd / "run", half, kill))


def _finished(cwd: Path) -> None:
    data(cwd)
    call([*VAE, "--out", "run"], cwd)
    call(["sample", "run", "--out", "out/samples.png", "--seed", "1"], cwd)


def _pushed(cwd: Path) -> None:
    _finished(cwd)
    (cwd / stand_in.CACHE / "data").mkdir(parents=True)
    stand_in.holds({})
    done = call(PUSH, cwd, prepare=partial(stand_in.told, cwd))
    if done.code:
        raise RuntimeError(f"nothing could be pushed: {done.err}")


def _to_be_pushed(cwd: Path) -> None:
    _finished(cwd)
    stand_in.holds({})


def _damaged(cwd: Path) -> None:
    """A finished run with a damaged configuration, damaged best weights and a damaged row."""
    data(cwd)
    call([*VAE, "--out", "run"], cwd)
    for name, at in (("config.json", 40), ("checkpoints/best.safetensors", -5), ("metrics.jsonl", 30)):
        content = bytearray((cwd / "run" / name).read_bytes())
        content[at] ^= 1
        (cwd / "run" / name).write_bytes(content)


SCENES = {
    "train vae": Scene([*VAE, "--out", "run"], "run", [RESUME, [*VAE, "--out", "run"]], data),
    "train gan": Scene([*GAN, "--out", "run"], "run", [RESUME, [*GAN, "--out", "run"]], data),
    "train --resume": Scene(RESUME, "run", [RESUME], halfway),
    "train --from": Scene(FROM, "new", [["train", "--resume", "new", "--quiet"], FROM], _finished),
    "doctor --mend": Scene(DOCTOR, "run", [DOCTOR], _damaged, codes=(0, 1)),
    "sample --out": Scene(SAMPLE, "out", [SAMPLE], _finished),
    "report": Scene(REPORT, "out", [REPORT], _finished, quick=False),
    "data pack": Scene(PACK, "packs", [PACK], photos),
    "push": Scene(PUSH, stand_in.TEMPORARY, [PUSH], _to_be_pushed, quick=False, hub=True),
    "load hf://": Scene(LOAD, stand_in.CACHE, [LOAD], _pushed, quick=False, hub=True),
    "download": Scene(FETCH, stand_in.CACHE, [FETCH], _pushed, quick=False, hub=True),
    "sweep": Scene(SWEEP, "study", [SWEEP], data, 120.0, quick=False),
    "compare": Scene(COMPARE, "study", [COMPARE], data, 120.0, quick=False),
}


def operations(
    argv: Words, cwd: Path, within: str, seconds: float = 60.0, before: Do = lambda: None, looks: bool = False
) -> list[str]:
    """The file operations of a call that nothing disturbs, or its looks at what is there."""
    log = cwd / "operations.txt"
    watch = Watch(cwd / within, log=log, looks=looks)
    done = call(argv, cwd, seconds, partial(_each, before, watch))
    if done.code not in (0, 1):
        raise RuntimeError(f"{argv} failed undisturbed: {done.err}")
    found = log.read_text().splitlines()
    log.unlink()
    return found


def _each(*steps: Do) -> None:
    """One after another."""
    for step in steps:
        step()


@dataclass
class Stage:
    """A scene made ready: what its call finds, the operations it makes, what it leaves, and how long it takes."""

    name: str
    scene: Scene
    found: Path
    operations: list[str]
    whole: dict[str, str]
    seconds: float
    hub: dict[str, bytes]

    @classmethod
    def of(cls, name: str, folder: Path) -> "Stage":
        """Make a scene ready in a folder."""
        scene, found = SCENES[name], folder / re.sub(r"\W", "", name)
        found.mkdir()
        if scene.hub:
            COMMANDS["fetch"] = Command("fetch a file", stand_in.fetch)
            stand_in.hub()
        scene.before(found)
        stage = cls(name, scene, found, [], {}, 0.0, stand_in.held() if scene.hub else {})
        cwd = stage.fresh()
        stage.operations = operations(scene.argv, cwd, scene.within, scene.seconds, stage.prepared(cwd))
        stage.whole = stage.content(cwd)
        stage.seconds = stage.call(stage.fresh()).seconds
        return stage

    @cached_property
    def looks(self) -> list[str]:
        """The looks of its call at what is there."""
        cwd = self.fresh()
        scene = self.scene
        return operations(scene.argv, cwd, scene.within, scene.seconds, self.prepared(cwd), looks=True)

    def fresh(self) -> Path:
        """A working directory with what the call finds, always at the same place, since runs keep their data's."""
        cwd = self.found.with_name(f"{self.found.name}-at-work")
        shutil.rmtree(cwd, ignore_errors=True)
        if self.scene.hub:
            stand_in.holds(self.hub)
        return shutil.copytree(self.found, cwd)

    @property
    def patience(self) -> float:
        """Seconds after which a call hangs."""
        return self.scene.seconds * crowd()

    def prepared(self, cwd: Path) -> Do:
        """What the process of a call does first."""
        return partial(stand_in.told, cwd) if self.scene.hub else lambda: None

    def content(self, cwd: Path) -> dict[str, str]:
        """What a working directory and the hub hold; what was to be pushed is made anew each time, and left behind."""
        here = {name: file for name, file in content(cwd).items() if not name.startswith(stand_in.TEMPORARY)}
        return here | (stand_in.content() if self.scene.hub else {})

    def writes(self, at: int) -> bool:
        """Whether an operation changes anything."""
        return not self.operations[at].startswith("read ")

    def call(self, cwd: Path, prepare: Do = lambda: None, seconds: float | None = None, **how: Any) -> Outcome:
        """The call, with something done to its process first, killed after some seconds."""
        first = partial(_each, self.prepared(cwd), prepare)
        return call(self.scene.argv, cwd, seconds or self.patience, first, **how)

    def taken_up(self, cwd: Path) -> str | None:
        """Take up what was broken off; what was wrong then, or None."""
        for argv in self.scene.again:
            again = call(argv, cwd, self.patience, self.prepared(cwd))
            if again.hung:
                return "hung when it was taken up"
            if again.code in self.scene.codes:
                return self.differs(cwd)
            if not again.sentence:
                break
        return f"could not be taken up: {again.last}"

    def judged(self, outcome: Outcome, cwd: Path) -> str | None:
        """What is wrong with a call that the system said no to, and with taking it up; or None."""
        if outcome.hung:
            return "hung"
        if outcome.code in self.scene.codes:  # it was nothing that mattered, or was told
            told = outcome.warned or any(word in outcome.out for word in TOLD)
            return None if told else self.differs(cwd)
        if not outcome.sentence:
            return f"an error of the system ended in: {outcome.last}"
        return self.taken_up(cwd)

    def differs(self, cwd: Path) -> str | None:
        """What is not as an undisturbed call leaves it, or None."""
        now = self.content(cwd)
        wrong = sorted(name for name in now.keys() | self.whole.keys() if now.get(name) != self.whole.get(name))
        return f"is not the same afterwards: {', '.join(wrong[:3])}" if wrong else None


@cache
def stages(folder: Path, quick: bool) -> list[Stage]:
    """The scenes, made ready once."""
    chosen = [name for name, scene in SCENES.items() if (scene.quick or not quick) and (HUB or not scene.hub)]
    return [Stage.of(name, folder) for name in chosen]


def content(folder: Path) -> dict[str, str]:
    """What files hold, bit for bit, but for what tells of time: each by its name, as a checksum."""
    return {str(path.relative_to(folder)): _sum(path) for path in sorted(folder.rglob("*")) if _counts(path)}


def _counts(path: Path) -> bool:
    """What is left half written counts in a run's folder, which the next training sweeps; Optuna's journal never does.

    In that each line has the time and a name of its process.
    """
    if path.suffix == ".part" and path.parent.name not in ("run", "checkpoints"):
        return False
    if not path.is_file() or path.stat().st_size > LARGEST:
        return False
    return path.name not in (".lock", "cost.json", "trials.jsonl") and path.suffix not in (".html", ".png", ".lock")


def _sum(path: Path) -> str:
    try:
        if path.suffix == ".npz":
            with np.load(path) as arrays:
                return _of({name: arrays[name] for name in arrays.files}, {})
        if path.suffix == ".safetensors":
            with safe_open(path, "np") as file:
                return _of({name: file.get_tensor(name) for name in file.keys()}, file.metadata())  # noqa: SIM118
    except Exception:  # whatever is wrong with it: that it is not whole is what counts
        return "damaged"
    text = SECONDS.sub(b"", path.read_bytes()) if path.suffix == ".json" else path.read_bytes()
    return sha256(text).hexdigest()


def _of(arrays: dict[str, np.ndarray], notes: dict[str, str]) -> str:
    parts = (f"{name} {array.dtype} {array.shape}".encode() + array.tobytes() for name, array in sorted(arrays.items()))
    return sha256(b"\n".join([*parts, repr(sorted(notes.items())).encode()])).hexdigest()

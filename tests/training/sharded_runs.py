"""Started by torchrun from test_shards.py: trains what it is told; the first process writes what came of it as JSON."""

import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path

import torch
import torch.distributed as dist

sys.path.insert(0, str(Path(__file__).parents[1]))

import reparam
from catalogue import CATALOGUE
from helpers import small_data
from normed_helpers import MODELS, Squares, numbers_of
from reparam.data import Dataset, Split
from reparam.randomness import noise
from reparam.runs.folder import RunFolder
from reparam.training import Callback, Silent
from reparam.training.loop import Loop
from reparam.training.processes import joined
from reparam.training.start import resume
from reparam.training.strands import Strands

NORMED = [
    next(entry.name for entry in CATALOGUE if all(word in entry.name for word in words))
    for words in (
        ("gan-1x8x8", "=mlp", "conditional"),
        ("gan-3x9x14", "=conv", "unroll"),
        ("gan-1x8x8", "=conv", "spectral_norm"),
        ("wgan-1x8x8", "=mlp", "gradient_penalty"),
    )
]
USUAL = {"shards": 4, "batch_size": 16, "device": "cpu", "precision": "fp32", "progress": Silent()}


def digest(model):
    """A hash of weights and buffers."""
    found = hashlib.sha256()
    for name, value in model.state_dict().items():
        found.update(name.encode() + value.contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def made(entry, n=64):
    """A model and data for it."""
    with noise(0, "weights"):
        model = entry.build()
    with noise(0, "data"):
        batch = entry.batch(model, n)
    y = batch.y
    parts = [Split(batch.x[a:b], None if y is None else y[a:b]) for a, b in ((0, n // 2), (n // 2, n - 9), (n - 9, n))]
    classes = tuple(str(i) for i in range(entry.classes))
    binary = bool(((batch.x == 0) | (batch.x == 1)).all())
    return model, Dataset("made", *parts, data_shape=tuple(model.data_shape), classes=classes, binary=binary)


def hashed(path):
    """A hash of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def catalogue(place):
    """Of every constructor hashes of the log, of the last save and of the weights after two steps.

    Four processes do a third of them: each goes through all the same motions, on half as many cores.
    """
    found = {}
    for number, entry in enumerate(CATALOGUE[:: 3 if os.environ.get("WORLD_SIZE") == "4" else 1]):
        model, data = made(entry)
        folder = place / f"{number}"
        run = reparam.fit(model, data, folder, steps=2, log_every=2, **USUAL)
        if os.environ.get("RANK", "0") == "0":
            kept = RunFolder(folder)
            found[entry.name] = [hashed(kept.metrics), hashed(kept.last), digest(run.model)]
    return found


def rare():
    """A parameter that some shards' losses depend on, and one that none does."""
    with noise(0, "rare"):
        model, data = Squares(rare=True), small_data(300)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    run = reparam.fit(model, data, steps=6, log_every=1, **USUAL)
    after = run.model.state_dict()
    moved = {f"{name} moved": not torch.equal(before[name], after[name]) for name in ("rare", "unused")}
    found = {"weights": digest(run.model), "rows": run.rows} | moved
    return {"rare": found, "needed": model.counted}


def norms_over_batches():
    """The same of models with batch norms, whose shards meet in them, and two steps' gradients in float64."""
    found, gradients = {}, {}
    every = {entry.name: (entry, made(entry)) for entry in CATALOGUE if entry.name in NORMED}
    for name, (_, (model, data)) in every.items():
        run = reparam.fit(model, data, steps=2, log_every=2, batch_norm_over="batch", **USUAL)
        found[name] = [digest(run.model), run.rows]
    for name, model in MODELS.items():
        with noise(0, "normed"), joined() as processes:
            gradients[name] = numbers_of(name, 4, processes)
            for precision in ("fp32", "bf16"):
                settings = {**USUAL, "precision": precision, "batch_norm_over": "batch"}
                run = reparam.fit(model(), small_data(300), steps=2, log_every=2, **settings)
                found[f"{name} in {precision}"] = [digest(run.model), run.rows]
    return {"normed": found, "gradients": gradients}


def threads():
    """How many this process has, those that are none of Python's too; 0 where the system does not say."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.exists() else 0


DOES = {
    "slow": lambda loop: time.sleep(0.2),
    "killed": lambda loop: os.kill(os.getpid(), signal.SIGKILL),
    "terminated": lambda loop: os.kill(os.getpid(), signal.SIGTERM),
    "raises": lambda loop: 1 / 0,
    "differs": lambda loop: next(iter(loop.parameters.values()))[0].data.add_(1e-6),
}


def disturb(what, who, at):
    """One process does something when it begins a step."""
    play = Loop.play

    def played(self, step):
        if (step == at or what == "slow") and int(os.environ.get("RANK", "0")) == who:
            DOES[what](self)
        play(self, step)

    Loop.play = played


def stumble(who):
    """One process fails in the middle of a forward, where the others wait for its part of a sum."""
    total, calls = Strands.total, []

    def met(self, vector):
        calls.append(vector)
        if len(calls) > 20 and int(os.environ.get("RANK", "0")) == who:
            raise ZeroDivisionError
        return total(self, vector)

    Strands.total = met


def spoil():
    """One training example is beyond all measure."""
    before = Dataset.__init__

    def holed(self, name, train, *rest, **more):
        train.x[3] = 3e38
        before(self, name, train, *rest, **more)

    Dataset.__init__ = holed


class Asks(Callback):
    """Asks to stop, from the first moment of a sort on that is after a step."""

    def __init__(self, moment, at):
        self.moment, self.at = moment, at

    def step(self, session):
        self._ask(session, "step")

    def row(self, session, row):
        self._ask(session, row["split"])

    def _ask(self, session, moment):
        if moment == self.moment and session.step >= self.at:
            session.ask_to_stop("enough")


def folder(path, steps, name, *callbacks):
    """A training into a folder, begun or gone on with."""
    model, data = made(next(entry for entry in CATALOGUE if entry.name == name))
    if Path(path, "config.json").exists():
        resume(path, quiet=True, model=model, data=data)
    else:
        reparam.fit(model, data, path, steps=int(steps), log_every=3, callbacks=callbacks, **USUAL)


def main(what, out, *given):
    """Do it, and write what was found."""
    if what == "catalogue":
        if "RANK" in os.environ:
            dist.init_process_group("gloo")
        before = threads()
        found = {"catalogue": catalogue(Path(out).with_suffix("")), **rare(), **norms_over_batches()}
        found["threads"] = threads() - before
        if os.environ.get("RANK", "0") == "0":
            Path(out).write_text(json.dumps(found))
    else:
        if what == "nan":
            spoil()
        if what == "cuda":
            USUAL["device"] = "cuda"
        if what == "stumbles":
            stumble(1)
            USUAL["batch_norm_over"] = "batch"
        callbacks = []
        if len(given) > 2 and given[2].startswith("asks-"):
            callbacks = [Asks(given[2].removeprefix("asks-"), int(given[4]))]
        elif len(given) > 2:
            disturb(given[2], int(given[3]), int(given[4]))
        folder(out, *given[:2], *callbacks)


if __name__ == "__main__":
    torch.set_num_threads(1)
    os.fsync = os.fstat  # as in every test: no power is cut
    main(*sys.argv[1:])

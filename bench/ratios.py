"""From measurements to ratios: how many times faster reparam is, beside what was aimed at. Pure functions."""

from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.plan import COMMON_BATCH, RACES, Job

TARGETS, ELBO_TARGET = {"pythae": 2.5, "jax": 1.3}, 5.0
FLOORS = ("floor", "floor-onednn", "floor-bf16")


@dataclass(frozen=True)
class Ratio:
    """Their seconds over ours; `bound`: theirs did not finish, so the true ratio is larger; `lost`: ours did not."""

    label: str
    value: float | None
    fastest: float | None = None
    target: float | None = None
    bound: bool = False
    needs: tuple[str, ...] = ()
    lost: bool = False

    @property
    def verdict(self) -> str:
        if self.value is None:
            return "MISSED: reparam did not get there" if self.lost else "not measured"
        if self.target is None:
            return ""
        if self.value >= self.target:
            return "met"
        return "undecided" if self.bound else "MISSED"


def pooled(answers: list[dict[str, Any]]) -> list[float]:
    """The measured epochs of all rounds."""
    return [seconds for answer in answers for seconds in answer.get("epochs", [])]


def epoch_ratio(epochs: dict[str, list[float]], theirs: Job, ours: Job, target: float | None) -> Ratio:
    """Of the medians, and of each one's fastest epoch, which other work on the machine disturbs least."""
    label = f"{theirs.contender.label} at {theirs.batch} / {ours.contender.label} at {ours.batch}"
    needs = (theirs.key, ours.key)
    them, us = (epochs.get(key, []) for key in needs)
    if not (them and us):
        return Ratio(label, None, target=target, needs=needs)
    return Ratio(label, median(them) / median(us), min(them) / min(us), target, needs=needs)


def epoch_ratios(epochs: dict[str, list[float]], default_batch: int) -> list[Ratio]:
    """Every comparison of epoch times: like for like first, then at our default batch."""
    rows = []
    for batch in dict.fromkeys((COMMON_BATCH, default_batch)):
        ours, theirs = Job("ours", batch), (Job("pythae", COMMON_BATCH), Job("plain", COMMON_BATCH))
        theirs += (Job("jax", batch), *(Job(name, batch) for name in FLOORS))
        rows += [epoch_ratio(epochs, job, ours, TARGETS.get(job.name)) for job in theirs]
        rows += fused_ratios(epochs, batch)
    return rows


def fused_ratios(epochs: dict[str, list[float]], batch: int) -> list[Ratio]:
    """What compiled losses gain at a batch, and what they come to beside the scan and the floors."""
    fused, alone = Job("fused", batch), Job("fused-fp32", batch)
    pairs = [(Job("ours", batch), fused), (Job("jax", batch), fused), (Job("ours-fp32", batch), alone)]
    pairs += [(Job(name, batch), alone) for name in FLOORS if name != "floor-bf16"] + [
        (Job("floor-bf16", batch), fused)
    ]
    return [epoch_ratio(epochs, theirs, ours, TARGETS.get(theirs.name)) for theirs, ours in pairs]


def target_ratio(name: str, ours: dict[str, Any], theirs: dict[str, Any], elbo: float) -> Ratio:
    """Of the seconds to the test ELBO; a lower bound where they gave up at the cap."""
    label = f"{RACES[name].label} / reparam, to test ELBO {elbo:g}"
    if not ours.get("reached") or "seconds" not in theirs:
        return Ratio(label, None, target=ELBO_TARGET, lost=ours.get("reached") is False)
    return Ratio(label, theirs["seconds"] / ours["seconds"], None, ELBO_TARGET, bound=not theirs["reached"])


def pays_from(usual: dict[str, float], fused: dict[str, float]) -> float | None:
    """Steps from which on compiling has saved what the first step took; None where a step is no faster.

    Args:
        usual: milliseconds of ``a step, the first`` and of ``a step``.
        fused: the same of compiled losses.

    >>> pays_from({"a step, the first": 10.0, "a step": 4.0}, {"a step, the first": 6010.0, "a step": 3.0})
    6001.0
    """
    saved = usual["a step"] - fused["a step"]
    return 1 + max(0.0, fused["a step, the first"] - usual["a step, the first"]) / saved if saved > 0 else None

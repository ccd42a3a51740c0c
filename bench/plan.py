"""What is run: the contenders, at which batches, and in which order."""

from dataclasses import dataclass, field
from itertools import product

COMMON_BATCH = 128


@dataclass(frozen=True)
class Contender:
    """A module of bench.contenders; `peer`: run by the peers' interpreter; `both`: also at our default batch.

    `flags` are its own; `bf16`: only where the processor multiplies that in hardware.
    """

    module: str
    label: str
    peer: bool = False
    both: bool = False
    flags: dict[str, object] = field(default_factory=dict)
    bf16: bool = False


FUSED, FP32, BF16 = {"fuse": "yes"}, {"precision": "fp32"}, {"precision": "bf16"}
CONTENDERS = {
    "ours": Contender("ours", "reparam", both=True),
    "fused": Contender("ours", "reparam, fuse=yes", both=True, flags=FUSED),
    "ours-fp32": Contender("ours", "reparam, fp32", both=True, flags=FP32, bf16=True),
    "fused-fp32": Contender("ours", "reparam, fp32, fuse=yes", both=True, flags={**FP32, **FUSED}, bf16=True),
    "pythae": Contender("pythae_trainer", "(a) pythae BaseTrainer", peer=True),
    "plain": Contender("plain_loop", "(b) plain loop, DataLoader"),
    "jax": Contender("jax_scan", "(c) jax lax.scan epoch", peer=True, both=True),
    "floor": Contender("floor", "(e) matrix products alone, fp32", both=True),
    "floor-onednn": Contender("floor", "(e) the same by oneDNN", both=True, flags={"products": "onednn"}),
    "floor-bf16": Contender("floor", "(e) the same in bf16", both=True, flags=BF16, bf16=True),
}
PROFILES = ("ours", "fused", "ours-fp32", "fused-fp32")
"""Of these it is told where the time of a step goes."""


@dataclass(frozen=True)
class Race:
    """A contender's way to the test ELBO; peers race at the common batch, reparam at its default one."""

    contender: str
    label: str
    flags: dict[str, object] = field(default_factory=dict)


RACES = {
    "ours": Race("ours", "reparam, its defaults"),
    "pythae": Race("pythae", "(a) pythae, its default learning rate 1e-4"),
    "pythae-tuned": Race("pythae", "(a) pythae, learning rate 1e-3", {"learning-rate": 1e-3}),
}


@dataclass(frozen=True)
class Job:
    """One contender at one batch size."""

    name: str
    batch: int

    @property
    def key(self) -> str:
        return f"{self.name}-{self.batch}"

    @property
    def contender(self) -> Contender:
        return CONTENDERS[self.name]


def chosen_names(only: list[str] | None, peers: bool, bf16: bool = True) -> list[str]:
    """The contenders asked for, in the table's order; without those in bf16 where it is not fast."""
    there = {name: c for name, c in CONTENDERS.items() if (peers or not c.peer) and (bf16 or not c.bf16)}
    return [name for name in there if not only or name in only]


def jobs(names: list[str], default_batch: int) -> list[Job]:
    """Each contender at the common batch, and at our default one where that is compared too."""
    batches = dict.fromkeys((COMMON_BATCH, default_batch))
    return [Job(n, b) for n, b in product(names, batches) if b == COMMON_BATCH or CONTENDERS[n].both]

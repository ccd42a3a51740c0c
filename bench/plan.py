"""What is run: the contenders, at which batches, and in which order."""

from dataclasses import dataclass, field
from itertools import product

COMMON_BATCH = 128


@dataclass(frozen=True)
class Contender:
    """A module of bench.contenders; `peer`: run by the peers' interpreter; `both`: also at our default batch."""

    module: str
    label: str
    peer: bool = False
    both: bool = False


CONTENDERS = {
    "ours": Contender("ours", "reparam", both=True),
    "pythae": Contender("pythae_trainer", "(a) pythae BaseTrainer", peer=True),
    "plain": Contender("plain_loop", "(b) plain loop, DataLoader"),
    "jax": Contender("jax_scan", "(c) jax lax.scan epoch", peer=True, both=True),
    "floor": Contender("floor", "(e) matrix products alone", both=True),
}


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


def chosen_names(only: list[str] | None, peers: bool) -> list[str]:
    """The contenders asked for, in the table's order."""
    return [name for name, c in CONTENDERS.items() if (not only or name in only) and (peers or not c.peer)]


def jobs(names: list[str], default_batch: int) -> list[Job]:
    """Each contender at the common batch, and at our default one where that is compared too."""
    batches = dict.fromkeys((COMMON_BATCH, default_batch))
    return [Job(n, b) for n, b in product(names, batches) if b == COMMON_BATCH or CONTENDERS[n].both]

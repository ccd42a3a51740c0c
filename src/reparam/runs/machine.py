"""``doctor`` without a run: what is installed, what a training would choose here, and what is slow and why."""

import os
import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

import numpy as np
import torch

from reparam._version import __version__
from reparam.errors import UserError
from reparam.hardware import choose_device, free_memory, multiplies_bf16_fast, vendor
from reparam.networks.products import usual_products
from reparam.result import Result
from reparam.runs.timing import gigaflops, waiting

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REQUIRED = re.compile(r"^([\w.-]+).*?(?:;.*extra == ['\"]([\w-]+)['\"])?$")
OURS = ("dev", "dist", "docs")
"""Extras of those who work on reparam, which are not told of."""
LITTLE = 2**31
"""Bytes of free memory below which trainings of images may not fit."""


@dataclass(frozen=True)
class Extra:
    """What an extra needs.

    Attributes:
        name: in brackets behind ``pip install reparam``.
        here: versions of what is installed of it, by package.
        missing: the packages that are not.
    """

    name: str
    here: dict[str, str]
    missing: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class Machine(Result):
    """What was found of a machine and of what is installed.

    Attributes:
        reparam: its version.
        python: its version.
        torch: its version.
        system: operating system and processor's kind.
        core: versions of what reparam always needs, by package.
        extras: what may be there besides.
        device: that ``auto`` would train on.
        instructions: the widest that torch uses on this processor.
        vendor: who made the processor.
        cores: that this process may use.
        threads: that torch computes with.
        precision: that ``auto`` would train in.
        products: which library ``auto`` would multiply with.
        memory: free bytes; None where the system does not tell.
        gigaflops: measured, of a product of a 784-400 layer at batch 256, in 10^9 operations a second, by format.
        waiting: processes that were ready to run besides, per core, while it was measured; None where unknown.
        slow: what is slow here, why, and what would help.
    """

    reparam: str
    python: str
    torch: str
    system: str
    core: dict[str, str]
    extras: tuple[Extra, ...]
    device: str
    instructions: str
    vendor: str
    cores: int
    threads: int
    precision: str
    products: str
    memory: int | None
    gigaflops: dict[str, float]
    waiting: float | None
    slow: tuple[str, ...]

    @property
    def numbers(self) -> dict[str, np.ndarray]:
        """What was measured."""
        return {f"gigaflops_{name}": np.array(rate) for name, rate in self.gigaflops.items()}

    def figure(self) -> "Figure":
        """There is none.

        Raises:
            UserError: always.
        """
        raise UserError("what doctor finds has no picture: print it")

    def __str__(self) -> str:
        return "\n".join(f"{name:<14}{text}" for name, text in self._lines())

    def _lines(self) -> Iterator[tuple[str, str]]:
        yield "reparam", f"{self.reparam}, Python {self.python}, torch {self.torch}, {self.system}"
        yield "core", _versions(self.core)
        for extra in self.extras:
            lack = f"{', '.join(extra.missing)} missing: pip install 'reparam[{extra.name}]'" if extra.missing else ""
            yield f"[{extra.name}]", "; ".join(filter(None, (_versions(extra.here), lack)))
        yield "device", f"{self.device} (auto); {self.cores} cores, {self.threads} threads, made by {self.vendor}"
        yield (
            "precision",
            f"{self.precision} (auto); instructions up to {self.instructions}; products by {self.products}",
        )
        if self.memory is not None:
            yield "memory", f"{self.memory / 2**30:.1f} GiB free"
        told = ", ".join(f"{name} {rate:.0f}" for name, rate in self.gigaflops.items())
        yield "measured", f"a product of 256 by 784 by 400, GFLOP/s: {told}"
        for i, reason in enumerate(self.slow):
            yield "slow here" if not i else "", reason
        if not self.slow:
            yield "slow here", "nothing that was found"


def _versions(found: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in found.items())


def machine() -> Machine:
    """Look at this machine, and measure for a second.

    >>> found = machine()
    >>> found.reparam == __version__, found.threads >= 1, found.gigaflops["float32"] > 0
    (True, True, True)
    """
    device = choose_device("auto")
    core, extras = installed()
    fast = multiplies_bf16_fast(device)
    before = waiting()
    rates = {"float32": gigaflops(device, torch.float32), "bf16": gigaflops(device, torch.bfloat16)}
    found = Machine(
        reparam=__version__,
        python=platform.python_version(),
        torch=torch.__version__,
        system=f"{platform.system()} {platform.machine()}",
        core=core,
        extras=extras,
        device=str(device),
        instructions=torch.backends.cpu.get_cpu_capability(),
        vendor=vendor(),
        cores=available_cores(),
        threads=torch.get_num_threads(),
        precision="bf16" if fast else "float32",
        products=usual_products(device),
        memory=free_memory(device),
        gigaflops=rates,
        waiting=before,
        slow=(),
    )
    return Machine(**{**vars(found), "slow": tuple(reasons(found))})


def available_cores() -> int:
    """The cores that this process may use, which a container or a scheduler may have narrowed."""
    allowed = getattr(os, "sched_getaffinity", None)  # which macOS and Windows have not
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def installed() -> tuple[dict[str, str], tuple[Extra, ...]]:
    """Versions of what reparam needs always, and what of each extra is here.

    Where reparam runs from its source and is not installed, nothing is known of what it needs: both are empty.
    """
    try:
        wanted = metadata.requires("reparam") or []
    except metadata.PackageNotFoundError:
        return {}, ()
    groups: dict[str, list[str]] = {}
    for line in wanted:
        if match := REQUIRED.match(line):
            groups.setdefault(match[2] or "", []).append(match[1])
    core = {name: version for name in groups.pop("", []) if (version := version_of(name))}
    return core, tuple(_extra(name, packages) for name, packages in groups.items() if name not in OURS)


def _extra(name: str, packages: list[str]) -> Extra:
    found = {package: version_of(package) for package in dict.fromkeys(packages)}
    here = {package: version for package, version in found.items() if version}
    return Extra(name, here, tuple(package for package, version in found.items() if not version))


def version_of(package: str) -> str | None:
    """The version of an installed package, or None.

    >>> version_of("torch") == torch.__version__, version_of("no-such-package")
    (True, None)
    """
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def reasons(found: Machine) -> Iterator[str]:
    """What is slow on a machine, why, and what would help, the worst first."""
    yield from _of_cores(found)
    if found.device == "cpu":
        yield from _of_processors(found)
    if found.memory is not None and found.memory < LITTLE:
        yield f"{found.memory / 2**30:.1f} GiB of memory are free: large images or batches may not fit"


def _of_cores(found: Machine) -> Iterator[str]:
    """What is slow by how many threads there are, and others beside them: one advice, whatever is the case."""
    if found.waiting is not None and found.waiting > 1:
        one = "with one thread, as here, this suffers least"
        several = "one thread suffers least (OMP_NUM_THREADS=1), with other bits"
        yield (
            f"other processes want the cores ({found.waiting:.1f} ready to run on each): trainings take that much "
            f"longer; {one if found.threads == 1 else several}"
        )
    elif found.threads > found.cores:
        yield f"torch computes with {found.threads} threads on {found.cores} cores: set OMP_NUM_THREADS={found.cores}"
    elif found.threads < found.cores:
        yield f"torch computes with {found.threads} of {found.cores} cores: OMP_NUM_THREADS={found.cores} would use all"


def _of_processors(found: Machine) -> Iterator[str]:
    if "+cpu" not in found.torch and torch.version.cuda:
        yield "torch was built for CUDA and finds no device: is the driver there?"
    if found.precision == "float32":
        yield "this processor has no fast bf16 (AMX, AVX512-BF16): products are most of a step, and stay in float32"
    if found.instructions in ("DEFAULT", "NO AVX"):
        yield f"torch uses plain instructions ({found.instructions}): is ATEN_CPU_CAPABILITY set?"
    yield "convolutions and residual networks want a GPU: on a processor take the perceptrons, or small images"

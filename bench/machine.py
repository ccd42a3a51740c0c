"""Describes the machine the numbers were measured on."""

import os
import platform
from pathlib import Path
from typing import Any

FEATURES = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")


def _cpuinfo(field: str) -> str:
    """The first value of a field of /proc/cpuinfo, empty where there is no such file or field."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.split(":")[0].strip() == field), "")


def cores() -> int:
    """The number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def describe() -> dict[str, Any]:
    """CPU model, cores, load, system and the vector instructions that matter here."""
    flags = _cpuinfo("flags").split()
    vendor = {key: _cpuinfo(name) for key, name in (("family", "cpu family"), ("model", "model"))}
    return {
        "cpu": _cpuinfo("model name") or platform.processor() or platform.machine(),
        **vendor,
        "cores": cores(),
        "features": {feature: feature in flags for feature in FEATURES},
        "system": platform.platform(),
        "load": round(os.getloadavg()[0], 2),
    }


def sentences(machine: dict[str, Any], torch_version: str) -> list[str]:
    """The description as lines to print."""
    features = ", ".join(f"{name} {'yes' if has else 'no'}" for name, has in machine["features"].items())
    cpu = (
        f"{machine['cpu']} (family {machine['family']}, model {machine['model']})"
        if machine["family"]
        else machine["cpu"]
    )
    lines = [f"{cpu}, {machine['cores']} cores, {machine['system']}", f"{features}; torch {torch_version}"]
    if machine["load"] > 0.5:
        lines.append(
            f"Load average {machine['load']} at the start: something else is running, so trust ratios, not seconds."
        )
    return lines

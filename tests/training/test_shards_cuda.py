"""Shards on GPUs, where there are any: the same bits again, on two of them by NCCL; elsewhere it is said why not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from catalogue import CATALOGUE
from normed_helpers import MODELS, numbers_of

SCRIPT = Path(__file__).with_name("sharded_runs.py")
NAME = next(entry.name for entry in CATALOGUE if entry.name.startswith("vae-mlp"))
GPUS = torch.cuda.device_count()
KEPT = ("metrics.jsonl", "checkpoints/last.safetensors", "checkpoints/best.safetensors")
one = pytest.mark.skipif(GPUS < 1, reason="no GPU here: shards on CUDA are not tried")
two = pytest.mark.skipif(GPUS < 2, reason=f"NCCL joins two GPUs or more, and {GPUS or 'none'} is here: it is not tried")


def trained(count, folder):
    """A run of four shards on so many GPUs."""
    command = [sys.executable, str(SCRIPT), "cuda", str(folder), "9", NAME]
    if count > 1:
        command[1:1] = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count)]
    subprocess.run(command, env=os.environ | {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"}, check=True, timeout=300)
    return [(folder / name).read_bytes() for name in KEPT]


@one
def test_four_shards_on_one_gpu_have_the_same_bits_again(tmp_path):
    assert trained(1, tmp_path / "a") == trained(1, tmp_path / "b")


@one
@pytest.mark.parametrize("name", MODELS)
def test_norms_over_the_batch_on_a_gpu_are_those_of_one_piece(name):
    """Backward waits for other shards in its own thread, and not in the device's, which all would share."""
    whole, parts = numbers_of(name, 1, device="cuda"), numbers_of(name, 4, device="cuda")
    for parameter, values in parts.items():
        assert values == pytest.approx(whole[parameter], rel=1e-9, abs=1e-11), parameter


@two
def test_two_gpus_have_the_same_bits_as_one(tmp_path):
    assert trained(1, tmp_path / "a") == trained(2, tmp_path / "b")

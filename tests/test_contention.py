"""Threads that wait for each other leave their cores to others, and nothing else changes."""

import itertools
import os
import subprocess
import sys
import time

import pytest
import torch

from reparam import contention
from reparam.contention import Team, Watch, can_spin, cores, sharing_cores, teams_needed, waits

TOLD = pytest.mark.skipif(not waits(), reason="this system does not tell how long threads wait for a core")


@pytest.fixture
def crowd():
    """More work than there are cores, in processes of their own."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(3 * cores())]
    yield
    for other in others:
        other.kill()
        other.wait()


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def busy(watch: Watch, seconds: float) -> bool:
    """Compute until the watch has found the cores contended, at most so long."""
    a, end = torch.rand(256, 256), time.monotonic() + seconds
    while time.monotonic() < end and not watch.contended:
        a = (a @ a).tanh()
    return watch.contended > 0


@TOLD
def test_contended_cores_are_noticed(crowd):
    with sharing_cores() as watch:
        assert busy(watch, 60)


@TOLD
def test_more_threads_than_cores_are_held_while_they_are_contended(two_threads):
    before = len(waits())
    teams = [Team(2) for _ in range(teams_needed(2, cores()))]
    wanted = len(teams) * (2 if can_spin() else 1)  # each its own first thread, and what OpenMP adds to it
    end = time.monotonic() + 30
    while len(waits()) - before < wanted and time.monotonic() < end:
        time.sleep(0.01)
    assert len(waits()) - before >= wanted
    for team in teams:
        team.release()
    assert not any(team._thread.is_alive() for team in teams)


def test_as_many_teams_as_it_takes_and_no_more():
    for threads, own in itertools.product(range(2, 65), (2, 4, 8, 32, 64)):
        if threads > own:
            continue
        needed, each = teams_needed(threads, own), threads - 1
        assert threads + needed * each > own or needed == contention.MOST_TEAMS
        assert needed == 1 or threads + (needed - 1) * each <= own


def test_one_watch_serves_blocks_within_each_other_and_ends_with_the_outermost():
    with sharing_cores() as outer:
        with sharing_cores() as inner:
            assert inner is outer
        assert not outer._over.is_set()
    assert not outer._thread.is_alive()
    with sharing_cores() as later:
        assert later is not outer


def test_it_ends_where_the_block_raises():
    with pytest.raises(ZeroDivisionError), sharing_cores() as watch:
        1 / 0  # noqa: B018
    assert not watch._thread.is_alive()
    assert not contention._watching


@TOLD
def test_sums_round_as_they_did_while_teams_sleep(two_threads):
    a = torch.rand(700, 700, generator=torch.Generator().manual_seed(0))
    alone = (a @ a).exp().sum()
    teams = [Team(2) for _ in range(2)]
    assert (a @ a).exp().sum().equal(alone)
    for team in teams:
        team.release()
    assert torch.get_num_threads() == 2


def test_where_the_system_tells_nothing_nothing_is_watched(monkeypatch, tmp_path):
    monkeypatch.setattr(contention, "TASKS", tmp_path / "none")
    with sharing_cores() as watch:
        time.sleep(0.01)
    assert watch.seconds == 0


def test_cores_are_those_this_process_may_use():
    assert 1 <= cores() <= (os.cpu_count() or 1)

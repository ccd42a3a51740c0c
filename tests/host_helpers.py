"""Two hosts on one machine: network namespaces joined by a bridge, where the system lets them be made."""

import os
import subprocess
from contextlib import contextmanager
from itertools import count

import pytest

ADDRESSES = ("10.213.0.1", "10.213.0.2")
_times = count()


def ip(*words, check=True):
    return subprocess.run(["ip", *map(str, words)], check=check, capture_output=True)


@contextmanager
def two_hosts():
    """Their names, of the addresses; each is a namespace's."""
    # of their own each time: what is removed is gone a little later than it is said to be
    own = f"{os.getpid()}{next(_times)}"
    bridge, names = f"rb{own}", [f"r{which}{own}" for which in "ab"]
    try:
        ip("link", "add", bridge, "type", "bridge")
        ip("link", "set", bridge, "up")
        for address, name in zip(ADDRESSES, names, strict=True):
            ip("netns", "add", name)
            ip("link", "add", f"v{name}", "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("link", "set", f"v{name}", "master", bridge, "up")
            ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no network namespaces may be made here")
    else:
        yield names
    finally:
        for name in names:
            ip("netns", "del", name, check=False)
        ip("link", "del", bridge, check=False)


def cut(name):
    """Take a host off the network."""
    ip("link", "set", f"v{name}", "down")

import os
import signal
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, sync_playwright

from browser_helpers import CHROMIUM, QUIET, Visit
from reparam.pages import Page, render

TESTS = Path(__file__).parent

if "PYTEST_XDIST_WORKER" in os.environ and "OMP_NUM_THREADS" not in os.environ:
    # several workers share the cores: one thread each, in the processes that tests start too, unless told otherwise
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"


# what `make test-portable` runs under several settings of the processor: every kind of model, the commands that train
# and judge one, and the comparisons of ours with oracles, in about a minute on two cores
PORTABLE = (
    "adversarial",
    "cli/test_given.py",
    "cli/test_parts.py",
    "distributions",
    "divergences",
    "evaluation/test_classifier.py",
    "evaluation/test_features.py",
    "evaluation/test_frechet.py",
    "evaluation/test_judged_alike.py",
    "evaluation/test_manifold_metrics.py",
    "evaluation/test_memorization.py",
    "models/test_models.py",
    "networks",
    "runs/test_golden.py",
    "runs/test_machine.py",
    "test_bounds.py",
    "test_hardware.py",
    "transport",
)


# what `make test-fast`, the inner loop's minute, leaves out besides single tests that say so: whole trainings,
# browsers, processes of their own, and sweeps over every constructor or message
SLOW = (
    "audit/test_corpus.py",
    "audit/test_libraries.py",
    "cli/test_audit_command.py",
    "cli/test_evaluate_command.py",
    "cli/test_parts.py",
    "cli/test_targets.py",
    "cli/test_typed.py",
    "cli/test_without_data.py",
    "data/test_archives.py",
    "data/test_batches.py",
    "data/test_captions.py",
    "data/test_image_files.py",
    "data/test_lazy.py",
    "evaluation/test_classifier.py",
    "evaluation/test_drawn_right.py",
    "evaluation/test_judged_alike.py",
    "evaluation/test_likelihood.py",
    "evaluation/test_measures.py",
    "evaluation/test_mnist.py",
    "evaluation/test_wrong_arguments.py",
    "labs",
    "models/test_avb.py",
    "models/test_choosing.py",
    "models/test_composition.py",
    "models/test_gan.py",
    "models/test_wrong_arguments.py",
    "pages/test_page_browser.py",
    "runs/test_doctor.py",
    "runs/test_golden.py",
    "studies",
    "test_attack.py",
    "test_bench.py",
    "test_extending.py",
    "test_files.py",
    "test_fuzz.py",
    "test_hardware.py",
    "test_messages.py",
    "test_portable.py",
    "test_readme.py",
    "test_same_again.py",
    "test_terminal.py",
    "training/test_every_size.py",
    "training/test_hosts.py",
    "training/test_lone.py",
    "training/test_replay.py",
    "training/test_shards.py",
    "training/test_waits.py",
)


def _within(item: pytest.Item, places: tuple[str, ...]) -> bool:
    return _is_within(item.path, places)


@cache  # there are thirty times as many tests as files
def _is_within(path: Path, places: tuple[str, ...]) -> bool:
    return not {path, *path.parents}.isdisjoint(TESTS / place for place in places)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where the portable part alone is asked for, the rest is not so much as read, under every setting anew."""
    asked = config.getoption("markexpr") == "portable" and collection_path.suffix == ".py"
    return (asked and not _is_within(collection_path, PORTABLE)) or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All examples and those files and folders are marked; single slow tests are not run under every setting."""
    assert all((TESTS / place).exists() for place in PORTABLE + SLOW)
    for item in items:
        example = isinstance(item, pytest.DoctestItem)
        if (example or _within(item, PORTABLE)) and item.get_closest_marker("slow") is None:
            item.add_marker(pytest.mark.portable)
        if _within(item, SLOW):
            item.add_marker(pytest.mark.slow)


def pytest_configure(config: pytest.Config) -> None:
    """What `precision="auto"` means is decided by what torch says of the processor: let it say what was asked for."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        # as of a script's jobs in the background: trainings leave it so, and tests send it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        # under nohup, likewise: the tests outlive their terminal, and what they start is asked anew
        signal.signal(signal.SIGHUP, lambda number, frame: None)
    answer = config.getoption("--bf16")
    if answer is not None:
        torch.cpu._is_amx_tile_supported = lambda: False
        torch.cpu._is_avx512_bf16_supported = lambda: answer == "yes"


# the same examples in every run, and no time asserted; --hypothesis-profile=default draws others
hypothesis.settings.register_profile("seeded", derandomize=True, deadline=None)
hypothesis.settings.load_profile("seeded")


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """600 binary images of 8 by 10 in an .npy."""
    rng = np.random.default_rng(0)
    x = (rng.random((600, 8, 10)) < rng.random((600, 1, 1))).astype(np.uint8)
    path = tmp_path_factory.mktemp("data") / "x.npy"
    np.save(path, x)
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Playwright starts Chromium without a sandbox unless told otherwise, so that root may, too.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, tmp_path) -> Iterator[Callable[..., Visit]]:
    """Opens a page, or its HTML, from a file; afterwards nothing may have been asked of anybody."""
    visits, contexts = [], []

    def open_page(page: Page | str, **options) -> Visit:
        path = tmp_path / f"report {len(visits)}.html"
        path.write_text(page if isinstance(page, str) else render(page), encoding="utf-8")
        contexts.append(browser.new_context(**options))
        visits.append(Visit(contexts[-1].new_page(), path))
        return visits[-1]

    yield open_page
    for context in contexts:
        context.close()
    assert [visit.foreign for visit in visits] == [[]] * len(visits)

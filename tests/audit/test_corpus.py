"""No false verdict on small losses whose truth is known."""

import pytest

import reparam
from audit_corpus.cases import load

CASES = load()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_draw_gets_its_verdict(case):
    report = reparam.audit(case.function)
    assert tuple(report.verdicts()) == case.verdicts, str(report)
    assert report.ok == case.right


def test_the_corpus_is_wide_and_even():
    right = sum(case.right for case in CASES)
    assert len(CASES) >= 40
    assert abs(right - len(CASES) / 2) <= 0.15 * len(CASES)
    words = {verdict for case in CASES for verdict in case.verdicts}
    assert words >= {"blocked", "reparameterized", "relaxed", "straight-through", "estimated", "not needed"}

"""What is on its way out works as before, says what to write instead at the caller's line, and goes when it should."""

import inspect
from pathlib import Path

import pytest

from reparam import deprecation
from reparam.deprecation import Deprecated, deprecated, renamed


@deprecated("0.2", "99.0", "call new() instead")
def old(x, *, y=1):
    """What it did."""
    return x + y


@renamed("0.2", "99.0", width="hidden", rate="learning_rate")
def fit(hidden=4, learning_rate=0.1):
    return hidden, learning_rate


def test_a_deprecated_function_does_what_it_did_and_names_the_callers_line():
    with pytest.warns(
        Deprecated, match=r"old is deprecated since 0\.2 and will be gone in 99\.0: call new\(\)"
    ) as told:
        assert old(2, y=3) == 5
    assert Path(told[0].filename) == Path(__file__)
    assert (old.__name__, old.__doc__, list(inspect.signature(old).parameters)) == ("old", "What it did.", ["x", "y"])


def test_a_renamed_argument_is_passed_on_and_a_new_one_says_nothing(recwarn):
    assert fit(hidden=8, learning_rate=1.0) == (8, 1.0)
    assert not recwarn.list
    with pytest.warns(Deprecated, match="write hidden=") as told:
        assert fit(width=8, rate=0.5) == (8, 0.5)
    assert len(told) == 2
    assert {Path(each.filename) for each in told} == {Path(__file__)}
    with pytest.raises(TypeError, match="both hidden and width"):
        fit(hidden=1, width=2)


@pytest.mark.parametrize(("since", "gone"), [("0.2", "0.3"), ("0.2", "0.2"), ("1.4", "1.5")])
def test_a_promise_of_less_than_two_minor_versions_is_refused(since, gone):
    with pytest.raises(AssertionError, match="too soon"):
        deprecated(since, gone, "")


def test_what_should_be_gone_breaks_the_import_of_whoever_kept_it(monkeypatch):
    deprecated("0.2", "0.4", "")
    deprecated("0.9", "1.0", "")
    monkeypatch.setattr(deprecation, "__version__", "0.4.0")
    with pytest.raises(AssertionError, match="is to be removed"):
        deprecated("0.2", "0.4", "")


def test_the_command_says_it_in_a_sentence(capsys):
    from reparam.cli.main import notices

    with notices():
        old(1)
    assert capsys.readouterr().err.startswith("reparam: warning: old is deprecated since 0.2")

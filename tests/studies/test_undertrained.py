"""Who has hardly trained is said at the top, with what it would take: exact where learning follows a power of time."""

from dataclasses import replace

import numpy as np
import pytest

from helpers import quiet_fit, small_data, small_vae
from reparam.errors import UserError
from reparam.runs.run import load
from reparam.studies import Protocol, Trial, judge
from reparam.studies.overview import overview
from reparam.studies.results import Result
from reparam.studies.tables import costs
from reparam.studies.undertrained import FARTHEST, FLAT, longer, notices, rise, undertrained
from reparam.studies.write import _first, page


@pytest.fixture(scope="module")
def results(compared):
    return judge([Trial("vae-2", compared / "vae-2", load(compared / "vae-2"))], Protocol(count=100, images=10))


def trained(results, rows, protocol=None):
    """The results of the same model with another log."""
    (one,) = results.results
    run = replace(one.run, rows=rows)
    return replace(results, protocol=protocol, results=(replace(one, trial=replace(one.trial, run=run)),))


def log(values, epochs):
    """Rows of validation at equal distances."""
    steps = np.linspace(0, 1000, len(values))
    return [
        {"step": int(s), "epoch": epochs * s / 1000, "split": "validation", "elbo": v}
        for s, v in zip(steps, values, strict=True)
    ]


@pytest.mark.parametrize(("power", "b"), [(0.5, 40.0), (1.0, 60.0), (0.3, 20.0), (2.0, 90.0)])
def test_a_curve_that_is_a_power_of_time_settles_when_it_is_said_to(power, b):
    steps = np.arange(0, 4001, dtype=float)
    values = -100 - b * np.maximum(steps / 4000, 1e-3) ** -power
    times, beyond = longer(steps, values)
    assert not beyond

    def law(t):
        return -100 - b * t**-power

    # the share is of the value where it stands now, which is what is known of it
    gained = (law(times) - law(0.9 * times)) / abs(law(1.0))
    assert gained == pytest.approx(FLAT, rel=1e-3) if times > 1 else gained < FLAT


def test_gains_that_do_not_fall_and_few_values_are_not_followed():
    steps = np.arange(11.0)
    assert longer(steps, -200 + 5 * steps) == (FARTHEST, True)
    assert longer(np.array([0.0, 50.0, 100.0]), np.array([-500.0, -120.0, -110.0])) == (2.0, True)


def test_a_rise_is_that_of_the_last_tenth():
    steps = np.arange(0, 101.0)
    assert rise(steps, -200 + steps) == pytest.approx(0.1)
    assert rise(steps, np.full(101, -100.0)) == 0
    assert rise(steps, 0.01 * steps) == pytest.approx(0.01), "a bound near 0 is measured by 10 nats"


def test_less_than_an_epoch_is_said_with_the_time_that_one_takes(results):
    few = trained(results, log([-100.0] * 5, 0.25))
    (found,) = undertrained(few)
    assert found.why == "has seen 25 % of the training data, once"
    assert found.seconds == pytest.approx(4 * few.results[0].cost["seconds"])
    (text,) = notices(replace(few, protocol=Protocol(seconds=1.0)))
    assert "with a budget of" in text
    assert "budget" not in notices(few)[0], "runs that were trained apart have none"


def test_a_steep_curve_is_said_and_one_that_has_settled_is_not(results):
    steep = trained(results, log(-100 - 80 * np.linspace(0.01, 1, 21) ** -0.5, 5))
    (found,) = undertrained(steep)
    assert "was still getting better" in found.why
    assert undertrained(trained(results, log([-500, *[-100 - 0.01 * i for i in range(20)]], 5))) == []
    assert undertrained(trained(results, log([-100, None, -90, -90], 5))) == []


def test_a_training_of_one_epoch_is_judged_by_the_steps_of_its_log(results):
    """It was validated before and after alone, of which no last tenth can be told."""
    ends = log([-550.0, -150.0], 1)
    within = [row | {"split": "train"} for row in log([-250.0, -175.0, -158.0, -150.0], 1)]
    assert undertrained(trained(results, ends)) == []
    (found,) = undertrained(trained(results, [*ends, *within]))
    assert "was still getting better, by 1.6 %" in found.why
    settled = [row | {"split": "train"} for row in log([-250.0, -151.0, -150.2, -150.0], 1)]
    assert undertrained(trained(results, [*ends, *settled])) == []


def test_it_stands_at_the_top_of_the_page_and_of_the_conclusion(results):
    few = trained(results, log([-100.0] * 5, 0.25))
    assert few.conclusion[0].startswith("Hardly trained: `vae-2`")
    first = _first(few)
    assert first.notices == few.conclusion[:1]
    assert first.overview is not None


def test_a_log_that_ends_before_its_first_step_takes_nobody_knows_how_long(results):
    (found,) = undertrained(trained(results, log([-100.0], 0.0)))
    assert found.seconds is None
    assert found.takes == ""


def test_what_a_run_has_cost_is_read_once_though_the_file_goes_meanwhile(tmp_path):
    run = quiet_fit(small_vae(), small_data(264), tmp_path / "run", epochs=1)
    result = Result(Trial("vae", tmp_path / "run", run))
    assert "seconds" in result.cost
    run.folder.cost.unlink()
    assert result.cost["seconds"] > 0


@pytest.mark.parametrize("part", [undertrained, costs, overview, page])
def test_a_run_whose_rows_went_while_it_was_read_is_named(results, part):
    with pytest.raises(UserError, match=r"vae-2 has no rows of its training left: if it was moved, put it back"):
        part(trained(results, []))

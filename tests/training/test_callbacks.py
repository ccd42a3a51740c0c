"""The bookkeeping of a training: what callbacks are told, in which order, and what they may ask for."""

import json
import os
import re
import signal
from pathlib import Path

import pytest
import torch
from torch import nn

import reparam
from helpers import is_usual, quiet_fit, remarks, said, same, small_data, small_vae, weights
from reparam.errors import UserError
from reparam.models import Model, Turn
from reparam.runs.folder import RunFolder
from reparam.training import Callback, Interrupted, NotFinite, progress
from reparam.training.best import HighWater, untrained
from reparam.training.start import resume


class Diary(Callback):
    """Every moment as a word; rows with their split, all with the step."""

    def __init__(self):
        self.words = []

    def start(self, session):
        self.words.append(("start", session.step))

    def step(self, session):
        self.words.append(("step", session.step))

    def row(self, session, row):
        assert row is session.rows[-1]
        self.words.append((row["split"], row["step"]))

    def epoch(self, session):
        self.words.append(("epoch", session.step))

    def save(self, session):
        self.words.append(("save", session.step))

    def end(self, session):
        self.words.append(("end", session.step))

    def done(self, session):
        self.words.append(("done", session.step))

    def close(self, session):
        self.words.append(("close", session.step))

    def note(self, session, text):
        if not is_usual(text):
            self.words.append((text, session.step))


class Asking(Diary):
    """Asks to stop at one moment of one step."""

    def __init__(self, moment, step):
        super().__init__()
        self.moment, self.at = moment, step

    def __getattribute__(self, name):
        found = super().__getattribute__(name)
        if name not in ("step", "row", "epoch", "save"):
            return found

        def told(session, *what):
            found(session, *what)
            split = what[0]["split"] if what else name
            if split == self.moment and session.step == self.at:
                session.ask_to_stop("it is enough")

        return told


def test_moments_come_in_the_documented_order():
    diary = Diary()
    quiet_fit(small_vae(), small_data(264), epochs=2, batch_size=16, log_every=3, callbacks=[diary])
    assert diary.words == [
        ("start", 0), ("validation", 0), ("save", 0),
        ("step", 1), ("step", 2), ("step", 3), ("train", 3),
        ("step", 4), ("train", 4), ("validation", 4), ("epoch", 4), ("save", 4),
        ("step", 5), ("step", 6), ("train", 6), ("step", 7),
        ("step", 8), ("train", 8), ("validation", 8), ("epoch", 8), ("save", 8),
        ("end", 8), ("test", 8), ("done", 8), ("close", 8),
    ]  # fmt: skip


STOPPED = [("validation", 6), ("epoch", 6), ("save", 6), ("end", 6), ("test", 6), ("done", 6), ("close", 6)]


@pytest.mark.parametrize("moment", ["step", "train"])
def test_whoever_asks_ends_the_run_in_mid_epoch_as_if_it_had_been_all(tmp_path, moment):
    asking, data = Asking(moment, 6), small_data(264)
    run = quiet_fit(
        small_vae(), data, tmp_path / "run", epochs=3, batch_size=16, log_every=3, keep_every=1, callbacks=[asking]
    )
    said = "stopped after step 6 of 12: it is enough"
    assert [word for word in asking.words if word not in [("train", 6), (said, 6)]][-8:] == [("step", 6), *STOPPED]
    assert [row["split"] for row in run.rows][-3:] == ["train", "validation", "test"]
    assert remarks(run.folder) == [{"step": 6, "note": said}]
    assert run.folder.finished


def test_a_stopped_run_is_the_shorter_half_of_the_whole_one(tmp_path):
    """What it wrote before it was asked is what the whole run wrote, and going on with it trains nothing more."""
    data, start = small_data(264), small_vae().state_dict()
    settings = {"epochs": 3, "batch_size": 16, "log_every": 3}

    def begin():
        model = small_vae()
        model.load_state_dict(start)
        return model

    whole = quiet_fit(begin(), data, tmp_path / "whole", **settings)
    stopped = quiet_fit(begin(), data, tmp_path / "stopped", callbacks=[Asking("epoch", 8)], **settings)
    assert stopped.rows[:-1] == [row for row in whole.rows if row["step"] <= 8]
    again = quiet_fit(begin(), data, tmp_path / "stopped", resume=True, **settings)
    assert again.rows == stopped.rows
    assert same(weights(again.model), weights(stopped.model))
    assert len(remarks(again.folder)) == 1


def test_a_run_out_of_patience_says_so_and_stays_stopped_though_its_checkpoint_is_of_an_older_kind(tmp_path):
    from reparam.runs.checkpoint import read_tensors, write_tensors

    data = small_data(264)
    settings = {"epochs": 300, "patience": 2, "learning_rate": 3e-2, "schedule": "constant"}
    run = quiet_fit(small_vae(), data, tmp_path / "run", **settings)
    (remark,) = remarks(run.folder)
    assert remark["note"].endswith("no better validation elbo for 2 epochs (patience=2)")
    tensors, notes = read_tensors(run.folder.last)
    assert notes.pop("stopped") == "no better validation elbo for 2 epochs (patience=2)"
    write_tensors(run.folder.last, tensors, notes)
    again = quiet_fit(small_vae(), data, tmp_path / "run", resume=True, **settings)
    assert again.rows == run.rows


def test_the_users_callbacks_come_after_ours(tmp_path):
    class Reader(Callback):
        def row(self, session, row):
            if row["split"] != "test":
                self.is_logged(row)
            if row["split"] == "validation" and len(session.rows) > 1:
                assert session.folder.best.exists()

        def save(self, session):
            assert session.folder.last.exists()
            assert session.folder.cost.exists()

        def done(self, session):
            self.is_logged(session.rows[-1])
            assert session.rows[-1]["split"] == "test"

        def is_logged(self, row):
            lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
            assert json.loads(lines[-1]) == {**row, "crc32": json.loads(lines[-1])["crc32"]}

    quiet_fit(small_vae(), small_data(), tmp_path / "run", callbacks=[Reader()])


def test_all_are_closed_in_reverse_order_whatever_happened():
    closed = []

    class Closing(Callback):
        def __init__(self, name):
            self.name = name

        def step(self, session):
            if self.name == "second":
                raise ValueError("mine")

        def close(self, session):
            closed.append(self.name)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ValueError, match="mine"):
        quiet_fit(small_vae(), small_data(), callbacks=[Closing("first"), Closing("second")])
    assert closed == ["second", "first"]
    assert signal.getsignal(signal.SIGINT) is before


def test_noise_that_a_callback_draws_changes_nothing():
    class Drawing(Callback):
        def step(self, session):
            torch.randn(7)

    data, start = small_data(), small_vae().state_dict()
    runs = []
    for callbacks in ([], [Drawing()]):
        model = small_vae()
        model.load_state_dict(start)
        runs.append(quiet_fit(model, data, callbacks=callbacks))
    assert runs[0].rows == runs[1].rows


@pytest.mark.parametrize(
    ("callbacks", "words"),
    [
        (Callback(), "give a list of callbacks"),
        ([Callback], "the class Callback will not do: give an instance"),
        ([print], "derive its class from reparam.training.Callback"),
    ],
)
def test_what_is_no_list_of_callbacks_is_refused(tmp_path, callbacks, words):
    with pytest.raises(UserError, match=words):
        quiet_fit(small_vae(), small_data(), tmp_path / "run", callbacks=callbacks)
    assert not (tmp_path / "run").exists()


def test_tensorboard_is_given_no_gap(tmp_path):
    """A quantity that is not finite is None in the log, and TensorBoard takes numbers alone."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    model = small_vae()
    model.evaluate = lambda batch: {"elbo": torch.zeros(len(batch.x)), "odd": torch.full((len(batch.x),), torch.inf)}
    run = quiet_fit(model, small_data(), tmp_path / "run", steps=2, tensorboard=True)
    assert run.rows[0]["odd"] is None
    events = EventAccumulator(str(tmp_path / "run" / "tensorboard")).Reload()
    assert "validation/elbo" in events.Tags()["scalars"]
    assert "validation/odd" not in events.Tags()["scalars"]
    trained = [row["loss"] for row in run.rows if row["split"] == "train"]
    assert [event.value for event in events.Scalars("train/loss")] == pytest.approx(trained)


# --- the untrained weights -------------------------------------------------------------------------------------------


def test_a_run_that_ends_worse_than_untrained_says_so(capsys, tmp_path):
    model, diary = small_vae(), Diary()
    right = model.loss
    model.loss = lambda batch: {"loss": -right(batch)["loss"]}  # downhill
    run = quiet_fit(model, small_data(), tmp_path / "run", epochs=1, callbacks=[diary])
    validation = [row["elbo"] for row in run.rows if row["split"] == "validation"]
    assert run.step == 0
    assert validation[1] < validation[0]
    (remark,) = remarks(run.folder)
    expected = rf"{validation[0]:.2f} untrained, {validation[1]:.2f} after 1 epochs.*untrained weights are kept"
    assert re.search(expected, remark["note"])
    assert (remark["note"], 6) in diary.words
    code, out, _ = said(capsys, "info", tmp_path / "run")
    assert code == 0
    told = remark["note"].replace("`learning_rate`", "--learning-rate").replace("gradient_clip=1", "--gradient-clip 1")
    assert told in " ".join(out.split())  # lines of 110 letters, whatever their breaks
    assert told != remark["note"]


def test_a_run_that_gets_better_says_nothing():
    diary = Diary()
    quiet_fit(small_vae(), small_data(), epochs=2, learning_rate=1e-2, callbacks=[diary])
    assert not [word for word, _ in diary.words if word.startswith("warning")]


def test_a_run_that_breaks_off_before_an_epoch_says_whose_weights_its_folder_holds(tmp_path):
    class Signal(Diary):
        def step(self, session):
            os.kill(os.getpid(), signal.SIGINT)

    sentence = "broken off before an epoch was finished: the best weights so far are the untrained ones"
    with pytest.raises(Interrupted, match=rf"stopped after step 1 of 18; go on with .* \({sentence}\)"):
        quiet_fit(small_vae(), small_data(), tmp_path / "run", callbacks=[Signal()])
    assert sentence not in str(RunFolder(tmp_path / "run").remarks()), "which the run says to its end, gone on with"
    assert reparam.load(tmp_path / "run", small_vae()).step == 0


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([-5.0], "broken off"),
        ([-5.0, -6.0], "-5.00 untrained, -6.00 after 1 epochs"),
        ([-5.0, None], "-5.00 untrained, not finite after 1 epochs"),
        ([-5.0, -5.0], "-5.00 untrained, -5.00 after 1 epochs"),
        ([-5.0, -4.0, -9.0], None),
        ([None, -4.0], None),
        ([], None),
    ],
)
def test_the_best_weights_are_the_untrained_ones_exactly_where_the_rows_say_so(values, words):
    rows = [{"split": "validation", "step": 9 * i, "epoch": float(i), "elbo": elbo} for i, elbo in enumerate(values)]
    sentence = untrained("elbo", rows)
    assert words in sentence if words else sentence is None
    assert untrained(None, rows) is None


def test_the_high_water_mark_of_a_prefix_goes_on_to_that_of_the_whole():
    values = [3.0, 1.0, 4.0, None, 4.0, 5.0, 2.0]
    rows = [{"split": "validation", "step": i, "elbo": value} for i, value in enumerate(values)]
    whole = HighWater.of("elbo", rows)
    for cut in range(len(rows)):
        mark = HighWater.of("elbo", rows[:cut])
        for row in rows[cut:]:
            mark.rises(row)
        assert (mark.value, mark.step, mark.since) == (whole.value, whole.step, whole.since) == (5.0, 5, 1)


# --- names -----------------------------------------------------------------------------------------------------------


class Player(Model):
    """Turns, terms, readings and quantities under names of the test's choice."""

    data_shape = (1, 6, 6)
    latent_dim = 1

    def __init__(self, turns=("one",), term="term", reading="reading", quantity="quantity"):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(36, 1) for _ in turns)
        self.names, self.term, self.reading, self.quantity = turns, term, reading, quantity

    def turns(self):
        for i, (name, layer) in enumerate(zip(self.names, self.layers, strict=True)):
            yield Turn(name, layer, lambda batch, i=i, layer=layer: self.loss(batch, layer, i))

    def loss(self, batch, layer, i):
        output = layer(batch.x.flatten(1)).mean()
        return {"loss": output.square(), self.term: output * 0 + i}

    def watch(self, batch):
        return {self.reading: torch.tensor(7.0)}

    def evaluate(self, batch):
        return {self.quantity: torch.zeros(len(batch.x))}

    def sample(self, n):
        return torch.zeros(n, *self.data_shape)


def trained(model):
    return next(row for row in quiet_fit(model, small_data(), steps=1).rows if row["split"] == "train")


def test_names_that_two_share_carry_whose_they_are_and_no_others_do():
    row = trained(Player())
    assert row.keys() == {"step", "epoch", "split", "loss", "term", "gradient_norm", "reading"}
    row = trained(Player(("one", "two")))
    assert (row["one_term"], row["two_term"]) == (0.0, 1.0)
    assert row["one_gradient_norm"] != row["two_gradient_norm"]
    row = trained(Player(term="both", reading="both"))
    assert (row["one_both"], row["watch_both"]) == (0.0, 7.0)
    assert "loss" in row


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (lambda: Player(("one", "one")), "two turns are called 'one'"),
        (lambda: Player(()), "there is nothing to train"),
        (lambda: Player(term="step"), "calls a quantity 'step', as rows of the log"),
        (lambda: Player(quantity="split"), "calls a quantity 'split', as rows of the log"),
        (lambda: Player(("one", "two"), reading="one_loss"), "calls two quantities 'one_loss'"),
    ],
)
def test_names_that_could_not_be_told_apart_are_refused(model, words):
    built = model()
    built.register_parameter("spare", nn.Parameter(torch.zeros(1)))
    with pytest.raises(UserError, match=re.escape(words)):
        quiet_fit(built, small_data(), steps=1)


def test_messages_of_training_name_settings_and_no_flags():
    """The command line translates them; only the command that goes on with a run is told whole."""
    rooms = Path(reparam.__file__).parent / "training"
    for path in sorted(rooms.glob("*.py")):
        told = re.sub(r"reparam train --resume|reparam (train|compare)[^\n]*", "", path.read_text(encoding="utf-8"))
        assert not re.search(r"--[a-z]", told), path.name


def test_a_number_that_is_not_finite_advises_settings_that_there_are():
    class Broken(Player):
        def loss(self, batch, layer, i):
            return {"loss": layer(batch.x.flatten(1)).mean() * float("nan")}

    with pytest.raises(NotFinite) as error:
        quiet_fit(Broken(), small_data(), steps=1)
    advised = [a or b for a, b in re.findall(r"`(\w+)`|(\w+)=", str(error.value))]
    assert advised == ["learning_rate", "gradient_clip"]
    assert set(advised) <= set(reparam.settings.TrainingConfig.model_fields)


def test_whatever_is_given_as_the_reason_stops_the_training():
    class Stop(reparam.training.Callback):
        def step(self, session):
            session.ask_to_stop(None)

    assert quiet_fit(small_vae(), small_data(), steps=9, callbacks=[Stop()]).rows[-1]["step"] == 1


class Saying(Callback):
    """Says two things of the test row; where it falls, between them, everything ends as by a kill."""

    def __init__(self, falls):
        self.falls = falls

    def row(self, session, row):
        if row["split"] == "test":
            session.note("one thing")
            if self.falls:
                raise KilledError
            session.note("another thing")


class KilledError(BaseException):
    """Nothing catches it."""


def test_what_is_said_of_the_test_row_outlives_a_kill_while_it_is_said(tmp_path):
    data = small_data(264)
    with pytest.raises(KilledError):
        quiet_fit(small_vae(), data, tmp_path / "run", epochs=1, callbacks=[Saying(falls=True)])
    assert not RunFolder(tmp_path / "run").finished
    run = quiet_fit(small_vae(), data, tmp_path / "run", epochs=1, resume=True, callbacks=[Saying(falls=False)])
    assert [one["note"] for one in remarks(run.folder)][-2:] == ["one thing", "another thing"]
    assert [row["split"] for row in run.folder.rows()].count("test") == 1


def test_what_a_kill_left_half_written_of_a_finished_run_is_swept_when_it_is_resumed(tmp_path):
    run = quiet_fit(small_vae(), small_data(264), tmp_path / "run", epochs=1)
    half = tmp_path / "run" / ".cost.json.4711.part"
    half.write_text("{")
    before = run.folder.metrics.read_bytes()
    resume(tmp_path / "run", data=small_data(264), model=small_vae())
    assert not half.exists()
    assert run.folder.metrics.read_bytes() == before


@pytest.mark.parametrize(("pause", "told"), [(60.0, 0), (0.0, 12)])
def test_an_epoch_of_minutes_is_told_of_in_the_middle(monkeypatch, capsys, pause, told):
    """Where nobody watches a terminal: a line of the log once a minute has passed since the last one."""
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES_OF_AN_EPOCH", pause)
    reparam.fit(small_vae(), small_data(), steps=12, log_every=1, progress=progress.Plain())
    lines = capsys.readouterr().out.splitlines()
    assert sum(" train: " in line for line in lines) == told
    assert sum(" validation: " in line for line in lines) >= 2

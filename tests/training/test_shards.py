"""Shards: the same bits on any number of processes, which stop, break off and go on together."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from catalogue import CATALOGUE
from helpers import quiet_fit, said, same, small_data, small_vae, weights
from normed_helpers import MODELS, Doubles, Squares, numbers_of
from reparam.data import Batches
from reparam.errors import UserError
from reparam.kinds import KINDS, build_model
from reparam.models import Autoencoder
from reparam.models.traits import Traits
from reparam.networks import MLP
from reparam.runs.checkpoint import read_notes
from reparam.runs.folder import RunFolder
from reparam.settings import TrainingConfig
from reparam.training.loop import Loop
from reparam.training.parts import apart
from reparam.training.processes import Fold, Processes, tree_sum
from reparam.training.resolve import settle
from reparam.training.sharding import Sharding, check_shards

SCRIPT = Path(__file__).with_name("sharded_runs.py")
VAE = "vae-conv-normal-1x8x8-latent4"
GAN = next(entry.name for entry in CATALOGUE if entry.name.startswith("gan"))
KEPT = ("config.json", "metrics.jsonl", "checkpoints/last.safetensors", "checkpoints/best.safetensors")


def start(processes, *given):
    """Processes that torchrun has started, or one alone; nothing of its own is said on the way."""
    command = [sys.executable, str(SCRIPT), *map(str, given)]
    if processes > 1:
        command[1:1] = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    return subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, stderr=subprocess.PIPE, text=True)


def done(processes, *given, code=0):
    process = start(processes, *given)
    _, errors = process.communicate(timeout=300)
    assert (process.returncode == 0) == (code == 0), errors
    return errors


def equal(one, other):
    return [name for name in KEPT if (one / name).exists() and (one / name).read_bytes() != (other / name).read_bytes()]


# the tree


def test_a_sum_along_the_tree_has_the_same_bits_however_it_is_dealt_out():
    vectors = list(torch.randn(16, 1000).exp().unbind())
    whole = tree_sum(vectors)
    for size in (1, 2, 4, 8, 16):
        parts = [tree_sum(vectors[at : at + size]) for at in range(0, 16, size)]
        assert torch.equal(tree_sum(parts), whole)
    torch.testing.assert_close(whole, torch.stack(vectors).double().sum(0).float())
    assert not torch.equal(whole, sum(vectors)), "one after another they round otherwise"


def test_no_more_vectors_are_held_than_the_tree_has_levels():
    fold, most = Fold(), 0
    for value in range(64):
        fold.add(torch.tensor([float(value)]))
        most = max(most, len(fold._held))
    assert most <= math.log2(64)
    assert fold.total().item() == 63 * 64 / 2


WRONG = ((3, 9, 1, "power of two"), (8, 12, 1, "give shards=4"), (2, 8, 4, "give shards=4"))


def test_what_no_tree_has_is_refused():
    check_shards(8, 256, Processes(count=4))
    for shards, batch, count, words in WRONG:
        with pytest.raises(UserError, match=words):
            check_shards(shards, batch, Processes(count=count))
    with pytest.raises(UserError, match="divide a batch of 64"):
        quiet_fit(small_vae(), small_data(), steps=1, shards=128)


# one process


def test_shards_are_the_rows_of_the_batch():
    data = small_data()
    batches = Batches(data.train, data, 32, seed=3)
    for number in (0, 7, 25):
        parts = [batches.shard(number, shard, 4)[0] for shard in range(4)]
        assert torch.equal(torch.cat(parts), batches(number)[0])
        assert len({part.untyped_storage().data_ptr() for part in parts}) == 4


def played(model, shards):
    """A loop after its first step, and its gradients by name."""
    data = small_data()
    batches = Doubles(data.train, data, 32, seed=0)
    config = TrainingConfig(precision="fp32", optimizer="sgd", learning_rate=0.01)
    loop = Loop(model.turns(), batches, config, 9, within=model, sharding=Sharding(shards))
    loop.play(0)
    return loop, {name: parameter.grad for name, parameter in model.named_parameters()}


def autoencoder():
    return Autoencoder(MLP((1, 6, 6), [8], 2), MLP(2, [8], (1, 6, 6)), 2)


@pytest.mark.parametrize("made", [Squares, autoencoder])
@pytest.mark.parametrize("shards", [2, 4, 32])
def test_gradients_and_terms_of_shards_are_those_of_the_batch(shards, made):
    model = made().double()
    again = made().double()
    again.load_state_dict(model.state_dict())
    torch.manual_seed(9)
    whole, gradients = played(model, 1)
    torch.manual_seed(9)
    dealt, others = played(again, shards)
    for name, gradient in gradients.items():
        assert (gradient is None) == (others[name] is None) == (name in ("rare", "unused"))
        if gradient is not None:
            torch.testing.assert_close(gradient, others[name], rtol=1e-12, atol=1e-14)
    for row, other in zip(whole.ledger.close().values(), dealt.ledger.close().values(), strict=True):
        assert row == pytest.approx(other, rel=1e-12)


def test_a_parameter_that_some_shards_need_has_a_gradient_and_one_that_none_needs_has_none():
    _, gradients = played(Squares(rare=True).double(), 8)
    assert gradients["unused"] is None
    assert gradients["rare"].abs().sum() > 0


def test_buffers_are_the_mean_of_the_shards_and_in_float64_to_the_bit():
    """Each shard starts from the turn's: an average of the batch's means moves to the mean of theirs."""
    model = Squares()
    model.register_buffer("offset", torch.tensor(1.7e9 + 0.1, dtype=torch.float64))
    model.register_buffer("average", torch.tensor(0.5))
    model.register_buffer("seen", torch.tensor(3))
    loss = model.loss

    def moved(batch):
        with torch.no_grad():
            model.average.lerp_(batch.x.mean(), 0.1)
            model.seen.add_(1)
        return loss(batch)

    model.loss = moved
    data = small_data()
    batches = Batches(data.train, data, 32, seed=0)
    config = TrainingConfig(precision="fp32", optimizer="sgd", learning_rate=0.01)
    Loop(model.turns(), batches, config, 9, within=model, sharding=Sharding(4)).play(0)
    assert model.offset.item() == 1.7e9 + 0.1
    assert model.seen.item() == 4
    assert model.average.item() == pytest.approx(0.9 * 0.5 + 0.1 * batches(0)[0].mean().item(), rel=1e-6)
    assert all(parameter.grad is None or parameter.grad.dtype == torch.float32 for parameter in model.parameters())


def test_one_shard_is_what_there_was_before():
    data = small_data()
    torch.manual_seed(1)
    model = small_vae()
    before = weights(model)
    whole = quiet_fit(model, data, steps=6)
    assert not same(before, weights(whole.model))
    again = small_vae()
    again.load_state_dict(before)
    assert same(weights(whole.model), weights(quiet_fit(again, data, steps=6, shards=1).model))


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        ("gan", {"batch_norm": True, "unroll": 1}, ["batch norm", "the look ahead (`unroll`) of its own 8 examples"]),
        ("vae", {"free_bits": 0.1, "latent_dim": 2}, ["what of each dimension's KL is free (`free_bits`)"]),
        ("vae", {"latent_dim": 2}, []),
    ],
)
def test_what_a_shard_computes_of_its_own_examples_is_said(kind, settings, words):
    config = KINDS[kind].settings(**settings)
    model = build_model(config, (1, 6, 6), Traits(data_shape=(1, 6, 6), range=(0.0, 1.0)))
    training = settle(TrainingConfig(shards=4, batch_size=32), model, small_data())
    told = list(apart(model, training, 32))
    assert len(told) == len(words)
    assert all(
        word in text and "each of the 4 shards of a batch of 32" in text for text, word in zip(told, words, strict=True)
    )
    assert not list(apart(model, training.model_copy(update={"shards": 1}), 32))


class Draws(Squares):
    """Keeps what its loss drew, in whole numbers, which every machine draws alike."""

    def __init__(self):
        super().__init__()
        self.drawn = []

    def loss(self, batch):
        self.drawn.append(torch.randint(10**9, ()).item())
        return super().loss(batch)


DRAWN = {
    1: [86280511, 388077397],
    4: [243123889, 789898173, 698904503, 302486883, 887317789, 387185703, 147853896, 493083301],
}


@pytest.mark.parametrize("shards", DRAWN)
def test_noise_is_what_it_has_been_since_there_are_shards_and_before(shards):
    """One shard's as before there were any; others by their number: what is drawn in the first two steps."""
    model = Draws()
    quiet_fit(model, small_data(), steps=2, shards=shards)
    assert model.drawn == DRAWN[shards]


def test_a_run_of_shards_goes_on_bit_for_bit(tmp_path):
    whole, halved = tmp_path / "whole", tmp_path / "halved"
    done(1, "folder", whole, 9, GAN)
    done(1, "folder", halved, 9, GAN, "killed", 0, 5, code=9)
    done(1, "folder", halved, 9, GAN)
    assert equal(whole, halved) == []


# several processes


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What came of everything on one, two and four processes."""
    path = tmp_path_factory.mktemp("found")
    for count in (1, 2, 4):
        done(count, "catalogue", path / f"{count}.json")
    return [json.loads((path / f"{count}.json").read_text()) for count in (1, 2, 4)]


def test_every_constructor_has_the_same_bits_on_one_and_two_processes_and_a_third_on_four(found):
    """Its files: the log, and the last save, which holds weights, buffers and the optimizers' state."""
    one, two, four = (each["catalogue"] for each in found)
    assert set(one) == {entry.name for entry in CATALOGUE}
    assert [name for name in one if one[name] != two[name]] == []
    assert [name for name in four if one[name] != four[name]] == []
    assert len(four) > len(one) / 4
    assert len({last for _, last, _ in one.values()}) == len(one)


def test_a_parameter_that_shards_of_some_processes_need_moves_alike_in_all(found):
    """With four processes, each of which has one shard, most steps' gradient is known to some of them alone."""
    one, two, four = (each["rare"] for each in found)
    assert one == two == four
    assert one["rare moved"]
    assert not one["unused moved"]
    needed = found[0]["needed"][:24]  # of six steps' four shards
    assert any(len({*needed[at : at + 4]}) == 2 for at in range(0, 24, 4)), "in a step some need it and some do not"


def test_norms_over_the_batch_have_the_same_bits_on_one_two_and_four_processes(found):
    one, two, four = (each["normed"] for each in found)
    assert len(one) == 8
    assert [name for name in one if one[name] != two[name]] == []
    assert [name for name in four if one[name] != four[name]] == []
    assert len(four) > len(one) / 4
    assert all(found[0]["catalogue"][name][-1] != one[name][0] for name in one if name in found[0]["catalogue"])


@pytest.mark.parametrize("name", MODELS)
def test_gradients_through_norms_over_the_batch_are_those_of_one_piece(found, name):
    """Penalties on the critic's gradient included: second derivatives through the sums of all processes."""
    whole = numbers_of(name, 1)
    for each in found:
        for parameter, values in each["gradients"][name].items():
            assert values == pytest.approx(whole[parameter], rel=1e-10, abs=1e-12), parameter


def test_a_program_that_trains_often_holds_no_more_threads_for_it(found):
    """Of one that joined its processes itself: what a training joins besides, it leaves."""
    more = [(each["threads"], len(each["catalogue"])) for each in found]
    assert all(threads < trainings for threads, trainings in more), more


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nothing happened to."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    done(1, "folder", folder, 9, VAE)
    return folder


@pytest.mark.parametrize("what", ["killed", "terminated", "raises"])
def test_what_happens_to_one_of_four_ends_all_and_the_run_goes_on_with_any_number(tmp_path, whole, what):
    broken = tmp_path / "broken"
    errors = done(4, "folder", broken, 9, VAE, what, 2, 5, code=1)
    assert time.time() - (broken / "metrics.jsonl").stat().st_mtime < 60, "since the last step that all have played"
    assert errors.count("ZeroDivisionError: division by zero") == (what == "raises")
    assert errors.count("reparam: another process of this training has ended") == (what == "killed")
    assert f'what was saved stands, and resume="{broken}" goes on' in errors or what != "killed"
    assert ("stopped after step 6 of 9" in errors) == (what == "terminated"), "all after the same step, saved"
    for count, more in ((2, ("killed", 1, 7)), (1, ())):
        done(count, "folder", broken, 9, VAE, *more, code=bool(more))
    assert equal(whole, broken) == []


@pytest.mark.parametrize("split", ["train", "validation", "step"])
def test_a_callback_of_the_first_stops_all(tmp_path, split):
    """Whenever it asks; the same bits as where it asks a process alone."""
    for count in (1, 2):
        done(count, "folder", tmp_path / str(count), 30, VAE, f"asks-{split}", 0, 3)
    assert equal(tmp_path / "1", tmp_path / "2") == []
    assert json.loads((tmp_path / "1" / "metrics.jsonl").read_text().splitlines()[-1])["step"] < 10


def test_a_nan_in_one_shard_is_told_by_its_turn_and_ends_all(tmp_path):
    errors = done(2, "nan", tmp_path / "run", 9, VAE, code=1)
    assert errors.count("turn 'vae' at step") == 1, "both have found it, and one says so"
    assert (tmp_path / "run" / "checkpoints" / "last.safetensors").exists(), "the last good one stands"


def test_nothing_is_saved_of_processes_whose_weights_differ(tmp_path):
    errors = done(2, "folder", tmp_path / "run", 9, VAE, "differs", 1, 5, code=1)
    assert "the weights of the 2 processes differ, and nothing was saved of them; the last save stands" in errors
    assert 0 < read_notes(RunFolder(tmp_path / "run").last)["step"] <= 5


def test_one_that_fails_within_a_norm_over_the_batch_leaves_no_other_waiting(tmp_path):
    began = time.monotonic()
    errors = done(2, "stumbles", tmp_path / "run", 9, GAN, code=1)
    assert time.monotonic() - began < 120
    assert "ZeroDivisionError" in errors


def test_the_command_starts_its_processes(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    usual = [
        sys.executable,
        "-m",
        "reparam",
        "train",
        "vae",
        "--data",
        "two-gaussians",
        "--hidden",
        "8",
        "--steps",
        "8",
    ]
    runs = {}
    for name, more in (("one", []), ("two", ["--processes", "2"])):
        command = [*usual, "--steps", "8", "--batch-size", "64", "--shards", "2", "--out", name, *more]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        runs[name] = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        assert runs[name].returncode == 0, runs[name].stderr
    assert equal(tmp_path / "one", tmp_path / "two") == []
    assert runs["two"].stdout.count("reparam sample two") == 1
    assert "torch" not in runs["two"].stderr


OWN = """
import os
import torch
from reparam.errors import UserError
from reparam.models import Model, Turn

def end(when):
    if os.environ.get("RANK") == "1" and os.environ["WHEN"] == when:
        exec(os.environ["HOW"])

class Middle(Model):
    def __init__(self, shape):
        super().__init__()
        self.data_shape, self.w, self.calls = shape, torch.nn.Parameter(torch.zeros(shape)), 0

    def turns(self):
        yield Turn("middle", self, self.loss)

    def loss(self, batch):
        self.calls += 1
        if self.calls > 20:
            end("later")
        return {"loss": (batch.x - self.w).square().flatten(1).sum(1).mean()}

def build(data):
    end("before")
    return Middle(data.data_shape)
"""
ENDS = {
    "before": ("raise UserError('there are no such data on this host')", 2, ["reparam: there are no such data"]),
    "later": ("raise UserError('this will not do')", 2, ["reparam: this will not do"]),
    "later ": ("raise ValueError('boom')", 1, ["ValueError: boom"]),
    "later  ": (
        "os.kill(os.getpid(), 9)",
        137,
        ["ended or cannot be reached: what was saved", "reparam: process 1 was killed (signal 9)"],
    ),
}


@pytest.mark.parametrize("when", ENDS)
def test_why_one_of_four_ended_is_said_once(tmp_path, when):
    """By the one that knows, though the first alone says all else; the command ends as that one did."""
    how, code, words = ENDS[when]
    (tmp_path / "own.py").write_text(OWN)
    asked = ["own.py:build", "--data", "two-gaussians", "--steps", "500", "--batch-size", "64", "--quiet"]
    command = [sys.executable, "-m", "reparam", "train", *asked, "--shards", "4", "--processes", "4", "--out", "run"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "WHEN": when.strip(), "HOW": how}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == code
    assert done.stderr.count("reparam: ") == len([word for word in words if "Value" not in word])
    assert [done.stderr.count(word) for word in words] == [1] * len(words)


def test_numbers_of_processes_that_will_not_do_are_refused(capsys):
    code, _, err = said(capsys, "train", "vae", "--processes", "3")
    assert code == 2
    assert "--processes 3 will not do: give a power of two" in err


def test_a_signal_to_the_command_stops_all_of_them(tmp_path):
    command = [sys.executable, "-m", "reparam", "train", "vae", "--data", "two-gaussians", "--hidden", "8", "--steps",
               "1000000", "--batch-size", "64", "--shards", "2", "--processes", "2", "--out", "run"]  # fmt: skip
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    rows = tmp_path / "run" / "metrics.jsonl"
    while not (rows.exists() and "train" in rows.read_text()):
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=90)
    assert "--resume run" in out + err
    assert "Traceback" not in out + err
    assert process.returncode != 0

import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

import reparam
from helpers import quiet_fit, same, small_data, small_vae, weights
from oracles import LinearGaussian
from reparam.data import Dataset, Split
from reparam.errors import Notice, UserError
from reparam.hardware import choose_device
from reparam.models import VAE, Autoencoder, Batch, Model, NormalLikelihood, StandardNormal, Turn
from reparam.networks import MLP
from reparam.runs.config import RunConfig
from reparam.runs.folder import RunFolder
from reparam.settings import TrainingConfig
from reparam.training import Interrupted, NotFinite
from reparam.training.optimizers import rate_factor
from reparam.training.start import resume
from reparam.training.validation import average


def test_training_raises_the_bound_and_logs_it(tmp_path):
    data, model = small_data(), small_vae()
    run = quiet_fit(model, data, tmp_path / "run", epochs=12, learning_rate=1e-2)
    rows = RunFolder(tmp_path / "run").rows()
    assert rows == run.rows
    validation = [row["elbo"] for row in rows if row["split"] == "validation"]
    assert len(validation) == 13
    assert validation[0] == pytest.approx(-36 * math.log(2), abs=3)
    # over 24 seeds of data and weights the gain is 9.5 on average, with a standard deviation of 1.4: six of them below
    assert validation[-1] > validation[0] + 1
    assert rows[-1]["split"] == "test"
    assert set(rows[-1]) == {"step", "epoch", "split", "elbo", "reconstruction", "kl"}
    for row in rows:
        assert row["elbo"] == pytest.approx(row["reconstruction"] - row["kl"], abs=1e-4)
    assert {path.name for path in (tmp_path / "run").iterdir()} >= {
        "config.json",
        "metrics.jsonl",
        "checkpoints",
        "figures",
    }


def test_the_same_seed_gives_the_same_run_and_another_seed_another():
    data = small_data()
    start = small_vae().state_dict()
    ends = []
    for seed in (0, 0, 1):
        model = small_vae()
        model.load_state_dict(start)
        torch.manual_seed(len(ends))  # the global state must not matter
        quiet_fit(model, data, seed=seed)
        ends.append(weights(model))
    assert same(ends[0], ends[1])
    assert not same(ends[0], ends[2])


def test_training_leaves_the_callers_noise_alone():
    data, model = small_data(), small_vae()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    quiet_fit(model, data)
    assert torch.equal(torch.rand(3), expected)


def test_training_leaves_denormal_numbers_as_they_were():
    def flushes():
        return torch.tensor(5e-324, dtype=torch.float64).mul(1.0).item() == 0

    assert not flushes()
    quiet_fit(small_vae(), small_data(), steps=1)
    assert not flushes()
    torch.set_flush_denormal(True)
    quiet_fit(small_vae(), small_data(), steps=1)
    assert flushes()
    torch.set_flush_denormal(False)


@pytest.mark.parametrize("stop_after", [1, 5, 6, 7, 11, 17])
def test_a_run_stopped_at_any_step_resumes_bit_for_bit(tmp_path, stop_after):
    data = small_data()
    start = small_vae().state_dict()
    settings = {"epochs": 3, "gradient_clip": 1.0}

    def begin():
        model = small_vae()
        model.load_state_dict(start)
        return model

    whole = quiet_fit(begin(), data, tmp_path / "whole", **settings)

    stopped = begin()
    original, count = stopped.loss, [0]

    def loss(batch):
        count[0] += 1
        if count[0] == stop_after:
            os.kill(os.getpid(), signal.SIGINT)
        return original(batch)

    stopped.loss = loss
    with pytest.raises(Interrupted, match=rf"after step {stop_after} of 18; go on with resume="):
        quiet_fit(stopped, data, tmp_path / "stopped", **settings)
    resumed = begin()
    with pytest.raises(UserError, match="is another folder"):
        quiet_fit(resumed, data, tmp_path / "whole", resume=tmp_path / "stopped", **settings)
    again = quiet_fit(resumed, data, resume=str(tmp_path / "stopped"), **settings)
    assert again.rows == whole.rows
    assert (tmp_path / "stopped/metrics.jsonl").read_text() == (tmp_path / "whole/metrics.jsonl").read_text()
    for name in ("last", "best"):
        a, b = (load_file(tmp_path / run / f"checkpoints/{name}.safetensors") for run in ("whole", "stopped"))
        assert same(a, b)


SCRIPT = ["-m", "reparam", "train"]
OPTIONS = "vae --epochs 6 --hidden 32 --latent-dim 2 --batch-size 50 --log-every 7 --quiet".split()  # noqa: SIM905


def reparam_process(*words, **kwargs):
    return subprocess.Popen([sys.executable, *SCRIPT, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs)


@pytest.mark.slow
@pytest.mark.parametrize("rows_before_kill", [1, 4, 9, 20])
def test_a_killed_process_resumes_bit_for_bit(tmp_path, rows_before_kill):
    """kill -9 of the real command at several moments: the resumed run's weights and metrics are the whole run's."""
    import numpy as np

    rng = np.random.default_rng(0)
    np.save(tmp_path / "x.npy", (rng.random((2000, 8, 8)) < rng.random((2000, 1, 1))).astype(np.uint8))
    options = [*OPTIONS, "--data", str(tmp_path / "x.npy")]
    whole = reparam_process(*options, "--out", str(tmp_path / "whole"))
    assert whole.wait(120) == 0, whole.stderr.read().decode()
    killed = reparam_process(*options, "--out", str(tmp_path / "killed"))
    metrics = tmp_path / "killed" / "metrics.jsonl"
    while killed.poll() is None and (not metrics.exists() or metrics.read_text().count("\n") < rows_before_kill):
        time.sleep(0.001)
    killed.kill()
    killed.wait(10)
    assert not RunFolder(tmp_path / "killed").finished, "the run was over before the kill: the test would prove nothing"
    resumed = reparam_process("--resume", str(tmp_path / "killed"), "--quiet")
    assert resumed.wait(120) == 0, resumed.stderr.read().decode()
    assert metrics.read_text() == (tmp_path / "whole" / "metrics.jsonl").read_text()
    for name in ("last", "best"):
        a, b = (load_file(tmp_path / run / f"checkpoints/{name}.safetensors") for run in ("whole", "killed"))
        assert same(a, b)
    for process in (whole, killed, resumed):
        process.stdout.close()
        process.stderr.close()


def test_resuming_a_finished_run_trains_nothing_more(tmp_path):
    data, model = small_data(), small_vae()
    first = quiet_fit(model, data, tmp_path / "run")
    again = quiet_fit(small_vae(), data, tmp_path / "run", resume=True)
    assert again.rows == first.rows
    assert same(weights(model), weights(again.model))


class Broken(Model):
    """A model whose loss or gradient breaks at a chosen step."""

    data_shape = (1, 6, 6)
    latent_dim = 1

    def __init__(self, step, loss):
        super().__init__()
        self.layer, self.step, self.breakage = nn.Linear(36, 1), step, loss

    def turns(self):
        yield Turn("player", self, self.loss)

    def loss(self, batch):
        output = self.layer(batch.x.flatten(1)).mean()
        return {"loss": self.breakage(output) if batch.step == self.step else output}

    def sample(self, n):
        return torch.zeros(n, *self.data_shape)


@pytest.mark.parametrize(
    ("breakage", "words"),
    [
        (lambda y: y * float("nan"), "term 'loss' is nan"),
        (lambda y: (y - y.detach()).abs().sqrt(), r"gradient of parameter 'layer\.weight' is (nan|inf)"),
    ],
)
@pytest.mark.parametrize("step", [0, 4, 8])
def test_a_broken_number_stops_with_turn_step_and_name_and_keeps_the_checkpoint(tmp_path, breakage, words, step):
    with pytest.raises(NotFinite, match=rf"turn 'player' at step {step}: .*{words}"):
        quiet_fit(Broken(step, breakage), small_data(), tmp_path / "run")
    tensors = load_file(tmp_path / "run/checkpoints/last.safetensors")
    assert all(torch.isfinite(tensor).all() for tensor in tensors.values())


class TwoPlayers(Model):
    """Two players that chase each other, one moving three times a step; the loop has never seen its like."""

    data_shape = (1, 6, 6)
    latent_dim = 1

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(36, 1), nn.Linear(36, 1)
        self.seen = []

    def turns(self):
        yield Turn("one", self.one, self.loss, repeats=3, after=self.clip, optimizer={"learning_rate": 0.5})
        yield Turn("two", self.two, self.loss, optimizer={"optimizer": "rmsprop"})

    def clip(self):
        with torch.no_grad():
            for parameter in self.one.parameters():
                parameter.clamp_(-0.01, 0.01)

    def loss(self, batch):
        self.seen.append(batch.x.clone())
        x = batch.x.flatten(1)
        return {"loss": (self.one(x) * self.two(x) - 1).square().mean(), "product": (self.one(x) * self.two(x)).mean()}

    def sample(self, n):
        return torch.zeros(n, *self.data_shape)


def test_turns_repeat_on_fresh_batches_move_their_own_and_act_afterwards(tmp_path):
    model = TwoPlayers()
    before = weights(model)
    run = quiet_fit(model, small_data(), tmp_path / "run", steps=2)
    first, second, third, other = model.seen[:4]
    assert not torch.equal(first, second)
    assert not torch.equal(second, third)
    assert torch.equal(first, other), "turns of a step share its batches"
    assert all(parameter.abs().max() <= 0.01 for parameter in model.one.parameters())
    assert not torch.equal(model.two.weight, before["two.weight"])
    row = next(row for row in run.rows if row["split"] == "train")
    assert set(row) == {
        "step",
        "epoch",
        "split",
        "one_loss",
        "one_gradient_norm",
        "two_loss",
        "two_gradient_norm",
        "one_product",
        "two_product",
    }
    assert row["one_product"] != row["two_product"], "each turn's own average, of three batches and of one"


class Sloped(Model):
    """A loss that is linear in its weight, with a slope of its own for each number."""

    data_shape = (1, 6, 6)

    def __init__(self, slopes):
        super().__init__()
        self.weight, self.slopes = nn.Parameter(torch.randn(slopes.shape)), slopes

    def turns(self):
        yield Turn("only", self, lambda batch: {"loss": (self.weight * self.slopes).sum()})

    def sample(self, n):
        return torch.zeros(n, *self.data_shape)


LAYOUTS = [
    lambda slopes: slopes,
    lambda slopes: slopes.to(memory_format=torch.channels_last),
    lambda slopes: slopes.permute(3, 1, 0, 2),
    lambda slopes: slopes[:1, :1, :1, :1].expand(4, 3, 2, 2),
]


@pytest.mark.parametrize("lay_out", LAYOUTS)
def test_gradients_are_clipped_in_whatever_order_they_lie(lay_out):
    model = Sloped(lay_out(torch.randn(4, 3, 2, 2)))
    before = model.weight.detach().clone()
    still = {"warmup": 0.0, "schedule": "constant", "gradient_clip": 0.01}
    quiet_fit(model, small_data(), steps=1, optimizer="sgd", learning_rate=1.0, **still)
    moved = before - model.weight.detach()
    torch.testing.assert_close(moved, 0.01 * model.slopes / model.slopes.norm(), atol=1e-6, rtol=1e-3)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("lay_out", LAYOUTS)
def test_gradients_move_their_own_weights_in_whatever_order_they_lie(lay_out, optimizer):
    slopes = lay_out(torch.randn(4, 3, 2, 2))
    model = Sloped(slopes)
    before = model.weight.detach().clone()
    quiet_fit(model, small_data(), steps=1, optimizer=optimizer, learning_rate=0.1, warmup=0.0, schedule="constant")
    # Adam's first step is as long as the rate, whatever the slope
    step = slopes if optimizer == "sgd" else slopes.sign()
    torch.testing.assert_close(model.weight.detach(), before - 0.1 * step, atol=1e-5, rtol=1e-5)


def test_an_infinite_quantity_is_null_in_the_log(tmp_path):
    model = small_vae()
    model.evaluate = lambda batch: {"elbo": torch.zeros(len(batch.x)), "odd": torch.full((len(batch.x),), torch.inf)}
    run = quiet_fit(model, small_data(), tmp_path / "run", steps=1)

    def refuse(constant):
        raise ValueError(f"{constant} is no JSON")

    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    rows = [json.loads(line, parse_constant=refuse) for line in lines]
    assert [{k: v for k, v in row.items() if k != "crc32"} for row in rows] == run.rows
    assert rows[0]["odd"] is None


def test_a_turn_moves_nobody_else(tmp_path):
    model = TwoPlayers()
    still = weights(model.two)
    model.turns = lambda: iter([Turn("one", model.one, model.loss)])
    quiet_fit(model, small_data(), steps=3)
    assert same(still, weights(model.two))
    assert all(parameter.grad is None for parameter in model.two.parameters())


def test_a_linear_vae_reaches_the_evidence_of_a_linear_gaussian():
    """The optimum of the bound is the evidence: a linear encoder's posterior is the exact one here (one latent)."""
    oracle = LinearGaussian.random(data_dim=3, latent_dim=1, seed=4)
    x = oracle.sample(6000, 1).float()
    splits = [Split(part) for part in x.split([4000, 1000, 1000])]
    data = Dataset("line", *splits, data_shape=(3,), fingerprint="1" * 64)
    model = VAE(nn.Linear(3, 2), nn.Linear(1, 3), StandardNormal(1), likelihood=NormalLikelihood((3,)))
    run = quiet_fit(model, data, epochs=30, learning_rate=2e-2, batch_size=200)
    # one draw of z for each of 1,000 examples leaves a standard error of 0.02, fifty of 0.003; the rest is learning's
    bound = sum(average(run.model, data.test, data, seed)["elbo"] for seed in range(50)) / 50
    assert bound == pytest.approx(oracle.evidence(data.test.x.double()).mean().item(), abs=0.03)


def test_early_stopping_keeps_the_best_weights(tmp_path):
    data = small_data(n=264)
    run = quiet_fit(
        small_vae(), data, tmp_path / "run", epochs=300, patience=3, learning_rate=3e-2, schedule="constant"
    )
    validation = [row for row in run.rows if row["split"] == "validation"]
    best = max(validation, key=lambda row: row["elbo"])
    assert validation[-1]["epoch"] == best["epoch"] + 3 < 300
    assert run.step == best["step"] == reparam.load(tmp_path / "run", run.model).step


def test_an_existing_folder_is_never_overwritten(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("mine")
    with pytest.raises(UserError, match=r"exists already, and is no run folder: name another with out="):
        quiet_fit(small_vae(), small_data(), tmp_path / "run")
    assert (tmp_path / "run" / "thesis.txt").read_text() == "mine"


def test_two_processes_cannot_train_into_one_folder(tmp_path):
    place = RunFolder(tmp_path / "run")
    with place.locked(new=True), pytest.raises(UserError, match=r"another process \(\d+ on .+\) is training"):
        quiet_fit(small_vae(), small_data(), place.path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_named_and_leaves_no_half_file(tmp_path):
    from reparam.files import replace_atomically

    def write(beside):
        with Path("/dev/full").open("w") as file:
            file.write("x" * 100_000)

    (tmp_path / "a.bin").write_text("old")
    with pytest.raises(UserError, match=r"a\.bin cannot be written \(No space left on device\)"):
        replace_atomically(tmp_path / "a.bin", write)
    assert [p.name for p in tmp_path.iterdir()] == ["a.bin"]


def test_a_damaged_checkpoint_is_told_in_words_and_refused_where_there_is_no_other(tmp_path):
    run = quiet_fit(small_vae(), small_data(), tmp_path / "run")
    for path in (run.folder.best, run.folder.last):
        path.write_bytes(path.read_bytes()[:200])
        words = rf"{path.name} is not a whole checkpoint"
        with pytest.raises(UserError, match=words):
            reparam.load(tmp_path / "run", small_vae(), path.stem)
        if path == run.folder.best:
            with pytest.warns(Notice, match=rf"{words}.*the last weights are taken instead"):
                assert reparam.load(tmp_path / "run", small_vae()).step == 18
    with pytest.raises(UserError, match=r"best\.safetensors is not .*last\.safetensors is not"):
        reparam.load(tmp_path / "run", small_vae())


class Encoder(nn.Module):
    """A module of the user's own, its argument an attribute of the same name."""

    def __init__(self, width):
        super().__init__()
        self.width = width
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(36, width), nn.ReLU(), nn.Linear(width, 6))

    def forward(self, x):
        return self.layers(x)


def test_what_is_composed_of_our_parts_loads_without_code(tmp_path):
    run = quiet_fit(small_vae(), small_data(), tmp_path / "run")
    loaded = reparam.load(tmp_path / "run")
    assert same(weights(loaded.model), weights(run.model))
    assert loaded.test == run.test


def test_a_users_own_modules_must_be_brought_back_to_load(tmp_path):
    def own(width=5):
        return VAE(Encoder(width), MLP(3, [16], (1, 6, 6)), StandardNormal(3))

    run = quiet_fit(own(), small_data(), tmp_path / "own")
    with pytest.raises(UserError, match=r"Encoder, which Python code composed: .* reparam\.load\(.*classes=\["):
        reparam.load(tmp_path / "own")
    for loaded in (reparam.load(tmp_path / "own", own()), reparam.load(tmp_path / "own", classes=[Encoder])):
        assert same(weights(loaded.model), weights(run.model))
    with pytest.raises(UserError, match="weights of another model"):
        reparam.load(tmp_path / "own", own(width=4))


def test_a_model_whose_weights_do_not_fit_is_refused(tmp_path):
    run = quiet_fit(small_vae(), small_data(), tmp_path / "run")
    with pytest.raises(UserError, match="weights of another model"):
        reparam.load(tmp_path / "run", small_vae(latent=4))
    loaded = reparam.load(tmp_path / "run", small_vae())
    assert same(weights(loaded.model), weights(run.model))
    assert loaded.test == run.test


def test_changed_data_are_refused_on_resume(tmp_path):
    data = small_data()
    quiet_fit(small_vae(), data, tmp_path / "run")
    changed = Dataset("small", data.train, data.validation, data.test, (1, 6, 6), binary=True, fingerprint="9" * 64)
    with pytest.raises(UserError, match=r"have changed since .* was trained"):
        quiet_fit(small_vae(), changed, tmp_path / "run", resume=True)


def test_a_model_of_another_shape_and_data_that_are_not_binary_are_refused():
    data = small_data()
    with pytest.raises(UserError, match=r"makes data of shape \(1, 5, 5\), but 'small' has \(1, 6, 6\)"):
        quiet_fit(Autoencoder(MLP((1, 5, 5), [4], 2), MLP(2, [4], (1, 5, 5)), 2), data)
    grey = Dataset("grey", data.train, data.validation, data.test, (1, 6, 6), scale=255.0, fingerprint="")
    with pytest.raises(UserError, match=r'binarization="dynamic".*binarization="threshold".*likelihood="normal"'):
        quiet_fit(small_vae(), grey)


@pytest.mark.parametrize("settings", [{"epochs": 0}, {"batch_size": -1}, {"learning_rate": 0.0}, {"warmup": 2}])
def test_settings_out_of_range_are_refused_by_name(settings):
    with pytest.raises(UserError, match=next(iter(settings))):
        TrainingConfig(**settings)


def test_an_unknown_setting_is_refused_by_name():
    with pytest.raises(UserError, match="learning_rat is not a setting"):
        quiet_fit(small_vae(), small_data(), learning_rat=1e-3)


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "cuda:x"])
def test_a_device_that_is_not_here_is_refused(name):
    with pytest.raises(UserError, match="cpu"):
        choose_device(name)


def test_a_batch_larger_than_the_data_and_one_step_work():
    run = quiet_fit(small_vae(), small_data(), batch_size=10_000, steps=1)
    assert [row["split"] for row in run.rows] == ["validation", "train", "validation", "test"]


def test_training_off_the_main_thread_needs_no_signal_handlers():
    results = []
    thread = threading.Thread(target=lambda: results.append(quiet_fit(small_vae(), small_data(), steps=2)))
    thread.start()
    thread.join()
    assert results[0].test


def test_the_learning_rate_rises_then_falls_to_nothing():
    config = TrainingConfig(warmup=0.2, schedule="cosine")
    factors = [rate_factor(step, 50, config) for step in range(50)]
    assert factors[9] == 1.0 == max(factors)
    assert factors == sorted(factors[:10]) + sorted(factors[10:], reverse=True)
    assert factors[-1] == pytest.approx(0, abs=1e-12)
    assert rate_factor(49, 50, TrainingConfig(warmup=0, schedule="constant")) == 1.0


def test_gradient_clipping_bounds_the_step():
    """With plain gradient descent the weights move by at most rate times clip."""
    data, model = small_data(), small_vae()
    before = torch.nn.utils.parameters_to_vector(model.parameters()).detach().clone()
    quiet_fit(
        model, data, steps=1, optimizer="sgd", learning_rate=0.5, warmup=0, schedule="constant", gradient_clip=1e-3
    )
    moved = (torch.nn.utils.parameters_to_vector(model.parameters()) - before).norm().item()
    assert moved == pytest.approx(0.5 * 1e-3, rel=1e-3)


def test_bf16_keeps_losses_in_float32():
    run = quiet_fit(small_vae(), small_data(), precision="bf16", epochs=2)
    reference = quiet_fit(small_vae(), small_data(), precision="fp32", epochs=2)
    assert run.test["elbo"] == pytest.approx(reference.test["elbo"], abs=2.0)
    x = small_data().test.x.float()
    with torch.autocast("cpu", torch.bfloat16):
        assert small_vae().evaluate(Batch(x))["elbo"].dtype == torch.float32


def test_a_config_survives_its_json():
    config = RunConfig(**{"model": {"kind": "vae", "hidden": [300, 100]}, "training": {"seed": 3}})
    assert RunConfig(**json.loads(config.model_dump_json())) == config


def test_a_surrounding_no_grad_does_not_keep_a_training_from_its_gradients():
    first, second = small_vae(), small_vae()
    second.load_state_dict(first.state_dict())
    data = small_data()
    quiet_fit(first, data, steps=3)
    with torch.no_grad():
        quiet_fit(second, data, steps=3)
    assert same(weights(first), weights(second))


def test_weights_in_another_precision_are_refused_in_a_sentence():
    with pytest.raises(UserError, match=r"weights are float64.*model\.float\(\)"):
        quiet_fit(small_vae().double(), small_data(), steps=1)


def test_nothing_in_the_place_of_the_data_is_refused_in_a_sentence():
    with pytest.raises(UserError, match="NoneType, which cannot be read"):
        quiet_fit(small_vae(), None, steps=1)


def test_going_on_needs_a_folder():
    with pytest.raises(UserError, match="resume=True goes on from a folder"):
        quiet_fit(small_vae(), small_data(), steps=1, resume=True)


@pytest.mark.parametrize("setting", [{"learning_rate": math.inf}, {"gradient_clip": math.inf}], ids=str)
def test_a_setting_is_a_number_that_there_is(setting):
    with pytest.raises(UserError, match="finite"):
        quiet_fit(small_vae(), small_data(), steps=1, **setting)


def test_a_run_of_a_composed_model_that_saved_nothing_says_what_is_left_to_do(tmp_path):
    class Kill(reparam.training.Callback):
        def start(self, session):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        quiet_fit(small_vae(), small_data(), tmp_path / "run", steps=1, callbacks=[Kill()])
    with pytest.raises(UserError, match=r"before anything was saved.*train anew"):
        resume(tmp_path / "run", data=small_data())


def test_the_peak_of_memory_is_this_trainings_own():
    """400 MiB that were held before are forgotten; those held meanwhile are not."""
    from reparam.training.memory import forget_peak, peak_memory

    before = torch.ones(100 * 2**20)  # 400 MiB
    high = peak_memory()["peak_memory_mib"]
    del before
    forget_peak()
    low = peak_memory()["peak_memory_mib"]
    assert low < high - 350
    held = torch.ones(50 * 2**20)
    assert peak_memory()["peak_memory_mib"] > low + 150
    del held

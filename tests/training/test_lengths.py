"""What would not come to its end within the training is said before it begins: in Python, and with flags."""

from pathlib import Path

import pytest

from helpers import quiet_fit, said, small_data, small_vae
from reparam.models import ELBO, GAN, VAE, InstanceNoise
from reparam.networks.players import mlp_discriminator, mlp_generator
from reparam.runs.folder import RunFolder
from reparam.settings import TrainingConfig
from reparam.training.lengths import unfinished
from reparam.training.resolve import settle

SHAPE = (1, 6, 6)
GOLDEN = Path(__file__).parent.parent / "golden"


def warming(epochs):
    parts = small_vae()
    return VAE(parts.encoder, parts.decoder, parts.prior_module, objective=ELBO(kl_warmup=epochs))


def noisy(epochs):
    players = mlp_generator(4, [12], SHAPE, 0.0, 1.0), mlp_discriminator(SHAPE, [12])
    return GAN(*players, 4, SHAPE, average=0.0, noise=InstanceNoise(0.1, epochs))


SCHEDULES = {"kl_warmup": warming, "noise_epochs": noisy}


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize(("takes", "epochs", "share"), [(50, 5, "10%"), (8, 7.5, "94%"), (5, 5, None), (2, 5, None)])
def test_a_schedule_that_is_longer_than_the_training_is_said(name, takes, epochs, share):
    """And how far it gets is what the model does at the last step."""
    model = SCHEDULES[name](takes)
    assert model.schedules() == {name: takes}
    found = list(unfinished(model, TrainingConfig(), epochs))
    if share is None:
        assert not found
        return
    (sentence,) = found
    assert sentence.startswith(
        f"{name}={takes} takes more epochs than this training has ({epochs:g}), and ends {share}"
    )
    assert f"epochs={takes} or more" in sentence
    reached = model.objective.weight(epochs) if name == "kl_warmup" else 1 - model.noise.at(epochs) / 0.1
    assert reached == pytest.approx(epochs / takes)


def test_models_without_schedules_have_none():
    assert small_vae().schedules() == {}
    plain = noisy(3)
    plain.noise = InstanceNoise()
    assert plain.schedules() == {}


@pytest.mark.parametrize("setting", ["patience", "keep_every", "validate_every"])
def test_settings_that_count_epochs_are_said_where_there_are_too_few(setting):
    assert len(list(unfinished(small_vae(), TrainingConfig(**{setting: 50}), 5))) == 1
    assert not list(unfinished(small_vae(), TrainingConfig(**{setting: 4}), 5))


def heard(run):
    return [remark["note"] for remark in run.folder.remarks()]


def test_fit_says_it_once_and_keeps_it(tmp_path):
    settings = {"epochs": 5, "batch_size": 220}
    run = quiet_fit(warming(50), small_data(), tmp_path / "run", **settings)
    warnings = [note for note in heard(run) if "kl_warmup" in note]
    assert len(warnings) == 1
    assert warnings[0].startswith("warning: kl_warmup=50 takes more epochs than this training has (5)")
    again = quiet_fit(warming(50), small_data(), tmp_path / "run", resume=True, **settings)
    assert heard(again) == heard(run)


def test_few_steps_are_not_called_a_training(tmp_path):
    few = quiet_fit(small_vae(), small_data(), tmp_path / "few", steps=12)
    assert "warning: 12 steps are hardly a training: most models need some hundreds, or thousands" in heard(few)
    enough = quiet_fit(small_vae(), small_data(), tmp_path / "enough", steps=100, batch_size=220)
    assert not any("hardly a training" in note for note in heard(enough))


def test_the_command_says_it_with_its_flags(images, tmp_path, capsys):
    argv = ["train", "vae", "--data", images, "--kl-warmup", 50, "--epochs", 5, "--out", tmp_path / "run"]
    code, out, _ = said(capsys, *argv)
    assert code == 0
    assert "warning: --kl-warmup 50 takes more epochs than this training has (5), and ends 10% of the way" in out
    assert "give --epochs 50 or more, or a smaller --kl-warmup" in out


def test_patience_waits_until_the_schedule_has_ended(tmp_path):
    """While the weight of the KL rises the bound may well fall; counting begins behind it."""
    data = small_data(264)
    settings = {"epochs": 60, "patience": 2, "learning_rate": 3e-2, "schedule": "constant"}
    early = quiet_fit(small_vae(), data, tmp_path / "early", **settings)
    late = quiet_fit(warming(40), data, tmp_path / "late", **settings)
    assert early.rows[-1]["epoch"] < 40
    assert 42 <= late.rows[-1]["epoch"] < 60


def test_validations_of_tiny_epochs_are_apart(tmp_path):
    """One step is an epoch: 400 of them are validated every fourth, as the record says, and the last one always."""
    data = small_data(216)
    run = quiet_fit(small_vae(), data, tmp_path / "run", epochs=402, batch_size=256)
    assert run.written.training.validate_every == 4
    judged = [row["epoch"] for row in run.rows if row["split"] == "validation"]
    assert judged == [0, *range(4, 402, 4), 402]
    asked = quiet_fit(small_vae(), data, tmp_path / "asked", epochs=6, batch_size=256, validate_every=3)
    assert [row["epoch"] for row in asked.rows if row["split"] == "validation"] == [0, 3, 6]


def test_weights_that_are_kept_are_validated_too(tmp_path):
    settings = {"epochs": 25, "batch_size": 256, "validate_every": 4, "keep_every": 6}
    run = quiet_fit(small_vae(), small_data(216), tmp_path / "run", **settings)
    assert run.folder.kept_steps == [6, 12, 18, 24]
    assert [row["epoch"] for row in run.rows if row["split"] == "validation"] == [0, 4, 6, 8, 12, 16, 18, 20, 24, 25]


def test_patience_counts_epochs_however_far_validations_are_apart(tmp_path):
    data = small_data(216)
    settings = {"epochs": 900, "batch_size": 256, "learning_rate": 0.1, "schedule": "constant", "validate_every": 5}
    run = quiet_fit(small_vae(), data, tmp_path / "run", patience=20, **settings)
    best, last = run.step, run.rows[-1]["step"]
    assert last - best == 20
    assert last < 900


def test_runs_from_before_validate_each_epoch():
    before = [path.parent for path in GOLDEN.glob("schema-[0-2]/*/config.json")]
    assert len(before) > 70
    assert {RunFolder(folder).record().training.validate_every for folder in before} == {1}


def test_a_run_that_wrote_no_optimizers_down_goes_on_as_it_was_begun():
    assert settle(TrainingConfig(epochs=400), small_vae(), small_data(216)).validate_every == 4
    assert settle(TrainingConfig(epochs=400), small_vae(), small_data(216), suits=False).validate_every == 1


def test_a_training_of_less_than_an_epoch_is_not_told_of_a_setting_that_nobody_gave():
    run = quiet_fit(small_vae(), small_data(), steps=3)
    assert not list(unfinished(run.model, run.written.training, 3 / 6))

"""Settings from files: flags override them, mistakes are told, and a run's own train it again to the bit."""

import json
import subprocess

import pytest
import torch
from safetensors.torch import load_file

from reparam.cli.completion import script
from reparam.cli.main import main
from reparam.kinds import KINDS

TINY = ("--data", "ring", "--steps", "4", "--batch-size", "500", "--quiet")
OF_KIND = {
    "vae": ("--hidden", "8", "--latent-dim", "2", "--kl-warmup", "2", "--posterior", "iaf", "--flow-hidden", "8"),
    "autoencoder": ("--hidden", "8", "--latent-dim", "2", "--weight-decay", "0.1", "--optimizer", "adamw"),
    "avb": ("--hidden", "8", "--latent-dim", "2"),
    "gan": ("--generator-hidden", "8", "--discriminator-hidden", "8", "--seed", "3", "--schedule", "constant"),
    "wgan": ("--generator-hidden", "8", "--discriminator-hidden", "8", "--gradient-penalty", "10"),
}


def weights(folder):
    return load_file(next(p for p in sorted((folder / "checkpoints").glob("*.safetensors"))))


@pytest.mark.parametrize(("kind", "ending"), [*zip(KINDS, ["yaml", "toml", "json", "yml", "toml"], strict=True)])
def test_a_run_s_settings_train_it_again_to_the_bit(kind, ending, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["train", kind, *TINY, *OF_KIND[kind], "--out", "a"]) == 0
    assert main(["config", "a", "--out", f"a.{ending}"]) == 0
    assert main(["train", "--config", f"a.{ending}", "--quiet", "--out", "b"]) == 0
    one, two = weights(tmp_path / "a"), weights(tmp_path / "b")
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)
    rows = [
        [{k: v for k, v in json.loads(line).items() if k != "crc32"} for line in path.read_text().splitlines()]
        for path in (tmp_path / "a/metrics.jsonl", tmp_path / "b/metrics.jsonl")
    ]
    assert rows[0] == rows[1]
    recorded = [json.loads((tmp_path / name / "config.json").read_text()) for name in "ab"]
    assert recorded[0]["training"] == recorded[1]["training"]
    assert recorded[0]["model"] == recorded[1]["model"]


def asked(capsys, *argv):
    code = main(list(argv))
    said = capsys.readouterr()
    return code, said.out, said.err


def test_flags_override_a_file_and_a_file_the_defaults(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text("kind: vae\nlatent-dim: 3\nhidden: [8]\ndata: ring\nsteps: 2\ntest: false\n")
    assert main(["train", "--config", "a.yaml", "--latent-dim", "1", "--quiet", "--out", "r"]) == 0
    settings = json.loads((tmp_path / "r/config.json").read_text())["settings"]
    assert settings["model"]["latent_dim"] == 1
    assert settings["model"]["hidden"] == [8]
    assert settings["training"]["steps"] == 2
    assert settings["training"]["test"] is False


def test_compare_and_sweep_take_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = {}
    monkeypatch.setattr(
        "reparam.studies.compare", lambda models, data, **how: seen.update(models=models, data=data, **how)
    )
    monkeypatch.setattr("reparam.studies.sweeps.sweep", lambda kind, **how: seen.update(kind=kind, **how))
    monkeypatch.setattr("reparam.cli.compare.show", lambda results, as_json: 0)
    monkeypatch.setattr("reparam.cli.sweep.emit", lambda *what: None)
    (tmp_path / "c.toml").write_text('models = ["vae", "gan"]\ndata = "ring"\nseeds = 2\nimage_size = 8\n')
    assert main(["compare", "--config", "c.toml", "--seeds", "3"]) == 0
    assert (seen["models"], seen["data"], seen["seeds"], seen["image_size"]) == (("vae", "gan"), "ring", 3, 8)
    (tmp_path / "s.yaml").write_text(
        "kind: vae\ntrials: 4\nepochs: 2\nlatent_dim: 5\n"
        "vary:\n  learning_rate: 1e-4..1e-2\n  hidden: [200, [400, 200]]\n"
    )
    with pytest.raises(AttributeError):  # what it found is nothing here
        main(["sweep", "vae", "--config", "s.yaml", "--trials", "6"])
    assert (seen["kind"], seen["trials"], seen["epochs"], seen["latent_dim"]) == ("vae", 6, 2, 5)
    assert seen["vary"] == {"learning_rate": "1e-4..1e-2", "hidden": "200,400+200"}


@pytest.mark.parametrize(
    ("text", "words", "message"),
    [
        (
            "kind: vae\nlatent_dmi: 3",
            (),
            "no setting of `reparam train vae` (did you mean latent_dim?)",
        ),
        ("latent_dim: 3", (), "a.yaml names no kind of model: write `kind: vae`"),
        ("kind: vae\nlatent_dim: 0", (), "in a.yaml, latent_dim: 0 will not do"),
        ("kind: vae\nquiet: true", (), "quiet in a.yaml is no setting of"),
        ("kind: vae", ("gan",), "has settings of the kind 'vae', and 'gan' is asked for"),
        ("kind: vea", (), "there is no kind of model 'vea' (did you mean 'vae'?)"),
        ("kind: vae\ncolumns: 3", (), "in a.yaml, columns"),
        ("kind: vae\nsteps: true", (), "in a.yaml, steps: True will not do: input should be a number"),
        ("kind: vae\nhidden: [true]", (), "in a.yaml, hidden: [True] will not do: input should be a number"),
        ("kind: vae\nhidden: 5", (), "in a.yaml, hidden: 5 will not do: input should be a list"),
        ("kind: vae\nlatent_dim: two", (), "in a.yaml, latent_dim: 'two' will not do: input should be a whole number"),
        ("kind: vae\nout: 5", (), "in a.yaml, out: 5 will not do: input should be a path"),
    ],
)
def test_mistakes_in_a_file_are_told_with_its_name(text, words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(text)
    code, _, err = asked(capsys, "train", *words, "--config", "a.yaml")
    assert code == 2
    assert message in err.replace("python -m reparam", "reparam")
    assert err.count("\n") == 1


def test_what_a_file_turns_on_or_off_may_be_said_again_and_turned_back(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text("kind: vae\nhidden: [4]\ndata: ring\nsteps: 1\ntest: false\ncuda-graphs: false\n")
    for out, words, expected in (
        ("same", ["--no-test", "--no-cuda-graphs"], (False, False)),
        ("turned", ["--test", "--cuda-graphs"], (True, True)),
    ):
        assert main(["train", "--config", "a.yaml", *words, "--quiet", "--out", out]) == 0
        settings = json.loads((tmp_path / out / "config.json").read_text())["settings"]["training"]
        assert (settings["test"], settings["cuda_graphs"]) == expected


def test_what_no_settings_make_again_is_said(tmp_path, monkeypatch, capsys):
    import numpy as np

    import reparam

    monkeypatch.chdir(tmp_path)
    settings = {"hidden": (4,), "latent_dim": 1, "steps": 1, "progress": reparam.training.Silent()}
    reparam.fit("vae", np.random.default_rng(0).normal(size=(30, 2)).astype("float32"), "a", **settings)
    assert "were given as arrays" in asked(capsys, "config", "a")[2]
    main(["train", "autoencoder", *TINY, "--hidden", "4", "--out", "b"])
    main(["train", "--from", "b", "--steps", "1", "--quiet", "--out", "c"])
    capsys.readouterr()
    assert "began with the weights of" in asked(capsys, "config", "c")[2]


def completed(words, folder):
    """What bash offers behind the words."""
    (folder / "c.sh").write_text(script("bash"))
    array = " ".join(f"'{word}'" for word in words)
    call = f"source {folder}/c.sh; COMP_WORDS=({array}); COMP_CWORD={len(words) - 1}; _reparam; echo ${{COMPREPLY[@]}}"
    return subprocess.run(["bash", "-c", call], capture_output=True, text=True, check=True).stdout.split()


def test_bash_completes_commands_kinds_flags_and_choices(tmp_path):
    assert completed(["reparam", "samp"], tmp_path) == ["sample"]
    assert completed(["reparam", "train", "w"], tmp_path) == ["wgan"]
    assert completed(["reparam", "train", "vae", "--lat"], tmp_path) == ["--latent-dim"]
    assert "--critic-turns" in completed(["reparam", "train", "wgan", "--critic"], tmp_path)
    assert completed(["reparam", "train", "vae", "--no-t"], tmp_path) == ["--no-test", "--no-tensorboard"]
    assert completed(["reparam", "train", "vae", "--prior", ""], tmp_path)[:2] == ["standard", "mixture"]
    assert completed(["reparam", "compare", "--binarization", "d"], tmp_path) == ["dynamic"]
    assert completed(["reparam", "info", f"{tmp_path}/c"], tmp_path) == [f"{tmp_path}/c.sh"]


def test_other_shells_are_given_theirs_and_unknown_ones_are_refused(capsys):
    assert "bashcompinit" in script("zsh")
    assert (
        "complete -c reparam -n '__fish_seen_subcommand_from train && __fish_seen_subcommand_from vae' -l latent-dim"
        in script("fish")
    )
    code, _, err = asked(capsys, "--print-completion", "csh")
    assert code == 2
    assert "name bash, zsh, fish" in err


def test_a_commands_own_number_is_not_true(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text("seeds: true\n")
    code, _, err = asked(capsys, "compare", "--config", "a.yaml")
    assert code == 2
    assert "in a.yaml, seeds: True will not do: input should be a number" in err

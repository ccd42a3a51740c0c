"""A name that is not known is answered with the one that was probably meant, wherever a name is given."""

from pathlib import Path

import numpy as np
import pytest

import reparam
from helpers import said, small
from reparam.cli.main import main
from reparam.errors import UserError
from table_helpers import write_people

SRC = Path(reparam.__file__).parent
X = np.random.default_rng(0).random((60, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    home = tmp_path_factory.mktemp("there")
    write_people(home / "people.csv", n=60)
    assert main(["train", "vae", *small(home / "people.csv"), "--out", str(home / "run"), "--quiet"]) == 0
    for name, text in (("train.toml", 'kind = "vae"\nepoch = 3\n'), ("kind.toml", 'kind = "vea"\n')):
        (home / name).write_text(text)
    return home


LINES = {
    "smaple {run}": "'sample'",
    "train vea": "'vae'",
    "train vae --epoch 3": "--epochs",
    "train vae --data mnsit": "'mnist'",
    "train gan --loss hingee": "'hinge'",
    "train vae --data {table} --drop agee": "'age'",
    "train vae --data {table} --labels Sexx": "'sex'",
    "train vae --data {table} --columns agee=integer": "'age'",
    "train vae --data {table} --columns age=intger": "'integer'",
    "train --config {home}/train.toml": "epochs",
    "train --config {home}/kind.toml": "'vae'",
    "compare --models vea gan": "'vae'",
    "sweep vea": "'vae'",
    "sweep vae --vary latent_dims=2,3": "'latent_dim'",
    "sample {run} --given agee=3": "'age'",
    "lab elbo_gapp": "'elbo-gap'",
    "course 0001": "'001'",
}


@pytest.mark.parametrize("line", LINES)
def test_a_command_says_what_was_probably_meant(line, there, capsys):
    words = [word.format(home=there, run=there / "run", table=there / "people.csv") for word in line.split()]
    code, _, told = said(capsys, *words)
    assert code == 2
    assert f"(did you mean {LINES[line]}?)" in told
    assert told.count("\n") == 1


CALLS = {
    "kind": (lambda run: reparam.fit("vea", X), "'vae'"),
    "setting of a kind": (lambda run: reparam.fit("vae", X, latent_dims=3), "latent_dim"),
    "setting of training": (lambda run: reparam.fit("vae", X, epoch=1), "epochs"),
    "setting beside a model": (
        lambda run: reparam.fit(reparam.load(run).model, run.parent / "people.csv", epoch=1),
        "epochs",
    ),
    "setting of reading": (lambda run: reparam.load_data("mnist", label="a"), "labels"),
    "data": (lambda run: reparam.load_data("mnsit"), "'mnist'"),
    "measure": (lambda run: reparam.evaluate(run, measures=("qualty",)), "'quality'"),
    "setting of an evaluation": (lambda run: reparam.evaluate(run, sample=3), "samples"),
    "column": (lambda run: reparam.sample(run, 3, given={"agee": 3}), "'age'"),
    "loss": (lambda run: reparam.fit("gan", X, loss="hingee"), "'hinge'"),
    "activation": (lambda run: reparam.networks.MLP(3, [3], 3, activation="relo"), "'relu'"),
}


@pytest.mark.parametrize("name", CALLS)
def test_python_is_told_what_was_probably_meant(name, there):
    call, meant = CALLS[name]
    with pytest.raises(UserError) as told:
        call(there / "run")
    assert f"(did you mean {meant}?)" in str(told.value)


def test_a_setting_of_reading_given_to_fit_is_told_where_it_goes():
    with pytest.raises(
        UserError, match=r"image_size says how data are read: give them as reparam.load_data\(\.\.\., im"
    ):
        reparam.fit("vae", X, image_size=8)


def test_one_module_guesses():
    owners = [path for path in SRC.rglob("*.py") if "difflib" in path.read_text(encoding="utf-8")]
    assert owners == [SRC / "nearest.py"]

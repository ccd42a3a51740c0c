"""Files of settings: the three kinds say the same, what is read back is what was written, and nothing else is taken."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reparam.errors import UserError
from reparam.settings_files import as_text, read

plain = st.one_of(
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=12),
)
values = st.one_of(plain, st.lists(plain, max_size=3))
sections = st.fixed_dictionaries(
    {
        "model": st.dictionaries(st.from_regex(r"m[a-z_]{0,6}", fullmatch=True), values, max_size=4),
        "training": st.dictionaries(st.from_regex(r"t[a-z_]{0,6}", fullmatch=True), values, min_size=1, max_size=4),
    }
)


@given(sections, st.sampled_from([".yaml", ".toml", ".json"]))
def test_what_is_written_is_read_back(tmp_path_factory, given_, ending):
    path = tmp_path_factory.mktemp("settings") / f"a{ending}"
    path.write_text(as_text(given_, ending, "words"), encoding="utf-8")
    assert read(path) == {**given_["model"], **given_["training"]}


def test_the_three_kinds_say_the_same(tmp_path):
    texts = {
        "a.yaml": "# a comment\nmodel:\n  latent-dim: 2\n  hidden: [16, 8]\nheader: no\nlearning_rate: 1e-4\nx: ~\n",
        "a.toml": 'header = "no"\nlearning_rate = 1e-4\n[model]\nlatent-dim = 2\nhidden = [16, 8]\n',
        "a.json": json.dumps({"header": "no", "model": {"latent-dim": 2, "hidden": [16, 8]}, "learning_rate": 0.0001}),
    }
    expected = {"latent_dim": 2, "hidden": [16, 8], "header": "no", "learning_rate": 1e-4}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        assert {k: v for k, v in read(tmp_path / name).items() if k != "x"} == expected


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "a.yaml",
            "a: !!python/object/apply:os.system ['true']",
            "cannot be read as YAML .*the tag tag:yaml.org,2002:python/object/apply:os.system in line 1",
        ),
        ("a.yaml", "a: 1\nb: !!int [1]", "the tag tag:yaml.org,2002:int in line 2"),
        ("a.yaml", "a: !!timestamp then", "the tag .*timestamp in line 1"),
        ("a.yaml", "? [1]\n: 2", "unhashable key"),
        ("a.yaml", "a: &x [1]\nb: *x", "an alias in line 2"),
        ("a.yaml", "a: 1\na: 2", "a is there twice"),
        ("a.yaml", "a: [", "line 1"),
        ("a.yaml", "- 1", "holds no table of settings: write NAME and value, as latent_dim: 2"),
        ("a.json", '{"a": NaN}', "NaN is no number"),
        ("a.json", '{"a": ' + "[" * 5000 + "]" * 5000 + "}", "nested too deeply"),
        ("a.toml", "a = ", "cannot be read as TOML"),
        ("a.toml", "a = " + "[" * 300 + "]" * 300, "nested too deeply|no table"),
        ("a.ini", "", "ends in .yaml, .yml, .toml, .json"),
        ("a.json", '{"epochs": 1, "training": {"epochs": 2}}', "gives epochs twice"),
        ("a.json", '{"schema": 2, "settings": {}}', "reparam config RUN"),
        ("a.json", '{"a": "' + "x" * 2**20 + '"}', "larger than 1 MB"),
    ],
)
def test_what_is_no_such_file_is_refused_in_a_sentence(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=message):
        read(tmp_path / name)

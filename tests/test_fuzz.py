"""The fuzzer's targets stand for every reader, its corpus holds, and it finds a fault that was planted."""

import ast
import json
import random
import sys
import warnings
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="attacks are Linux's")
from attack import __main__ as attack
from attack.fuzz import command, judge, keep, mutate
from attack.fuzz.command import fuzzed, main
from attack.fuzz.judge import tried
from attack.fuzz.keep import CORPUS, LARGEST, kept
from attack.fuzz.targets import OPENS, OURS, TARGETS

from fuzz_helpers import PLANTED
from reparam.data import READERS

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "reparam"
OPENERS = {"open", "read_bytes", "read_text", "read_json", "safe_open", "load_file", "loads", "loadtxt", "fromfile"}
OPENERS |= {"ZipFile", "ParquetFile", "open_memmap", "read_magic", "parse"}
"""What opens a file, or takes its bytes apart."""
ALL = 300 * 2**10
"""Bytes of the whole corpus."""


def test_every_reader_has_a_target():
    forms = [form for target in TARGETS.values() for form in target.forms]
    for ending in READERS:
        assert any(form.split()[0].rstrip(",").endswith(ending) for form in forms), f"nothing is fuzzed for {ending}"


def opens(path):
    """Whether a file of ours opens files, or takes apart what they hold."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    words = OPENERS - ({"parse"} if path.parent.name == "cli" else set())  # which is of the command line there
    return any(ast.unparse(call.func).rpartition(".")[2] in words for call in calls)


OPENING = [path.relative_to(SRC).as_posix() for path in sorted(SRC.rglob("*.py")) if opens(path)]


@pytest.mark.parametrize("place", OPENING)
def test_whatever_opens_files_is_fuzzed_or_says_why_not(place):
    known = [key for key in [*OPENS, *OURS] if place == key or place.startswith(f"{key}/")]
    assert len(known) == 1, f"name the target of {place} in attack/fuzz/targets.py, or why it needs none"


def test_the_tables_of_what_opens_name_what_does():
    assert set(OPENS.values()) <= set(TARGETS)
    for key in [*OPENS, *OURS]:
        assert any(place == key or place.startswith(f"{key}/") for place in OPENING), f"{key} opens nothing"


def test_every_target_has_a_corpus_of_its_seeds_and_no_other_has():
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)
    for name, target in TARGETS.items():
        seeded = {path.name for path in kept(name) if path.name.startswith("seed-")}
        made = [f"seed-{form}" for form in target.forms]
        assert len(seeded) >= len(made), name


def test_the_corpus_is_small():
    sizes = [path.stat().st_size for name in TARGETS for path in kept(name)]
    assert max(sizes) <= LARGEST
    assert sum(sizes) <= ALL


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_is_read_or_refused_in_a_sentence(name, tmp_path):
    for path in kept(name):
        found = tried(TARGETS[name], path.read_bytes(), tmp_path / "at-work")
        assert found is None, f"{path.name}: {found.kind}\n{found.said}"


@pytest.mark.parametrize("name", TARGETS)
def test_a_whole_file_is_read_in_each_form(name, tmp_path):
    """And so is none of them refused for what the harness makes of it."""
    target = TARGETS[name]
    for form, (content, *_) in target.seeds().items():
        folder = tmp_path / form
        folder.mkdir()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            next(target.reads(folder, target.input(form, content)))()
    assert set(target.seeds()) == set(target.forms)


def test_changes_keep_the_form_of_json():
    dice, whole = random.Random(0), b'{"a": [1, {"b": null}], "c": "x"}'
    for content in (whole, b'{"a": 1}\n{"b": 2}\n', (len(whole)).to_bytes(8, "little") + whole + b"rest"):
        made = {mutate.changed(content, dice) for _ in range(50)}
        assert len(made - {None}) > 10
    for _ in range(200):
        json.loads(mutate.changed(whole, dice))
    assert mutate.changed(b"\xff\xfe", dice) is None


SWEPT = ["packs/pack.json", "schema/t.schema.json", "run/cost.json", "run/config.json, its record"]
SWEPT += [f"studies/{form}" for form in TARGETS["studies"].forms] + ["settings/s.json", "large/table.json"]


@pytest.mark.parametrize("swept", SWEPT)
def test_each_part_of_json_may_be_anything(swept, tmp_path):
    name, form = swept.split("/")
    content, *_ = TARGETS[name].seeds()[form]
    for made in mutate.each(content):
        found = tried(TARGETS[name], TARGETS[name].input(form, made), tmp_path / "at-work")
        assert found is None, f"{made[:300]!r}: {found.kind}\n{found.said}"


def test_a_planted_fault_is_seen_and_a_refusal_is_none(tmp_path):
    target = PLANTED["planted"]
    assert tried(target, b"aother", tmp_path / "x") is None
    assert "no sentence" in tried(target, b"aSILENT", tmp_path / "x").kind
    found = tried(target, b"aFUZZ", tmp_path / "x")
    assert found.kind.startswith("ValueError at ")
    assert "a fault that was planted" in found.said


def test_what_takes_too_long_is_a_fault(tmp_path, monkeypatch):
    monkeypatch.setattr(judge, "PATIENCE", 0.2)
    assert tried(PLANTED["planted"], b"aLATE", tmp_path / "x").kind == "late"


def test_a_fuzzer_finds_a_planted_fault(tmp_path):
    pytest.importorskip("atheris", reason="the fuzzer is no part of what is installed")
    for seed in range(6):  # how many it tries in its seconds is the machine's, and what else runs there
        count = fuzzed("planted", tmp_path, 20, seed, "tests.fuzz_helpers:PLANTED")
        found = {path.read_bytes()[1:]: command.said(path) for path in count.faults}
        if b"FUZZ" in found:
            break
    assert found.keys() <= {b"FUZZ", b"SILENT", b"LATE"}
    assert found[b"FUZZ"].startswith("ValueError at ")
    assert count.executed > 100


def test_what_a_fuzzer_found_is_kept_where_it_reaches_further(tmp_path, monkeypatch):
    monkeypatch.setattr(keep, "CORPUS", tmp_path / "corpus")
    target = TARGETS["idx"]
    keep.write_seeds("idx", target)
    known = len(kept("idx"))
    places = [tmp_path / name for name in ("short", "again", "large")]
    for place, content in zip(places, [b"a\0\0", b"a\0\0", b"a" + bytes(LARGEST)], strict=True):
        place.write_bytes(content)
    assert keep.keep("idx", target, places, tmp_path / "at-work") == 1
    assert len(kept("idx")) == known + 1


def test_an_input_is_tried_again(capsys):
    path = kept("settings")[0]
    assert main(["--target", "settings", "--input", str(path)]) == 0
    assert "read, or refused in a sentence" in capsys.readouterr().out


def test_without_atheris_the_fuzzer_says_what_it_needs(monkeypatch):
    monkeypatch.setattr(command.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="pip install atheris"):
        main(["--target", "idx"])


def test_the_command_lists_its_targets(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["attack", "fuzz", "--help"])
    with pytest.raises(SystemExit):
        attack.main()
    told = capsys.readouterr().out
    assert all(name in told for name in TARGETS)

"""What packages reparam says the same everywhere: what it needs, its version, its extras; and the site's versions."""

import importlib.util
import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from jinja2 import StrictUndefined, Template

import reparam
from reparam.cli.main import COMMANDS

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA = {"torch": "pytorch", "matplotlib": "matplotlib-base", "POT": "pot"}
"""Names that conda has for what PyPI has under another."""


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_conda_recipe_needs_what_the_wheel_needs():
    needed = {tuple(re.split("(?=>=)", line)) for line in PROJECT["dependencies"]}
    listed = re.findall(r"^    - ([\w.-]+) (>=\S+)$", text("recipe/meta.yaml").partition("  run:\n")[2], re.MULTILINE)
    assert set(listed) == {(CONDA.get(name, name), least) for name, least in needed} | {
        ("python", PROJECT["requires-python"])
    }


def test_every_way_of_reading_the_version_finds_the_one():
    pattern = re.search(r"regex_pattern='(.+?)'", text("recipe/meta.yaml"))[1]
    assert re.search(pattern, text("src/reparam/_version.py"))[1] == reparam.__version__
    (entry,) = json.loads(text("docs/_static/switcher.json"))
    assert entry["version"] == reparam.__version__
    assert PROJECT["dynamic"] == ["version"]


def recipe():
    """The conda recipe as conda-build renders it: its Jinja with what conda-build knows, and what then is YAML."""

    def load_file_regex(load_file, regex_pattern, from_recipe_dir=False):
        assert from_recipe_dir, "the source is not there yet when the recipe is first rendered"
        return re.search(regex_pattern, (ROOT / "recipe" / load_file).read_text(encoding="utf-8"))

    rendered = Template(text("recipe/meta.yaml"), undefined=StrictUndefined)
    return yaml.safe_load(rendered.render(load_file_regex=load_file_regex, PYTHON="python"))


def test_the_conda_recipe_renders_to_this_package():
    found = recipe()
    assert found["package"] == {"name": PROJECT["name"], "version": reparam.__version__}
    assert found["build"]["entry_points"] == [f"{name} = {home}" for name, home in PROJECT["scripts"].items()]
    assert found["about"]["license_file"] == PROJECT["license-files"]
    assert all((ROOT / name).is_file() for name in found["about"]["license_file"])
    assert (ROOT / "recipe" / found["source"]["path"] / "pyproject.toml").is_file()
    needed = tomllib.loads(text("pyproject.toml"))["build-system"]["requires"]
    assert [line.replace(" ", "") for line in found["requirements"]["host"]] == ["python>=3.11", "pip", *needed]
    for words in (line.split() for line in found["test"]["commands"]):
        assert (words[0], words[1] in COMMANDS) == ("reparam", True)


def test_the_image_builds_what_is_here():
    """From a Python that will do, pinned as `make` pins; extras and commands exist, and nothing copied is kept out."""
    lines = text("Dockerfile").splitlines()
    found = re.findall(r"^FROM python:([\d.]+)-", text("Dockerfile"), re.MULTILINE)
    pythons = {tuple(map(int, version.split("."))) for version in found}
    assert len(pythons) == 1
    assert min(pythons) >= tuple(map(int, PROJECT["requires-python"].removeprefix(">=").split(".")))
    (installed,) = (line for line in lines if "/wheels/*.whl" in line)
    assert "--constraint /wheels/constraints.txt" in installed, "what make installs"
    assert set(re.findall(r"reparam(?::cuda)? ([a-z]+) ", "\n".join(lines[:5]))) <= set(COMMANDS)
    extras = next(line for line in lines if line.startswith("ARG EXTRAS="))
    assert set(extras.partition("=")[2].split(",")) <= set(PROJECT["optional-dependencies"])
    assert lines[-2] == 'ENTRYPOINT ["reparam"]'
    copied = {"src", "pyproject.toml", "README.md", "constraints.txt", *PROJECT["license-files"]}
    assert not copied & set(text(".dockerignore").split())


def test_the_extras_are_told_with_what_they_are_for():
    found = importlib.util.spec_from_file_location("words", ROOT / "docs" / "_ext" / "words.py")
    words = importlib.util.module_from_spec(found)
    found.loader.exec_module(words)
    rows = words.extras_page(text("pyproject.toml")).splitlines()[2:]
    told = {row.split(" | ")[0].strip("| `"): row.split(" | ")[1] for row in rows if row}
    assert set(told) == set(PROJECT["optional-dependencies"])
    assert all(told.values()), f"say what they are for, in a comment above each: {told}"


@pytest.mark.parametrize(
    "path",
    [*(ROOT / ".github").rglob("*.yml"), ROOT / "CITATION.cff"],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_what_others_read_can_be_read(path):
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    if path.parent.name == "workflows":
        assert found["permissions"] == {"contents": "read"}, "a job that needs more asks for it itself"
        assert all("timeout-minutes" in job for job in found["jobs"].values())


def test_a_site_is_put_beside_its_older_versions(tmp_path):
    found = importlib.util.spec_from_file_location("publish_site", ROOT / "scripts" / "publish_site.py")
    script = importlib.util.module_from_spec(found)
    found.loader.exec_module(script)
    site, served = tmp_path / "site", tmp_path / "served"
    (site / "_static").mkdir(parents=True)
    (site / "index.html").write_text("first")
    for version in ("main", "0.9.0", "0.10.0"):
        script.publish(site, served, version)
    (site / "index.html").write_text("second")
    script.publish(site, served, "main")
    told = json.loads((served / "0.9.0" / "_static" / "switcher.json").read_text())
    assert [entry["version"] for entry in told] == ["0.10.0", "0.9.0", "dev"]
    assert told[0]["url"] == PROJECT["urls"]["Documentation"] + "0.10.0/"
    assert "url=0.10.0/" in (served / "index.html").read_text()
    assert [(served / name / "index.html").read_text() for name in ("0.9.0", "dev")] == ["first", "second"]

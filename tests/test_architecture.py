"""The house stands as drawn: imports point upward, and what must not be in src/ is not."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SRC = Path(__file__).parent.parent / "src" / "reparam"
FILES = sorted(SRC.rglob("*.py"))
# from the top of the house down, a floor each; a file imports only from its own floor or those above
GROUND = {"_version", "errors", "door", "checks", "randomness", "files", "hardware", "terminal", "recording", "result"}
GROUND |= {"settings", "spreadsheets", "contention", "pace", "deprecation"}
GROUND |= {"settings", "settings_files", "spreadsheets", "contention", "pace", "folders", "interrupts"}
GROUND |= {"notebook", "peers"}
GROUND |= {"nearest", "absence", "locking"}
ROOMS = (
    "distributions",
    "divergences",
    "transport",
    "bounds",
    "adversarial",
    "networks",
    "models",
    "kinds",
    "data",
    "runs",
    "training",
    "plots",  # arrays in, figures out: results draw themselves by them
    "evaluation",
    "sklearn",
    "exporting",
    "pages",
    "exploring",
    "cluster",  # above the studies: workers load no torch
    "studies",
    "hub",
    "watching",
    "audit",
    "labs",
    "check",
    "courses",
    "cli",
)
FLOORS = [GROUND, *({room} for room in ROOMS)]
FLOORS[-1] |= {"__main__"}


# a run is what a user holds, and so what is asked: its questions call evaluation, which they import when asked
EXCEPTIONS = {("runs/questions.py", "evaluation")}


def floor_of(module: str) -> int:
    name = module.split(".")[1] if "." in module else "reparam"
    return next(i for i, floor in enumerate(FLOORS) if name in floor)


def room(path: Path) -> str:
    return path.relative_to(SRC).with_suffix("").parts[0]


def imports(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


@pytest.mark.parametrize("path", [p for p in FILES if p != SRC / "__init__.py"], ids=lambda p: str(p.relative_to(SRC)))
def test_imports_point_upward(path):
    own = floor_of("reparam." + path.relative_to(SRC).with_suffix("").parts[0])
    for name in imports(path):
        if (path.relative_to(SRC).as_posix(), name.split(".")[1] if "." in name else "") in EXCEPTIONS:
            continue
        if name.startswith("reparam.") and name != "reparam.__version__":
            assert floor_of(name) <= own, f"{path.relative_to(SRC)} imports {name} from a floor below it"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SRC)))
def test_nothing_forbidden_is_imported_or_called(path):
    for name in imports(path):
        assert not name.startswith(("torch.distributions", "pickle", "torchvision")), name
        assert not name.startswith("zuko") or path.name == "flow.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    attributes = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not any(text.startswith(("torch.distributions", "D.Normal")) for text in attributes)
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert not calls & {"eval", "exec", "torch.load", "pickle.load", "pickle.loads"}


CLASSES = {"GAN", "WGAN", "VAE", "AVB", "Autoencoder"}
MEMBERS = {
    *("sample", "mean", "encode", "decode", "prior", "evaluate", "watch", "judge", "critic", "likelihood"),
    *("classes", "candidates", "choosing", "latent_dim"),
}


def asks_for_a_class_or_a_member(call: ast.Call) -> bool:
    """Whether a call is one of those by which code finds out, for itself, what a model can do."""
    name, arguments = ast.unparse(call.func), call.args
    if name == "isinstance":
        return bool({node.id for node in ast.walk(arguments[1]) if isinstance(node, ast.Name)} & CLASSES)
    if name not in ("hasattr", "getattr") or "config" in ast.unparse(arguments[0]):
        return False
    return isinstance(arguments[1], ast.Constant) and arguments[1].value in MEMBERS


HOUSE = [p for p in FILES if p != SRC / "__init__.py"]
WITHOUT_MODELS = {"data"}  # it asks what users' data sets have
OUTSIDE = [
    p for p in HOUSE if floor_of(f"reparam.{room(p)}") > floor_of("reparam.models") and room(p) not in WITHOUT_MODELS
]


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda p: str(p.relative_to(SRC)))
def test_what_a_model_can_do_is_asked_in_one_place(path):
    """Outside ``models`` it is ``can`` and ``require`` of ``reparam.models.protocols`` that say it."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    found = [ast.unparse(call) for call in calls if asks_for_a_class_or_a_member(call)]
    assert not found


def test_such_questions_are_recognized():
    for code in ("isinstance(run.model, VAE | GAN)", "hasattr(model, 'encode')", "getattr(model, 'classes', 0)"):
        assert asks_for_a_class_or_a_member(ast.parse(code).body[0].value)
    for code in ("isinstance(x, Tensor)", "hasattr(judge, 'coef_')", "getattr(config.model, 'likelihood', '')"):
        assert not asks_for_a_class_or_a_member(ast.parse(code).body[0].value)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SRC)))
def test_every_file_says_its_purpose_in_its_first_line(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("code", ["import reparam", "from reparam.cli.main import main; main(['--help'])"])
def test_torch_is_not_loaded_until_it_is_needed(code):
    check = f"{code}; import sys; sys.exit('torch' in sys.modules or 'matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], capture_output=True).returncode == 0


def test_a_trial_of_a_study_loads_nothing_that_draws():
    """Each has a process of its own: what that loads, every one of hundreds pays for."""
    check = "import reparam.studies.job, sys; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], capture_output=True).returncode == 0


def test_every_public_name_is_there():
    import reparam

    for name in reparam.__all__:
        assert getattr(reparam, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'vae'"):
        reparam.vae  # noqa: B018

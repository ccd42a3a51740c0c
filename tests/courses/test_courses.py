"""The notebooks run, claim what holds, are kept as they are written, and have no answers where none should be."""

import json
import re
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

import reparam
from helpers import said
from reparam.courses import COURSES, exercise, get, run, source
from reparam.courses.execute import execute
from reparam.courses.hand_in import written
from reparam.courses.page import FORMULA, mathml, page
from reparam.errors import UserError
from reparam.files import is_ours

KEPT = Path(__file__).parents[2] / "docs" / "courses"
NUMBERS = list(COURSES)


def small(*cells):
    """A notebook of a heading and these cells."""
    new = [nbformat.v4.new_markdown_cell("# First\n\n## Second")]
    return nbformat.v4.new_notebook(cells=new + [nbformat.v4.new_code_cell(cell) for cell in cells])


def outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", ())]


@pytest.mark.slow
@pytest.mark.parametrize("number", NUMBERS)
def test_every_claim_of_a_notebook_holds_with_quick_settings(number):
    notebook = source.notebook(get(number))
    assert execute(notebook, small=True) is None
    assert any("image/png" in output.get("data", {}) for output in outputs(notebook))


@pytest.mark.parametrize("number", NUMBERS)
def test_the_notebook_of_the_docs_is_of_its_source_with_every_cell_run(number):
    """If not: `python scripts/make_courses.py NUMBER` runs it anew."""
    path = KEPT / f"{number}.ipynb"
    kept, made = nbformat.read(path, 4), source.notebook(get(number))
    assert [(cell.cell_type, cell.source) for cell in kept.cells] == [(c.cell_type, c.source) for c in made.cells]
    assert path.stat().st_size < 1_000_000
    assert all(cell.execution_count for cell in kept.cells if cell.cell_type == "code")
    assert all(output.output_type != "error" and output.get("name") != "stderr" for output in outputs(kept))
    assert max(len(output.get("text", "").splitlines()) for output in outputs(kept)) <= 40, "nothing floods a cell"


@pytest.mark.parametrize("number", NUMBERS)
def test_every_formula_is_drawn(number):
    for cell in source.notebook(get(number)).cells:
        if cell.cell_type != "markdown":
            continue
        formulas = list(FORMULA.finditer(cell.source))
        for formula in formulas:
            if not formula["code"]:
                drawn = mathml(formula["display"] or formula["inline"], bool(formula["display"]))
                assert "\\" not in drawn, formula[0]
        assert "$" not in FORMULA.sub("", cell.source), cell.source


@pytest.mark.parametrize("number", NUMBERS)
def test_an_exercise_has_no_answers_and_its_checks_ask_for_them(number, tmp_path):
    path = exercise(number, tmp_path)
    made, whole = nbformat.read(path, 4), source.notebook(get(number))
    assert len(made.cells) == len(whole.cells)
    answers = [cell.source for cell in whole.cells if "answer" in source.tags(cell)]
    assert len(answers) > 5
    shown = written(made)
    assert not [answer for answer in answers if json.dumps(answer)[1:-1] in shown]
    assert not outputs(made)
    headings = [[line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines()
                 if line.startswith("#")] for notebook in (made, whole)]  # fmt: skip
    assert headings[0] == headings[1], "every question stays"
    checked = stubs(made)
    assert checked
    for verdict in checked:
        assert "not written yet" in str(verdict), verdict


def stubs(notebook):
    """What the checks say of an exercise whose functions are as they were given."""
    room, said = {}, []
    for cell in notebook.cells:
        if "check" in source.tags(cell):
            called = re.fullmatch(r"reparam\.check\.(\w+)\((\w+)\)", cell.source.strip())
            said.append(getattr(reparam.check, called[1])(room[called[2]]))
        elif "raise NotImplementedError" in cell.source:
            exec(compile(cell.source, "prompt", "exec"), room)
    return said


def test_a_claim_that_does_not_hold_is_told_with_its_place():
    notebook = small("x = 1\nx", "assert x == 2, 'x is another number'", "y = 1")
    assert execute(notebook, small=True) == "under 'Second' a cell failed: AssertionError: x is another number"
    assert "outputs" not in notebook.cells[3] or not notebook.cells[3].outputs


def test_a_process_that_dies_is_told_with_its_place():
    notebook = small("x = 1", "import os\nos._exit(1)")
    notebook.cells.append(nbformat.v4.new_markdown_cell("# Later"))
    assert execute(notebook, small=True) == "under 'Second' a cell failed: Kernel died"


def test_a_check_that_says_not_yet_fails():
    notebook = small("import reparam\nreparam.check.kl(lambda mean, log_variance: mean.sum(-1))")
    notebook.cells[1].metadata["tags"] = ["check"]
    assert "kl: not yet" in execute(notebook, small=True)


def test_what_is_handed_in_opens_alone_and_holds_the_code(tmp_path, monkeypatch):
    cells = "import reparam\nprint(reparam.courses.quick())\nimport sys\nprint('no' + 'ise', file=sys.stderr)"
    drawn = "import matplotlib.pyplot as plt\nfigure = plt.figure()\nplt.plot([0, 1]);"
    monkeypatch.setattr(source, "notebook", lambda course: _with_metadata(small(cells, drawn)))
    found = run("000", tmp_path, quick=True, name="miller")
    assert found.failed is None
    assert found.archive == tmp_path / "miller_exercise03.zip"
    html = found.report.read_text()
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", html), "it asks nothing of the network"
    assert "noise" not in html
    assert "True" in html
    assert "No description" not in html
    for path in (found.report, found.notebook, found.archive):
        assert is_ours(path), path
    with zipfile.ZipFile(found.archive) as archive:
        folder = "miller_exercise03/"
        assert sorted(archive.namelist()) == [folder + name for name in ("000.ipynb", "000.py", "report.html")]
        compile(archive.read(f"{folder}000.py"), "000.py", "exec")


def _with_metadata(notebook):
    notebook.metadata = source._metadata(get("000"))
    return notebook


def test_the_page_draws_formulas_and_leaves_code_alone():
    notebook = small()
    notebook.cells[0].source = "# A\n\n$x^2$ and `$y$`\n\n$$\\begin{aligned}a&=b\\\\c&=d\\end{aligned}$$"
    html = page(notebook)
    assert html.count("<math") == 2
    assert "<code>$y$</code>" in html
    assert "@@" not in html


def test_the_command_lists_runs_and_refuses(capsys, tmp_path):
    code, out, _ = said(capsys, "course")
    assert code == 0
    assert all(number in out for number in NUMBERS)
    code, out, _ = said(capsys, "course", "--json")
    assert list(json.loads(out)) == NUMBERS
    code, out, _ = said(capsys, "course", "0", "--exercise", "--out", tmp_path, "--json")
    assert (code, json.loads(out)["notebook"]) == (0, str(tmp_path / "000-exercise.ipynb"))
    assert said(capsys, "course", "000")[2] == "reparam: a folder is missing: `reparam course 000 --out FOLDER`\n"
    assert "there is no course '7'" in said(capsys, "course", "7", "--out", tmp_path)[2]
    assert "cannot begin a file's name" in said(capsys, "course", "000", "--out", tmp_path, "--author", "a/b")[2]


def test_without_the_extra_it_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "jupytext", None)
    with pytest.raises(UserError, match=r"pip install 'reparam\[courses\]'"):
        run("000", tmp_path)

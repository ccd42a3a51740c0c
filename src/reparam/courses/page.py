"""A notebook as one HTML file that asks nothing of the network: formulas are MathML, which browsers draw themselves."""

import re
from collections.abc import Iterator
from copy import deepcopy
from html import escape
from typing import TYPE_CHECKING

from reparam.courses.execute import last_heading
from reparam.courses.source import MISSING
from reparam.errors import UserError
from reparam.files import MADE_BY

if TYPE_CHECKING:
    from nbformat import NotebookNode

FORMULA = re.compile(
    r"(?P<code>```.*?```|`[^`\n]*`)"
    r"|\$\$(?P<display>.+?)\$\$"
    r"|(?<![\\$\w])\$(?P<inline>[^\s$](?:(?:[^$\n]|\n(?!\s*\n))*[^\s$\\])?)\$(?![\w$])",
    re.DOTALL,
)
"""Formulas in Markdown, and code, in which a dollar is a dollar."""
TEMPLATE = """{% extends 'lab/index.html.j2' %}
{% block html_head_js %}<meta name="generator" content="@MADE_BY@">{% endblock %}
{% block html_head_js_mathjax %}{% endblock %}
{% block html_head_js_mermaidjs %}{% endblock %}
{% block html_head_css %}<style>
main { max-width: 62rem; margin: 0 auto; padding: 1rem; }
body.jp-Notebook { overflow: auto; padding: 0; }
.jp-RenderedHTMLCommon { font-size: 16px; line-height: 1.55; }
.jp-RenderedHTMLCommon math { font-size: 1.05em; }
.jp-RenderedHTMLCommon math[display=block] { margin: .8em 0; overflow-x: auto; overflow-y: hidden; }
.jp-RenderedImage img, .jp-RenderedHTMLCommon img { max-width: 100%; height: auto; }
@media (max-width: 45rem) { .jp-InputPrompt, .jp-OutputPrompt, .jp-OutputArea-prompt { display: none; } }
</style>{% endblock %}"""


def page(notebook: "NotebookNode") -> str:
    """The HTML.

    Raises:
        UserError: if what makes it is not installed.
    """
    try:
        import docutils  # noqa: F401
        from jinja2 import DictLoader
        from nbconvert import HTMLExporter
    except ImportError:
        raise UserError(MISSING) from None
    drawn: list[str] = []
    copy = deepcopy(notebook)
    for cell in copy.cells:
        if cell.cell_type == "markdown":
            cell["source"] = FORMULA.sub(lambda found: _held(found, drawn), cell["source"])
    template = TEMPLATE.replace("@MADE_BY@", MADE_BY)
    loader = DictLoader({"alone.html.j2": template})
    exporter = HTMLExporter(template_file="alone.html.j2", extra_loaders=[loader], embed_images=True)  # type: ignore[no-untyped-call]
    html, _ = exporter.from_notebook_node(copy, {"metadata": {"name": notebook.metadata.get("title", "notebook")}})
    described = iter(_descriptions(notebook))
    html = re.sub('alt="No description[^"]*"', lambda _: f'alt="{escape(next(described), quote=True)}"', html)
    return re.sub(r"@@formula(\d+)@@", lambda held: drawn[int(held[1])], html)


def _descriptions(notebook: "NotebookNode") -> Iterator[str]:
    """What is said of each picture to those who do not see it: what its result says in a line, or where it stands."""
    heading = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            heading = last_heading(cell.source) or heading
        for output in cell.get("outputs", ()):
            if "image/png" in output.get("data", {}):
                told = str(output["data"].get("text/plain", "")).split("\n")[0]
                yield f"{heading}: {told}" if told else heading


def mathml(formula: str, display: bool) -> str:
    r"""A formula in LaTeX as MathML, by docutils, as the documentation's are.

    >>> "display" in mathml(r"\frac{1}{2}", display=True), mathml("x", display=False)[:5]
    (True, '<math')
    >>> "y" in mathml(r"g_{\boldsymbol{x}}: y", display=False).partition("</msub>")[0]
    False
    """
    from docutils.utils.math.latex2mathml import tex2mathml

    # docutils takes all that follows a \boldsymbol into it, out of a subscript's braces, too
    made: str = tex2mathml(formula.strip().replace(r"\boldsymbol", r"\mathbfit"), as_block=display)
    # without a mathematical font browsers put no space around a function's name
    return re.sub(r"<mi>(log|exp|min|max)</mi>", r'<mo lspace="0.16em" rspace="0.16em">\1</mo>', made)


def _held(found: re.Match[str], drawn: list[str]) -> str:
    """What stands for a formula while Markdown is read, whose signs would be taken for emphasis."""
    if found["code"]:
        return found[0]
    display = found["display"] is not None
    drawn.append(mathml(found["display"] or found["inline"], display))
    return f"@@formula{len(drawn) - 1}@@"

"""Formulas as MathML, which every browser sets itself: no script, no font and no network is needed to read them."""

import html

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

from reparam.courses.page import mathml


def inline(translator: HTML5Translator, node: nodes.math) -> None:
    """Write a formula within a line."""
    translator.body.append(mathml(node.astext(), display=False))
    raise nodes.SkipNode


def block(translator: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula that stands alone; a phone scrolls it rather than the page."""
    formula = mathml(node.astext(), display=True)
    label = html.escape(node.astext())
    translator.body.append(f'<div class="formula" tabindex="0" role="group" aria-label="{label}">{formula}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Name the renderer that `html_math_renderer` chooses."""
    app.add_html_math_renderer("mathml", inline_renderers=(inline, None), block_renderers=(block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}

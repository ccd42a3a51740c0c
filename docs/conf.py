"""How the site is built; `make docs` calls it, and takes every warning for an error."""

import os
import sys
from pathlib import Path

from reparam import __version__

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project, author, copyright = "reparam", "the reparam authors", "the reparam authors"
version = release = __version__
# which of the versions that are served this is, as v0.2.0 or dev; built for oneself there are no others to choose from
SERVED = os.environ.get("REPARAM_SITE", "").removeprefix("v")
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_gallery.gen_gallery",
    "sphinx_copybutton",
    "sphinx_design",
    "mathml",
    "tables_of_ours",
]
# what the gallery writes beside its pages, and what is no page
BESIDE = ("ipynb", "py", "zip", "json", "md5")
exclude_patterns = ["_*", "checks", "gallery/examples", *(f"gallery/built/*.{end}" for end in BESIDE)]
needs_sphinx = "8.2"

# Markdown and notebooks: notebooks are committed with their output, and nothing in them is run here
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist", "attrs_inline", "attrs_block"]
myst_heading_anchors = 4
nb_execution_mode = "off"
nb_merge_streams = True

# the API, from docstrings
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autodoc_class_signature = "mixed"
autodoc_default_options = {"show-inheritance": True}
napoleon_google_docstring, napoleon_numpy_docstring = True, False
napoleon_use_ivar = True
python_use_unqualified_type_names = True
viewcode_line_numbers = True

# formulas are MathML, which browsers set themselves: no script and no network
html_math_renderer = "mathml"

# the gallery: each example is run, in seconds, and its last figure is its picture
sphinx_gallery_conf = {
    "examples_dirs": "gallery/examples",
    "image_scrapers": ("figures",),
    "capture_repr": ("__str__",),
    "gallery_dirs": "gallery/built",
    "filename_pattern": r"/\w+\.py",
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "remove_config_comments": True,
    "reset_modules": ("matplotlib",),
    "write_computation_times": False,
    "backreferences_dir": None,
    "abort_on_example_error": True,
}

html_theme = "pydata_sphinx_theme"
html_title = "reparam"
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {"index": [], "benchmarks/**": [], "start/index": []}
html_theme_options = {
    "logo": {"text": "reparam"},
    "navbar_end": [*(["version-switcher"] if SERVED else []), "theme-switcher", "navbar-icon-links"],
    "navbar_persistent": ["search-button"],
    "navbar_align": "left",
    "header_links_before_dropdown": 7,
    "show_nav_level": 1,
    "navigation_depth": 3,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "icon_links": [
        {
            "name": "GitHub",
            "url": "https://github.com/reparam/reparam",
            "icon": "fa-brands fa-github",
            "type": "fontawesome",
        }
    ],
    # written anew for all versions where the site is published: scripts/publish_site.py
    "switcher": {"json_url": "_static/switcher.json", "version_match": SERVED or version},
    "check_switcher": False,
}
html_context = {"default_mode": "auto"}

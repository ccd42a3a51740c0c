"""What an example of the gallery shows: whatever stands in its name `figure`, be it a result's or pyplot's."""

from typing import Any

import matplotlib.pyplot as plt
from sphinx_gallery.scrapers import figure_rst


def scraper(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the figure that a block of an example has made, once, and give the markup that shows it."""
    found = block_vars["example_globals"].pop("figure", None)
    plt.close("all")
    if found is None:
        return ""
    path = next(block_vars["image_path_iterator"])
    found.savefig(path, dpi=120)
    first = " ".join(block_vars["example_globals"].get("__doc__", "").strip().splitlines()[:1])
    return figure_rst([path], gallery_conf["src_dir"], f"The figure of the example: {first}")


def _get_sg_image_scraper() -> Any:
    """What sphinx-gallery asks a module for that is named in its settings, which are kept as words."""
    return scraper

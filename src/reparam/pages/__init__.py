"""A page of text, pictures and tables as one HTML file that needs nothing else."""

from reparam.pages.explorer import Explorer
from reparam.pages.numbers import duration, nats, number, percent, ratio
from reparam.pages.page import Cell, Figure, Page, Section, Table, render, write
from reparam.pages.picture import Picture

__all__ = [
    "Cell",
    "Explorer",
    "Figure",
    "Page",
    "Picture",
    "Section",
    "Table",
    "duration",
    "nats",
    "number",
    "percent",
    "ratio",
    "render",
    "write",
]

"""A page of text, pictures and tables as one HTML file that needs nothing else."""

from reparam.report.numbers import duration, nats, number, percent, ratio
from reparam.report.page import Cell, Page, Picture, Section, Table, render, write

__all__ = [
    "Cell",
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

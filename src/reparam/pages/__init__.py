"""A page of text, pictures and tables as one HTML file that needs nothing else."""

from reparam.pages.chart import Chart, Series
from reparam.pages.explorer import Explorer
from reparam.pages.numbers import duration, nats, number, percent, ratio
from reparam.pages.overview import Entry, Gauge, Overview, Reading
from reparam.pages.page import Figure, More, Page, Section, render, write
from reparam.pages.picture import Picture
from reparam.pages.playground import Playground
from reparam.pages.table import Cell, Table

__all__ = [
    "Cell",
    "Chart",
    "Entry",
    "Explorer",
    "Figure",
    "Gauge",
    "More",
    "Overview",
    "Page",
    "Picture",
    "Playground",
    "Reading",
    "Section",
    "Series",
    "Table",
    "duration",
    "nats",
    "number",
    "percent",
    "ratio",
    "render",
    "write",
]

"""A row of a table: a product over its columns, each of a family of its own."""

from reparam.distributions.columnwise.distribution import Columns
from reparam.distributions.columnwise.layout import Layout
from reparam.distributions.columnwise.straight_through import StraightThroughColumns

__all__ = ["Columns", "Layout", "StraightThroughColumns"]

"""What a model of a table can be asked: rows of which something is known, and what stands in missing cells."""

from reparam.evaluation.tables.conditions import Conditions, conditions
from reparam.evaluation.tables.impute import Imputed, impute
from reparam.evaluation.tables.samples import TableReconstructions, TableSamples

__all__ = ["Conditions", "Imputed", "TableReconstructions", "TableSamples", "conditions", "impute"]

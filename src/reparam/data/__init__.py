"""Data: bundled MNIST, files and folders, toy densities, binarization and batches."""

from reparam.data.batches import Batches, at_once, evaluation_batches, reading_batches
from reparam.data.coverage import coverage
from reparam.data.dataset import Binarization, Dataset, LazyArray, Split, require_binary, require_unit
from reparam.data.density import GaussianMixture, Moons, ToyDensity
from reparam.data.describe import describe
from reparam.data.given import as_dataset
from reparam.data.incoming import examples_of
from reparam.data.load import binarized, load_data
from reparam.data.packing import Packed, pack
from reparam.data.readers.sources import READERS, Format
from reparam.data.record import DataRecord
from reparam.data.schema import check_same_schema, data_like
from reparam.data.units import units

__all__ = [
    "READERS",
    "Batches",
    "Binarization",
    "DataRecord",
    "Dataset",
    "Format",
    "GaussianMixture",
    "LazyArray",
    "Moons",
    "Packed",
    "Split",
    "ToyDensity",
    "as_dataset",
    "at_once",
    "binarized",
    "check_same_schema",
    "coverage",
    "data_like",
    "describe",
    "evaluation_batches",
    "examples_of",
    "load_data",
    "pack",
    "reading_batches",
    "require_binary",
    "require_unit",
    "units",
]

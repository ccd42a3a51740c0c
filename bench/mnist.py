"""Reads the MNIST files bundled with the package, with numpy alone, for contenders that do not import reparam."""

import gzip
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parents[1] / "src" / "reparam" / "data" / "bundled" / "mnist"
TRAIN, PIXELS = 50_000, 784
IDX_IMAGES = 2051


def _images(name: str) -> np.ndarray:
    """The images of one gzipped IDX file, uint8, (count, 784)."""
    raw = gzip.decompress((FOLDER / name).read_bytes())
    magic, count, height, width = np.frombuffer(raw, dtype=">u4", count=4)
    if magic != IDX_IMAGES:
        raise ValueError(f"{name} is not an IDX file of images: its magic number is {magic}, not {IDX_IMAGES}.")
    return np.frombuffer(raw, dtype=np.uint8, offset=16).reshape(int(count), int(height * width)).copy()


def train_images() -> np.ndarray:
    """The first 50,000 training images, uint8, (50000, 784); the last 10,000 of the file are held out."""
    return _images("train-images-idx3-ubyte.gz")[:TRAIN]


def binarized_test_images(seed: int = 0) -> np.ndarray:
    """The 10,000 test images binarized once from the seed, P(1) = x/255 exactly, uint8 of 0 and 1, (10000, 784)."""
    return _binarized(_images("t10k-images-idx3-ubyte.gz"), seed)


def binarized_validation_images(seed: int = 0) -> np.ndarray:
    """The last 10,000 images of the training file, likewise: settings are chosen by these."""
    return _binarized(_images("train-images-idx3-ubyte.gz")[TRAIN:], seed)


def _binarized(images: np.ndarray, seed: int) -> np.ndarray:
    return (images > np.random.default_rng(seed).integers(0, 255, images.shape, dtype=np.uint8)).astype(np.uint8)

"""How numbers of images become what is drawn."""

import json
from dataclasses import asdict

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from reparam.data import DataRecord, Dataset
from reparam.data.picture import Picture, black_and_white, picture_of, whole_range


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(1, 3))
def test_black_is_0_and_white_1_and_between_it_is_straight(low, width, leading):
    at = np.linspace(0, 1, 6).reshape([1] * leading + [1, 2, 3])
    drawn = Picture(low, low + width)(low + at * width)
    assert drawn.shape == at.shape
    assert np.allclose(drawn, at, atol=1e-9 * (1 + abs(low) / width))


@given(st.floats(-1e4, 1e4, allow_subnormal=False), st.floats(0, 1e4, allow_subnormal=False))
def test_nothing_is_clipped_between_black_and_white_that_are_found(low, width):
    black, white = black_and_white(low, low + width)
    assert black <= low <= low + width <= white


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((0.0, 1.0), (0, 1)),
        ((0.3, 0.4), (0, 1)),
        ((-1.0, 0.99), (-1, 1)),
        ((0.0, 255.0), (0, 255)),
        ((0.0, 130.0), (0, 255)),
        ((0.0, 8.3), (0, 8.3)),
        ((-1024.0, 3071.0), (-1024, 3071)),
        ((float("-inf"), float("inf")), (0, 1)),
    ],
)
def test_the_usual_ranges_are_recognized(ends, expected):
    assert black_and_white(*ends) == expected


def test_transparent_pixels_are_grey():
    rgba = np.array([1.0, 0.0, 0.5, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.5]).reshape(3, 4, 1, 1)
    drawn = picture_of((4, 1, 1), (0, 1), opaque=False)(rgba)[..., 0, 0]
    assert drawn.tolist() == [[1, 0, 0.5], [0.5, 0.5, 0.5], [0.25, 0.75, 0.25]]


@pytest.mark.parametrize(("channels", "bands"), [(1, ()), (2, (0,)), (3, ()), (4, (0, 1, 2)), (13, (0, 1, 2))])
def test_which_channels_are_seen(channels, bands):
    picture = picture_of((channels, 2, 2), (0, 1))
    assert picture.bands == bands
    assert picture(np.zeros((5, channels, 2, 2))).shape == (5, len(bands) or channels, 2, 2)
    assert bool(picture.words(channels)) == (channels not in (1, 3))


def test_a_record_keeps_it_through_json():
    data = Dataset.of(np.linspace(-3, 3, 400, dtype=np.float32).reshape(25, 4, 4))
    picture = DataRecord.of(data).picture
    assert (picture.low, picture.high) == (-3, 3)
    assert Picture.of_plain(json.loads(json.dumps(asdict(picture)))) == picture
    assert Picture.of_plain(None) is None


def test_bits():
    tops = [whole_range(high) for high in (0, 1, 255, 256, 4095, 4096, 70000)]
    assert tops == [255, 255, 255, 511, 4095, 8191, 131071]

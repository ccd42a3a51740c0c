"""Every mode of image, turned every way, becomes the values that are meant to be seen."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from PIL import Image, ImageCms

from image_helpers import colour, everything, fill, noted, pixels, seen
from reparam.data import load_data
from reparam.data.readers.decode import TURNS
from reparam.errors import UserError

RNG = np.random.default_rng(7)
TONES = st.integers(0, 255)
#: How an upright array lies in a file whose EXIF orientation is the key.
LAID = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a),
    7: lambda a: np.rot90(a[::-1, ::-1].swapaxes(0, 1), 2)[::-1, ::-1][::-1, ::-1],
    8: lambda a: np.rot90(a, -1),
}
LAID[7] = lambda a: a[::-1, ::-1].swapaxes(0, 1)


def oriented(turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    return exif


@given(
    st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA"]),
    st.integers(1, 8),
    st.integers(2, 7),
    st.integers(2, 7),
    st.sampled_from(["PNG", "TIFF"]),
    st.integers(0, 2**32 - 1),
)
def test_modes_sizes_and_orientations(mode, turn, height, width, form, seed):
    rng = np.random.default_rng(seed)
    rgba = rng.integers(0, 256, (height, width, 4), dtype=np.uint8)
    rgba[..., 3] = rng.integers(0, 2, (height, width)) * 255
    upright = Image.fromarray(rgba) if mode in ("RGBA", "LA") else Image.fromarray(rgba[..., :3])
    upright = upright.convert(mode)
    laid = np.ascontiguousarray(LAID[turn](np.asarray(upright)))
    stored = Image.fromarray(laid)
    if mode == "P":
        stored.putpalette(upright.getpalette())
    assert stored.mode == mode
    found = seen(stored, form, exif=oriented(turn))
    shown = np.asarray(upright.convert("LA" if mode in ("1", "L", "LA") else "RGBA")).astype(int)
    expected = np.where(shown[..., -1:] == 255, shown[..., :-1], 255)
    assert found.shape[2] == (1 if mode in ("1", "L", "LA") or (mode == "P" and _grey(expected)) else 3)
    assert np.array_equal(np.broadcast_to(found, expected.shape), expected)


def _grey(x):
    return bool((x == x[..., :1]).all())


def test_every_turn_is_known():
    assert set(TURNS) | {1} == set(range(1, 9))


@given(TONES, TONES, TONES, TONES)
def test_half_transparent_colours_are_mixed_with_the_background(red, green, blue, alpha):
    image = Image.new("RGBA", (2, 2), (red, green, blue, alpha))
    found = seen(image, look={"background": (10, 200, 90)})[0, 0].astype(float)
    part = alpha / 255
    expected = part * np.array([red, green, blue]) + (1 - part) * np.array([10, 200, 90])
    assert np.abs(found - expected).max() <= 1  # which is what Pillow rounds to


def test_transparency_is_laid_on_white_unless_told_otherwise():
    half = np.zeros((2, 3, 4), np.uint8)
    half[0, :, 3] = 255  # an opaque black row over a transparent one
    assert seen(Image.fromarray(half))[..., 0].tolist() == [[0] * 3, [255] * 3]
    assert seen(Image.fromarray(half[..., 2:]))[..., 0].tolist() == [[0] * 3, [255] * 3]
    assert seen(Image.fromarray(half), look={"background": (0, 0, 0)}).max() == 0
    blue = seen(Image.fromarray(half[..., 2:]), look={"background": (0, 0, 255)})
    assert blue.tolist() == [[[0, 0, 0]] * 3, [[0, 0, 255]] * 3]  # grey over a colour is coloured
    palette = Image.fromarray(np.array([[0, 1]], np.uint8)).convert("P")
    assert seen(palette, transparency=0)[0, 0, 0] == 255
    everywhere = seen(palette, transparency=bytes([0, 255]))
    assert everywhere[..., 0].tolist() == [[255, 1]]


@pytest.mark.parametrize("name", ["no colour", "#12345", "rgb(1,2)"])
def test_a_background_that_is_none_is_refused(tmp_path, name):
    fill(tmp_path)
    with pytest.raises(UserError, match=r"background='.*' is no colour: give a name such as black, or #rrggbb"):
        load_data(tmp_path, background=name)


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_colours_of_print_are_those_of_the_screen(form):
    for rgb in ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (200, 100, 50)):
        options = {"quality": 100} if form == "JPEG" else {}
        found = seen(Image.new("RGB", (16, 16), rgb).convert("CMYK"), form, **options)
        assert found.shape == (16, 16, 3)
        assert np.abs(found.astype(int) - rgb).max() <= 2


def test_lab_is_shown_in_colours():
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    for rgb in ((255, 0, 0), (30, 140, 90), (255, 255, 255), (0, 0, 0)):
        image = ImageCms.profileToProfile(Image.new("RGB", (4, 4), rgb), srgb, lab, outputMode="LAB")
        found = seen(image, "TIFF")
        assert found.shape == (4, 4, 3)
        assert np.abs(found.astype(int) - rgb).max() <= 6  # Lab has 8 bits here


@pytest.mark.parametrize("mode", ["YCbCr", "HSV", "La", "RGBa", "RGBX", "PA"])
def test_modes_that_few_formats_hold(mode):
    from reparam.data.readers.modes import Look, shown

    solid = Image.new("RGB", (3, 3), (200, 40, 90))
    image = solid.convert("LA" if mode in ("La", "PA") else "RGBA" if mode == "RGBa" else "RGB").convert(mode)
    found = np.asarray(shown(image, Look(), mode == "La", image.has_transparency_data)).astype(int)
    expected = np.asarray(solid.convert("L") if mode in ("La", "PA") else solid).astype(int)
    # a step of HSV's hue is 1/256 of the circle, of six legs of 160 each here
    most = 6 * 160 / 256 if mode == "HSV" else 2
    assert np.abs(found - (expected[..., None] if found.ndim > expected.ndim else expected)).max() <= most


@pytest.mark.parametrize("form", ["PNG", "TIFF", "PPM"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bits_are_kept_in_either_byte_order(form, order):
    values = RNG.integers(0, 65536, (5, 6)).astype(np.uint16)
    image = Image.fromarray(values)
    if order == ">":
        image = Image.frombytes("I;16B", (6, 5), values.astype(">u2").tobytes())
        if form == "PPM":
            return  # which Pillow does not write so
    found = seen(image, form)
    assert found.dtype == np.float32
    assert np.array_equal(found[..., 0], values)


def test_whole_numbers_of_32_bits_and_fractions_are_kept():
    whole = RNG.integers(-(2**20), 2**20, (5, 6)).astype(np.int32)
    assert np.array_equal(seen(Image.fromarray(whole), "TIFF")[..., 0], whole)
    fractions = RNG.normal(size=(5, 6)).astype(np.float32)
    assert np.array_equal(seen(Image.fromarray(fractions), "TIFF")[..., 0], fractions)


def test_images_may_be_made_grey_or_coloured(tmp_path):
    originals = fill(tmp_path, 5, colour)
    data = load_data(tmp_path, image_mode="grey")
    assert data.data_shape == (1, 8, 9)
    luma = np.rint(np.array(originals) @ np.array([0.299, 0.587, 0.114]))
    assert {x.tobytes() for x in everything(data)[:, 0]} == {
        np.asarray(Image.fromarray(one).convert("L")).tobytes() for one in originals
    }
    assert np.abs(np.sort(everything(data).ravel()) - np.sort(luma.ravel())).max() <= 1
    fill(tmp_path / "grey", 5)
    data = load_data(tmp_path / "grey", image_mode="colour")
    assert data.data_shape == (3, 8, 9)
    assert (everything(data) == everything(data)[:, :1]).all()


def test_channels_may_be_chosen(tmp_path):
    rgba = RNG.integers(0, 256, (6, 8, 9, 4), dtype=np.uint8)
    for i, one in enumerate(rgba):
        Image.fromarray(one).save(tmp_path / f"{i}.png")
    assert np.array_equal(pixels(tmp_path / "2.png", bands=(4, 1)), rgba[2][..., [3, 0]])
    data = load_data(tmp_path, bands=(3, 2))
    assert data.data_shape == (2, 8, 9)
    assert noted(data, "drawn") == "of 2 channels, 1 is drawn"
    with pytest.raises(UserError, match=r"bands=\(5,\) will not do: there are images of 4 channels"):
        load_data(tmp_path, bands=(5,))
    with pytest.raises(UserError, match="channels are counted from 1"):
        load_data(tmp_path, bands=(0, 1))


def test_colours_of_sixteen_bits_are_told_of(tmp_path):
    import struct
    import zlib

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + RNG.integers(0, 65536, (4, 3)).astype(">u2").tobytes() for _ in range(4))
    deep = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 16, 2, 0, 0, 0))
    deep += chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    for i in range(3):
        (tmp_path / f"{i}.png").write_bytes(deep)
    data = load_data(tmp_path)
    assert data.data_shape == (3, 4, 4)
    assert noted(data, "16 bits").startswith("3 images are of colours of 16 bits, of which the upper 8 are read")

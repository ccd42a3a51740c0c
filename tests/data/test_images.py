"""Folders of images: formats, modes, orientation, sizes, classes, splits, and what is refused."""

import gc

import numpy as np
import pytest
import torch
from PIL import Image

from image_helpers import colour, fill, grey, pixels
from reparam.data import Batches, evaluation_batches, load_data
from reparam.errors import UserError

RNG = np.random.default_rng(3)


def refuse(path, match, **arguments):
    with pytest.raises(UserError, match=match):
        load_data(path, **arguments)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tiff", ".webp", ".ppm", ".PNG"])
@pytest.mark.parametrize("make", [grey, colour])
def test_a_flat_folder(tmp_path, suffix, make):
    def save(image, path):
        Image.fromarray(image).save(path, **({"lossless": True} if suffix == ".webp" else {}))

    images = [make() for _ in range(10)]
    for i, image in enumerate(images):
        save(image, tmp_path / f"{i}{suffix}")
    data = load_data(tmp_path)
    channels = 3 if make is colour or suffix == ".webp" else 1  # WebP knows no grey.
    assert data.data_shape == (channels, 8, 9)
    assert (data.scale, data.classes, data.range) == (255.0, (), (0.0, 1.0))
    expected = sorted(np.moveaxis(np.broadcast_to(i.reshape(8, 9, -1), (8, 9, channels)), -1, 0).tobytes()
                      for i in images)  # fmt: skip
    assert sorted(x.numpy().tobytes() for split in data.splits.values() for x in split.x) == expected


def test_subfolders_are_classes(tmp_path):
    for label, level in (("cat", 10), ("ant", 200)):
        fill(tmp_path / label, 10, lambda level=level: np.full((8, 8), level, np.uint8))
    fill(tmp_path / ".hidden", 1)
    (tmp_path / "notes.txt").write_text("not an image")
    data = load_data(tmp_path)
    assert data.classes == ("ant", "cat")
    for split in data.splits.values():
        assert [int(x[0, 0, 0]) for x in split.x] == [(200, 10)[y] for y in split.y]


def test_subfolders_named_as_splits_are_splits(tmp_path):
    for split, n in (("train", 12), ("val", 3), ("test", 4)):
        for label in ("a", "b"):
            fill(tmp_path / split / label, n)
    data = load_data(tmp_path)
    assert [len(split) for split in data.splits.values()] == [24, 6, 8]
    assert data.classes == ("a", "b")
    assert torch.bincount(data.test.y).tolist() == [4, 4]


def test_one_coloured_image_makes_all_coloured(tmp_path):
    fill(tmp_path, 5)
    Image.fromarray(colour()).save(tmp_path / "z.png")
    assert load_data(tmp_path).data_shape == (3, 8, 9)


def test_palettes(tmp_path):
    original = np.zeros((8, 9, 3), np.uint8)
    original[2:5] = (255, 0, 80)
    Image.fromarray(original).quantize(4).save(tmp_path / "a.png")
    assert np.array_equal(pixels(tmp_path / "a.png"), original)
    for name in "bcd":
        Image.fromarray(grey() // 128 * 255).convert("P").save(tmp_path / f"{name}.png")
    assert load_data(tmp_path).data_shape[0] == 3
    (tmp_path / "a.png").unlink()
    assert load_data(tmp_path).data_shape[0] == 1


@pytest.mark.parametrize("suffix", [".png", ".tiff", ".webp"])
def test_exif_orientation_is_respected(tmp_path, suffix):
    upright = colour(8, 16)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise when shown
    for i in range(4):
        options = {"lossless": True} if suffix == ".webp" else {}
        Image.fromarray(np.rot90(upright)).save(tmp_path / f"{i}{suffix}", exif=exif, **options)
    data = load_data(tmp_path)
    assert data.data_shape == (3, 8, 16)
    assert np.array_equal(np.moveaxis(data.train.x[0].numpy(), 0, -1), upright)


def test_mixed_sizes_name_two_files(tmp_path):
    fill(tmp_path, 3)
    Image.fromarray(grey(8, 12)).save(tmp_path / "wide.png")
    sizes = r"2 sizes in all, most often 9x8 \(3\), 12x8 \(1\): give image_size=8, say, to bring them to 8 x 8"
    refuse(tmp_path, rf"000.png' is 9x8 and .*wide.png' is 12x8 \(width x height\), {sizes}")
    assert load_data(tmp_path, image_size=8).data_shape == (1, 8, 8)


def test_bad_folders_are_refused(tmp_path):
    refuse(tmp_path, "holds no images")
    (tmp_path / "readme.txt").write_text("")
    refuse(tmp_path, "holds no images")
    fill(tmp_path, 4)
    refuse(tmp_path, "image_size: 0 will not do", image_size=0)
    fill(tmp_path / "more", 2)
    refuse(tmp_path, "both beside .'000.png'. and in subfolders .'more'")


def test_lazy_folders_give_the_bits_of_those_in_memory(tmp_path):
    for label in "ab":
        fill(tmp_path / label, 20, colour)
    memory, disk = load_data(tmp_path), load_data(tmp_path, memory_limit=1000)
    assert isinstance(memory.train.x, torch.Tensor)
    assert not isinstance(disk.train.x, torch.Tensor)
    assert memory.fingerprint == disk.fingerprint
    torch.manual_seed(0)
    state = torch.random.get_rng_state()
    near, far = (Batches(data.train, data, 5, 7) for data in (memory, disk))
    for index in (0, 1, 2, 9, 10, 3):  # in sequence, past an epoch's end, and jumping both ways
        for a, b in zip(near(index), far(index), strict=True):
            assert torch.equal(a, b)
    for a, b in zip(evaluation_batches(memory.test, memory, 3), evaluation_batches(disk.test, disk, 3), strict=True):
        assert torch.equal(a[0], b[0])
        assert torch.equal(a[1], b[1])
    assert torch.equal(state, torch.random.get_rng_state())
    del far
    gc.collect()


def test_the_order_is_that_of_the_names(tmp_path):
    images = fill(tmp_path, 12)
    data = load_data(tmp_path)
    place = {image.tobytes(): i for i, image in enumerate(images)}
    for split in data.splits.values():
        rows = [place[x.numpy().tobytes()] for x in split.x]
        assert rows == sorted(rows)


FINGERPRINTS = {
    "classes": "59444f26e80afae4",
    "colours": "a15b0a3c7a0c9e8b",
    "grey": "ee1cd9798a310806",
    "palette": "814c08a218fe366b",
}


def steps(height, width, channels=3):
    """An image that is the same everywhere and for ever."""
    return (np.arange(height * width * channels) * 37 % 256).astype(np.uint8).reshape(height, width, channels)


def test_what_version_0_1_0_read_is_read_to_the_bit(tmp_path):
    """Fingerprints as that version had them, whose runs go on."""
    for folder in ("grey", "colours", "classes/b", "classes/a/deep", "palette"):
        (tmp_path / folder).mkdir(parents=True)
    for i in range(10):
        image = np.roll(steps(6, 7), i, 1)
        Image.fromarray(image[..., 0]).save(tmp_path / "grey" / f"{i}.png")
        Image.fromarray(image).save(tmp_path / "colours" / f"{i}.bmp")
        Image.fromarray(image).save(tmp_path / "classes" / ("b" if i % 3 else "a/deep") / f"{i}.png")
        Image.fromarray(image[..., 0] // 64).convert("P").save(tmp_path / "palette" / f"{i}.png", transparency=i % 4)
    found = {folder.name: load_data(folder).fingerprint[:16] for folder in sorted(tmp_path.iterdir())}
    assert found == FINGERPRINTS

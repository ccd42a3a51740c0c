"""Pillow's images in Python code are read as the same images in files."""

import numpy as np
import pytest
from PIL import Image
from torch.utils.data import Dataset as TorchDataset

from image_helpers import colour, everything, grey
from reparam.data import Dataset, examples_of, load_data
from reparam.errors import UserError


class Folder(TorchDataset):
    """As torchvision's: pictures as Pillow opens them, and their labels."""

    classes = ("cat", "dog")

    def __init__(self, paths):
        self.paths = paths

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, at):
        return Image.open(self.paths[at]), at % 2


def saved(folder, images, **options):
    for i, image in enumerate(images):
        image.save(folder / f"{i:02}.png", **options)
    return sorted(folder.iterdir())


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "mixed"])
def test_a_torch_data_set_is_read_as_its_folder(tmp_path, mode):
    modes = ["L", "RGB", "P", "LA", "RGBA"] if mode == "mixed" else [mode]
    images = [Image.fromarray(colour(8, 8)).convert(modes[i % len(modes)]) for i in range(20)]
    paths = saved(tmp_path, images)
    given, read = Dataset.of(Folder(paths), name="a"), load_data(tmp_path)
    assert given.data_shape == read.data_shape
    assert np.array_equal(everything(given), everything(read))
    assert given.classes == ("cat", "dog")


def test_turned_and_deep_images(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    paths = saved(tmp_path, [Image.fromarray(grey(6, 9)) for _ in range(10)], exif=exif)
    given, read = Dataset.of([Image.open(path) for path in paths]), load_data(tmp_path)
    assert given.data_shape == read.data_shape == (1, 9, 6)
    assert np.array_equal(everything(given), everything(read))
    deep = [Image.fromarray(grey().astype(np.uint16) * 16) for _ in range(10)]
    assert Dataset.of(deep).scale == 4095


def test_one_picture_is_an_example():
    data = Dataset.of([Image.fromarray(colour(8, 8)) for _ in range(10)])
    image = Image.fromarray(colour(8, 8))
    assert np.allclose(examples_of(image, data)[0], np.moveaxis(np.asarray(image), -1, 0) / 255)


def test_what_cannot_be_decoded_is_refused(tmp_path):
    paths = saved(tmp_path, [Image.fromarray(colour(40, 40)) for _ in range(4)])
    paths[2].write_bytes(paths[2].read_bytes()[:2000])
    images = [Image.open(path) for path in paths]
    with pytest.raises(UserError, match=r"image 2 of .* cannot be decoded"):
        Dataset.of(images)
    for image in images:
        image.close()

"""Which files count as images, what is passed over and said, and what is done about broken, moving and huge ones."""

import os
import shutil
import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from image_helpers import colour, everything, fill, grey, noted, pixels
from reparam.data import load_data
from reparam.errors import UserError

RNG = np.random.default_rng(5)


def refusal(path, **reading):
    with pytest.raises(UserError) as caught:
        load_data(path, **reading)
    return str(caught.value)


def test_hidden_files_and_folders_are_counted_and_no_data(tmp_path):
    originals = fill(tmp_path / "cat", 6) + fill(tmp_path / "dog", 6)
    shutil.copytree(tmp_path / "cat", tmp_path / "cat" / ".ipynb_checkpoints")
    shutil.copytree(tmp_path / "cat", tmp_path / ".git" / "objects")
    fill(tmp_path / "cat" / "__MACOSX", 2)
    for name in (".hidden.png", "._000.png", ".DS_Store"):
        shutil.copy(tmp_path / "cat" / "000.png", tmp_path / "dog" / name)
    data = load_data(tmp_path)
    assert data.classes == ("cat", "dog")
    assert sorted(x.tobytes() for x in everything(data)) == sorted(x.tobytes() for x in originals)
    # .git holds a copy of cat with its own hidden folder
    assert noted(data, "passed over") == f"passed over: {6 + 12 + 2 + 3} hidden files"


def test_others_are_counted_by_ending_and_those_that_can_be_converted_named(tmp_path):
    fill(tmp_path, 5)
    names = ["a.txt", "b.TXT", "notes.md", "c.HEIC", "d.heic", "e.jxl", "Makefile"]
    for name in names:
        (tmp_path / name).write_text("words")
    (tmp_path / "empty.png").touch()
    words = noted(load_data(tmp_path), "passed over")
    assert words.startswith("passed over: 1 empty file, ")
    for part in (".txt 2", ".md 1", ".heic 2 (convert them to PNG or JPEG, with pillow-heif, say)", "no ending 1"):
        assert part in words
    for i in range(12):
        (tmp_path / f"x.end{i}").write_text("words")
    words = noted(load_data(tmp_path), "passed over")
    assert "pillow-jxl-plugin" in words
    assert words.count(".end") <= 6
    assert "others" in words


def test_a_folder_without_images_says_what_it_holds(tmp_path):
    (tmp_path / "a.heic").write_bytes(b"ftypheic")
    (tmp_path / "t.npy").write_bytes(b"")
    told = refusal(tmp_path)
    assert "holds no images" in told
    assert ".heic 1 (convert them to PNG or JPEG, with pillow-heif, say), .npy 1" in told


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "JPEG2000"])
def test_files_without_an_ending_are_read_if_they_begin_as_images_do(tmp_path, form):
    for i in range(5):
        Image.fromarray(grey()).save(tmp_path / f"IMG_{i}", form)
        Image.fromarray(grey()).save(tmp_path / f"scan.2024.0{i}", form)
    (tmp_path / "README").write_text("these are pictures")
    data = load_data(tmp_path)
    assert len(everything(data)) == 10
    assert noted(data, "without an ending") == "10 files without an ending that begin as images do: read"
    assert noted(data, "passed over") == "passed over: no ending 1"


def test_an_image_under_another_formats_name_is_read(tmp_path):
    image = grey()
    Image.fromarray(image).save(tmp_path / "a.jpg", "PNG")
    assert np.array_equal(pixels(tmp_path / "a.jpg")[..., 0], image)


def test_runs_among_the_data_are_passed_over(tmp_path, monkeypatch):
    import reparam

    originals = fill(tmp_path, 30, lambda: grey(8, 8))
    before = load_data(tmp_path)
    for place in (tmp_path / "runs" / "one", tmp_path / "two"):
        run = reparam.fit(_vae(), before, place, steps=2, progress=reparam.training.Silent())
        run.sample(4).figure()
        (place / "figures").mkdir(exist_ok=True)
        Image.fromarray(grey(30, 40)).save(place / "figures" / "sample.png")
    Image.fromarray(grey(30, 40)).save(tmp_path / "runs" / "beside.png")
    data = load_data(tmp_path)
    assert data.fingerprint == before.fingerprint
    assert noted(data, "passed over") == "passed over: 2 run folders of reparam (runs, two)"
    monkeypatch.chdir(tmp_path)
    data = load_data(".")
    assert len(everything(data)) == len(originals)
    assert data.name == tmp_path.name
    fill(tmp_path / "sports" / "runs", 4)  # of a class of that name
    fill(tmp_path / "sports" / "goals", 4)
    assert load_data(tmp_path / "sports").classes == ("goals", "runs")


def _vae():
    from reparam.models import VAE, StandardNormal
    from reparam.models.vae.likelihoods import NormalLikelihood
    from reparam.networks import MLP

    shape = (1, 8, 8)
    return VAE(MLP(shape, [4], 4), MLP(2, [4], shape), StandardNormal(2), likelihood=NormalLikelihood(shape))


def test_links(tmp_path):
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    originals = fill(data / "a", 4) + fill(elsewhere, 4)
    (data / "b").symlink_to(elsewhere)  # another disk's folder, as clusters have them
    (data / "a" / "up").symlink_to(data)
    (data / "a" / "itself").symlink_to(data / "a")
    (elsewhere / "round").symlink_to(elsewhere)
    (elsewhere / "over").symlink_to(tmp_path)
    read = load_data(data)
    assert read.classes == ("a", "b")
    assert sorted(x.tobytes() for x in everything(read)) == sorted(x.tobytes() for x in originals)
    assert noted(read, "passed over") == "passed over: 4 links back into the data"
    (data / "a" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    assert "gone.png' cannot be read as an image" in refusal(data)
    assert "No such file" in refusal(data)


def test_names_are_printed_safely(tmp_path):
    bad = "red \x1b[31m\n"
    fill(tmp_path / bad, 5)
    fill(tmp_path / "Bild é 図", 5)
    broken = os.fsencode(tmp_path / bad) + b"/\xff\xfe.png"
    with open(broken, "wb") as file:  # noqa: PTH123 - a name that is no text
        file.write(b"nothing")
    data = load_data(tmp_path, skip_broken=True)
    assert data.classes == ("Bild é 図", "red \\x1b[31m\\n")
    told = refusal(tmp_path)
    assert told.isprintable()
    assert "udcff" in told


def test_all_that_is_wrong_with_a_folder_is_told_at_once(tmp_path):
    fill(tmp_path, 6, lambda: colour(40, 40))
    fill(tmp_path / "cats", 3, lambda: colour(20, 30))
    (tmp_path / "000.png").write_bytes(b"hello")
    told = refusal(tmp_path)
    for words in ("both beside", "leave one of the two", "000.png' cannot be read", "skip_broken=True",
                  "differ in size", "image_size="):  # fmt: skip
        assert words in told
    assert told.count("Besides: ") == 2


def test_all_broken_files_are_told_at_once(tmp_path):
    originals = fill(tmp_path, 30, lambda: colour(40, 40))
    whole = (tmp_path / "000.png").read_bytes()
    for i in range(3, 15):
        (tmp_path / f"{i:03}.png").write_bytes([whole[: len(whole) // 2], b"hello"][i % 2])
    told = refusal(tmp_path)
    assert told.startswith("12 of 30 files cannot be read as images: ")
    assert [f"{i:03}.png" in told for i in range(3, 15)] == [True] * 5 + [False] * 7
    assert told.endswith("; and 7 more: mend them or remove them, or go on without them (skip_broken=True).")
    data = load_data(tmp_path, skip_broken=True)
    kept = [one for i, one in enumerate(originals) if not 3 <= i < 15]
    assert sorted(x.tobytes() for x in everything(data)) == sorted(np.moveaxis(x, -1, 0).tobytes() for x in kept)
    assert noted(data, "left out") == "12 files that cannot be read left out"


@pytest.mark.parametrize("content", [b"hello", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "half"])
@pytest.mark.parametrize("lazy", [False, True])
def test_a_broken_file_is_named(tmp_path, content, lazy):
    fill(tmp_path, 4, lambda: colour(40, 40))
    victim = tmp_path / "002.png"
    whole = victim.read_bytes()
    victim.write_bytes(whole[: len(whole) // 2] if content == "half" else content)
    told = refusal(tmp_path, **({"memory_limit": 1} if lazy else {}))
    assert f"{str(victim)!r} cannot be read as an image (" in told
    assert told.endswith("): mend it or remove it, or go on without it (skip_broken=True).")


@pytest.mark.parametrize("suffix", [".jpg", ".gif", ".png"])
def test_files_that_are_cut_short_are_found_without_being_decoded(tmp_path, suffix):
    fill(tmp_path, 8, lambda: colour(40, 40), suffix)
    victim = tmp_path / f"005{suffix}"
    victim.write_bytes(victim.read_bytes()[:-100])
    assert f"005{suffix}' cannot be read as an image" in refusal(tmp_path, memory_limit=1)


def test_a_folder_of_nothing_but_broken_files(tmp_path):
    fill(tmp_path, 3)
    for path in tmp_path.iterdir():
        path.write_bytes(b"hello")
    told = refusal(tmp_path, skip_broken=True)
    assert told.startswith("3 of 3 files cannot be read as images")
    assert "skip_broken" not in told


def test_whole_pixels_behind_a_broken_exif_block_are_read(tmp_path):
    originals = fill(tmp_path, 6, colour)
    rubbish = b"Exif\x00\x00" + b"\x00\x08\x00\x02\x01\x12\x00\x03 not a TIFF header"
    for name in ("002.png", "004.png"):
        Image.fromarray(originals[int(name[2])]).save(tmp_path / name, exif=rubbish)
    Image.fromarray(originals[0]).save(tmp_path / "9.jpg", exif=rubbish)
    (tmp_path / "000.png").unlink()
    data = load_data(tmp_path)
    stored = {x.tobytes() for x in everything(data)}
    assert {np.moveaxis(one, -1, 0).tobytes() for one in originals[1:]} < stored
    assert noted(data, "EXIF") == "3 images have an EXIF block that cannot be read: taken as they lie"


def frames(n, height=8, width=9):
    return [Image.fromarray(colour(height, width)) for _ in range(n)]


@pytest.mark.parametrize(
    ("suffix", "options"), [(".gif", {}), (".tiff", {}), (".png", {}), (".webp", {"lossless": True})]
)
def test_of_files_of_several_pictures_the_first_or_all(tmp_path, suffix, options):
    counts = [4, 2, 3, 5, 2, 4]
    stored = []
    for i, count in enumerate(counts):
        each = frames(count)
        each = [one.quantize(64).convert("RGB") for one in each] if suffix == ".gif" else each
        stored.append([np.moveaxis(np.asarray(one), -1, 0) for one in each])
        each[0].save(tmp_path / f"{i}{suffix}", save_all=True, append_images=each[1:], **options)
    data = load_data(tmp_path)
    assert len(everything(data)) == 6
    words = '6 files of up to 5 pictures: the first is taken (frames="all": all of them)'
    assert noted(data, "pictures:") == words
    if suffix != ".gif":
        assert {x.tobytes() for x in everything(data)} == {each[0].tobytes() for each in stored}
    data = load_data(tmp_path, frames="all")
    assert len(everything(data)) == sum(counts)
    assert noted(data, "pictures:") == "6 files of up to 5 pictures: each is an example"
    assert "whose pictures stay together" in noted(data, "split")
    if suffix != ".gif":  # whose colours are each picture's own palette
        owner = {one.tobytes(): i for i, each in enumerate(stored) for one in each}
        parts = [{owner[np.asarray(x).tobytes()] for x in split.x} for split in data.splits.values()]
        assert sum(map(len, parts)) == len(set().union(*parts)) == 6
    disk = load_data(tmp_path, frames="all", memory_limit=1)
    assert disk.fingerprint == data.fingerprint


def test_one_stack_is_split_in_its_order(tmp_path):
    each = [Image.fromarray(np.full((4, 5), 10 * i, np.uint8)) for i in range(20)]
    each[0].save(tmp_path / "stack.tif", save_all=True, append_images=each[1:])
    data = load_data(tmp_path, frames="all")
    levels = [[int(x[0, 0, 0]) // 10 for x in split.x] for split in data.splits.values()]
    assert levels == [list(range(16)), [16, 17], [18, 19]]
    assert "in the order of the pictures" in noted(data, "split")


def test_many_warnings_are_one_line(tmp_path, recwarn):
    for i in range(40):
        icon = Image.fromarray(RNG.integers(0, 9, (8, 8), dtype=np.uint8), "L").convert("P")
        icon.save(tmp_path / f"{i}.png", transparency=bytes([0] + [255] * 8))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = load_data(tmp_path)
    assert not caught
    assert noted(data, "transparent") == (
        '40 images are transparent: laid on white (background="black", say: on another colour)'
    )
    from collections import Counter

    from reparam.data.readers.files import Files
    from reparam.data.readers.gather import gather, told_warnings
    from reparam.data.readers.modes import Look

    class Warns(Files):
        def open(self, name):
            warnings.warn("an odd picture", stacklevel=1)
            return (tmp_path / name).open("rb")

    found = gather(Warns(tmp_path), [f"{i}.png" for i in range(40)], Look(), 2**30)
    assert found.warnings == Counter({"an odd picture": 40})
    assert told_warnings(found.warnings) == "the image library warned 40 times: an odd picture"
    assert not recwarn


def test_white_icons_on_transparency_are_told_of(tmp_path):
    for i in range(12):
        icon = np.full((8, 8, 4), 255, np.uint8)
        icon[..., 3] = RNG.integers(0, 2, (8, 8)) * 255
        Image.fromarray(icon).save(tmp_path / f"{i}.png")
    data = load_data(tmp_path)
    assert noted(data, "one tone") == (
        '12 of 12 pictures are of one tone laid on white: background="black" may show them'
    )
    shown = load_data(tmp_path, background="black")
    assert not [note for note in shown.notes if "one tone" in note]
    assert everything(shown).std() > 50


@pytest.mark.parametrize("suffix", [".jpg", ".jp2"])
def test_very_large_pictures_are_read_in_reduced_form(tmp_path, monkeypatch, suffix):
    ramp = np.linspace(0, 255, 600).astype(np.uint8)[None].repeat(400, 0)
    for i in range(4):
        Image.fromarray(ramp).save(tmp_path / f"{i}{suffix}", quality=95)
    exact = everything(load_data(tmp_path, image_size=16)).astype(int)
    for most in (200_000, 50_000):  # of which Pillow warns, and refuses at twice as many
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", most)
        data = load_data(tmp_path, image_size=16)
        assert noted(data, "reduced form") == "4 images are very large: read in reduced form"
        assert np.abs(everything(data) - exact).max() <= 4
        told = refusal(tmp_path)
        assert f"600x400 (width x height) are more than {most:,} pixels" in told
        assert "image_size=" in told


def test_what_cannot_be_read_in_reduced_form_is_refused_beyond_a_bound(tmp_path, monkeypatch):
    fill(tmp_path, 4, lambda: grey(40, 40))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert len(everything(load_data(tmp_path, image_size=8))) == 4
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)
    told = refusal(tmp_path, image_size=8)
    assert (
        "40x40 (width x height) are more than 500 pixels, and PNG is not read in reduced form: make it smaller" in told
    )
    assert "4 of 4 files" in told


def gradient(height, width):
    rows, columns = np.mgrid[:height, :width]
    return (rows * 100 // height + columns * 155 // width).astype(np.uint8)


@pytest.mark.parametrize(("height", "width"), [(20, 60), (60, 20), (8, 400), (33, 34)])
def test_images_of_any_shape_become_square(tmp_path, height, width):
    for i in range(4):
        Image.fromarray(gradient(height, width)).save(tmp_path / f"{i}.png")
    size = 10
    shown = {fit: pixels(tmp_path / "0.png", size=size, fit=fit, background=(1, 1, 1))[..., 0] for fit in
             ("crop", "pad", "stretch")}  # fmt: skip
    assert {one.shape for one in shown.values()} == {(size, size)}
    inner = max(1, round(size * min(height, width) / max(height, width)))
    margin = (size - inner) // 2
    padded = shown["pad"] if width >= height else shown["pad"].T
    assert (padded[:margin] == 1).all()
    assert (padded[margin + inner :] == 1).all()
    assert padded[margin : margin + inner].max() > 100
    assert shown["stretch"][0, 0] < 40
    assert shown["stretch"][-1, -1] > 215
    middle = int(gradient(height, width)[height // 2, width // 2])
    assert abs(int(shown["crop"][size // 2, size // 2]) - middle) < 30
    data = load_data(tmp_path, image_size=size)
    assert ("lose more than half" in noted(data, "resized")) == (max(height, width) > 2 * min(height, width))
    assert noted(load_data(tmp_path, image_size=size, fit="pad"), "resized").endswith("the rest left white")
    assert noted(load_data(tmp_path, image_size=size, fit="stretch"), "resized").endswith(
        "stretched to 10 by 10 pixels"
    )


def test_padding_has_the_colour_of_the_background(tmp_path):
    for i in range(4):
        Image.fromarray(gradient(10, 20)).save(tmp_path / f"{i}.png")
    data = load_data(tmp_path, image_size=8, fit="pad", background="#ff0080")
    assert data.data_shape == (3, 8, 8)
    assert everything(data)[0, :, 0, 0].tolist() == [255, 0, 128]
    assert load_data(tmp_path, image_size=8, fit="pad", background="#808080").data_shape == (1, 8, 8)


def test_image_size_scales_the_short_side_and_cuts_the_centre(tmp_path):
    wide = np.zeros((20, 60), np.uint8)
    wide[:, 20:40] = 200
    for name in "abc":
        Image.fromarray(wide).save(tmp_path / f"{name}.png")
    fill(tmp_path / ".", 2)
    data = load_data(tmp_path, image_size=10)
    assert data.data_shape == (1, 10, 10)
    assert np.abs(pixels(tmp_path / "a.png", size=10).astype(float) - 200).max() < 20
    assert "shorter side scaled to 10" in noted(data, "resized")


def test_labels_need_every_image_in_a_folder(tmp_path):
    fill(tmp_path / "train" / "a", 4)
    fill(tmp_path / "train", 4)
    assert load_data(tmp_path).classes == ()


def test_a_folder_around_the_classes_is_told_of(tmp_path):
    for label in ("cat", "dog"):
        fill(tmp_path / "pets" / label, 5)
    told = noted(load_data(tmp_path), "one class")
    assert told == (
        "all images lie in 'pets', which is read as one class; give 'pets' itself to have its subfolders (cat, dog) as "
        "classes"
    )
    assert load_data(tmp_path / "pets").classes == ("cat", "dog")


def test_progress_is_told_after_two_seconds(tmp_path, monkeypatch, capsys):
    from reparam import pace

    fill(tmp_path, 300)
    load_data(tmp_path)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(pace, "PATIENCE", 0.0)
    load_data(tmp_path)
    err = capsys.readouterr().err
    assert err.startswith("reading images: ")
    assert " of 300 (" in err
    assert torch.is_tensor(load_data(tmp_path).train.x)

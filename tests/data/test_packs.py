"""Packed images: the bits of the folder that they were made of, made whole or not at all, and read with suspicion."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import load_file

from image_helpers import colour, fill, grey
from reparam.cli.main import main
from reparam.data import Batches, DataRecord, LazyArray, data_like, load_data, pack, store
from reparam.data.elsewhere import fitting
from reparam.data.packs import RECORD
from reparam.data.prefetch import usable_cores
from reparam.data.readers import gather as gathering
from reparam.data.readers.files import FolderFiles
from reparam.data.readers.modes import Look
from reparam.data.store import PROGRESS, in_the_making
from reparam.errors import Notice, UserError


def classes(folder):
    for name in ("cow", "ant", "bee"):
        fill(folder / name, 9, colour)
    return {}


def splits(folder):
    for split in ("train", "test"):
        for name in ("ant", "bee"):
            fill(folder / split / name, 7)
    return {}


def sizes(folder):
    for n, side in enumerate((20, 31, 17, 40) * 4):
        folder.mkdir(exist_ok=True)
        Image.fromarray(grey(side, 20)).save(folder / f"{n}.png")
    return {"image_size": 16, "fit": "pad"}


def deep(folder):
    folder.mkdir()
    for n in range(15):
        Image.fromarray(grey().astype(np.uint16) * 16).save(folder / f"{n:02}.png")
    return {}


def several(folder):
    folder.mkdir()
    for n in range(12):
        frames = [Image.fromarray(grey()) for _ in range(1 + n % 4)]
        frames[0].save(folder / f"{n}.tif", save_all=True, append_images=frames[1:])
    return {"frames": "all"}


def table(columns, rows):
    def make(folder):
        fill(folder, 24)
        lines = [f"{n:03}.png,{','.join(rows(n))}\n" for n in range(24)]
        (folder / "labels.csv").write_text(f"file,label,{columns}\n" + "".join(lines), encoding="utf-8")

    return make


def grouped(folder):
    table("patient", lambda n: ("ab"[n % 2], f"p{n // 3}" if n < 20 else ""))(folder)
    return {"groups": "patient"}


def named(folder):
    table("part", lambda n: ("ab"[n % 2], ("train", "Train ", "val", "testing")[n % 4]))(folder)
    return {"split_by": "part"}


def stratified(folder):
    classes(folder)
    return {"split_by": "stratified"}


def archive(folder):
    import shutil

    classes(folder)
    shutil.make_archive(str(folder), "zip", folder.parent, folder.name)
    return {}


KINDS = [classes, splits, sizes, deep, several, grouped, named, stratified, archive]


def alike(one, other):
    assert (one.fingerprint, one.name, one.data_shape) == (other.fingerprint, other.name, other.data_shape)
    assert (one.classes, one.scale, one.range, one.binary) == (other.classes, other.scale, other.range, other.binary)
    assert one.drawn == other.drawn
    lasting = [[note for note in data.notes if "as they are needed" not in note] for data in (one, other)]
    assert lasting[0] == lasting[1]
    for name, split in one.splits.items():
        rows = torch.arange(len(split))
        packed = other.splits[name]
        assert torch.equal(split.x[rows], packed.x[rows])
        assert split.x.dtype == packed.x.dtype
        assert (split.y is None and packed.y is None) or torch.equal(split.y[rows], packed.y[rows])


@pytest.mark.parametrize("make", KINDS)
def test_a_pack_is_read_as_the_folder_is(tmp_path, make):
    how = make(tmp_path / "photos")
    source = tmp_path / ("photos.zip" if make is archive else "photos")
    done = pack(source, tmp_path / "photos.pack", **how)
    assert done.bytes == done.examples * int(np.prod(done.data_shape)) * (4 if make is deep else 1)
    for seed in (0, 3):
        folder, packed = load_data(source, seed=seed, **how), load_data(tmp_path / "photos.pack", seed=seed)
        alike(folder, packed)
        on_disk = load_data(tmp_path / "photos.pack", seed=seed, memory_limit=100)
        assert isinstance(on_disk.train.x, LazyArray)
        alike(folder, on_disk)
        for index in (0, 5):
            assert torch.equal(*(Batches(data.train, data, 4, 1)(index)[0] for data in (folder, on_disk)))


def test_a_pack_is_made_in_pieces_where_images_are_many(tmp_path):
    how = sizes(tmp_path / "photos")
    pack(tmp_path / "photos", tmp_path / "a.pack", **how)
    pack(tmp_path / "photos", tmp_path / "b.pack", memory_limit=500, **how)
    assert (tmp_path / "a.pack" / "x.npy").read_bytes() == (tmp_path / "b.pack" / "x.npy").read_bytes()


KILLED = """
import os, sys
from reparam.data import pack, packing, store

store.FLUSHED = 300
pieces, made = packing._pieces, []

def until(found, start):
    for piece in pieces(found, start):
        for row in piece:
            yield row[None]
            made.append(row)
            if len(made) == 7:
                os.kill(os.getpid(), 9)

packing._pieces = until
pack("photos", "photos.pack", image_size=16, fit="pad")
"""


def test_a_killed_job_leaves_nothing_and_is_gone_on_with(tmp_path):
    how = sizes(tmp_path / "photos")
    done = subprocess.run([sys.executable, "-c", KILLED], cwd=tmp_path, timeout=120, check=False)
    assert done.returncode == -9
    assert not (tmp_path / "photos.pack").exists()
    said = json.loads((tmp_path / ".photos.pack.part" / PROGRESS).read_text())
    assert 0 < said["rows"] <= 7
    assert 0 < pack(tmp_path / "photos", tmp_path / "photos.pack", **how).gone_on <= 7
    assert pack(tmp_path / "photos", tmp_path / "fresh.pack", **how).gone_on == 0
    for name in ("x.npy", RECORD):
        assert len({(tmp_path / one / name).read_bytes() for one in ("photos.pack", "fresh.pack")}) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fresh.pack", "photos", "photos.pack"]


def test_what_a_kill_leaves_of_a_pack_that_is_in_its_place_is_swept(tmp_path):
    how = sizes(tmp_path / "photos")
    pack(tmp_path / "photos", tmp_path / "photos.pack", **how)
    (tmp_path / "photos.pack" / PROGRESS).write_text("{}")
    (tmp_path / ".photos.pack.old.part").mkdir()
    with pytest.warns(Notice, match="holds these images already"):
        pack(tmp_path / "photos", tmp_path / "photos.pack", **how)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "photos.pack"]
    assert not (tmp_path / "photos.pack" / PROGRESS).exists()


FULL = """
import resource, signal, sys
from reparam.cli.main import main

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
sys.exit(main(["data", "pack", "photos", "--image-size", "16", "--fit", "pad", "--out", "photos.pack"]))
"""


@pytest.mark.skipif(os.name == "nt", reason="what a file may hold is bounded by POSIX")
@pytest.mark.parametrize("most", [70, 700], ids=["in its head", "in its rows"])
def test_a_disk_that_is_full_is_a_sentence_and_the_job_is_gone_on_with(tmp_path, most):
    how = sizes(tmp_path / "photos")
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(most)], cwd=tmp_path, timeout=120, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.count("reparam: ") == 1
    assert "x.npy cannot be written (File too large)" in done.stderr
    assert not (tmp_path / "photos.pack").exists()
    pack(tmp_path / "photos", tmp_path / "photos.pack", **how)
    alike(load_data(tmp_path / "photos", **how), load_data(tmp_path / "photos.pack"))


def test_what_another_job_has_left_is_begun_anew(tmp_path):
    how = sizes(tmp_path / "photos")
    left = tmp_path / ".photos.pack.part"
    left.mkdir()
    (left / "x.npy").write_bytes(bytes(5000))
    (left / PROGRESS).write_text('{"key": "of another", "rows": 7}')
    assert pack(tmp_path / "photos", tmp_path / "photos.pack", **how).gone_on == 0
    alike(load_data(tmp_path / "photos", **how), load_data(tmp_path / "photos.pack"))


def test_new_images_are_brought_to_the_size_of_those_in_a_pack(tmp_path):
    how = sizes(tmp_path / "photos")
    pack(tmp_path / "photos", tmp_path / "a.pack", **how)
    record = DataRecord.of(load_data(tmp_path / "a.pack"))
    assert fitting(record, tmp_path / "photos") == how
    assert fitting(record, tmp_path / "a.pack") == {}
    other = data_like(record, tmp_path / "photos")
    assert other.fingerprint == record.fingerprint
    shutil.rmtree(tmp_path / "a.pack")
    assert fitting(record, tmp_path / "photos") == how  # what a run knows does not go with its data


def test_one_process_makes_a_pack_at_a_time(tmp_path):
    how = classes(tmp_path / "photos")
    with pytest.raises(UserError, match=r"another process is making .*a\.pack"), in_the_making(tmp_path / "a.pack"):
        pack(tmp_path / "photos", tmp_path / "a.pack", **how)


def test_what_stands_there_is_left_unless_it_is_an_older_pack(tmp_path):
    how = classes(tmp_path / "photos")
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    for force in (False, True):
        with pytest.raises(UserError, match="is no pack"):
            pack(tmp_path / "photos", out, force=force, **how)
    pack(tmp_path / "photos", tmp_path / "a.pack", **how)
    with pytest.warns(UserWarning, match="holds these images already"):
        pack(tmp_path / "photos", tmp_path / "a.pack", **how)
    fill(tmp_path / "photos" / "ant", 11, colour)
    with pytest.raises(UserError, match=r"made of other images.*force=True"):
        pack(tmp_path / "photos", tmp_path / "a.pack", **how)
    assert pack(tmp_path / "photos", tmp_path / "a.pack", force=True, **how).examples == 29
    alike(load_data(tmp_path / "photos"), load_data(tmp_path / "a.pack"))
    assert (out / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("given", ["mnist", "a.csv", "nothing"])
def test_only_images_are_packed(tmp_path, given, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="no folder and no archive of images"):
        pack(given, tmp_path / "a.pack")


def rewritten(change):
    def harm(folder):
        record = json.loads((folder / RECORD).read_text())
        change(record)
        (folder / RECORD).write_text(json.dumps(record))

    return harm


def saved(name, array):
    return lambda folder: np.save(folder / name, array)


def cut(name):
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-2000])


def pipe(name):
    def harm(folder):
        (folder / name).unlink()
        os.mkfifo(folder / name)

    return harm


HARMS = {
    "more examples than there are": (rewritten(lambda r: r.update(examples=10**12)), "its record says"),
    "a huge shape": (rewritten(lambda r: r.update(shape=[2**20, 2**20, 1])), "images .* that there are none of"),
    "another shape": (rewritten(lambda r: r.update(shape=[3, 9, 8])), "holds uint8 of shape"),
    "another dtype": (rewritten(lambda r: r.update(dtype="float32")), "its record says float32"),
    "a dtype of none": (rewritten(lambda r: r.update(dtype="object")), "no record of packed images"),
    "a setting unknown": (rewritten(lambda r: r.update(run="rm -r")), "no record of packed images"),
    "bands that are none": (rewritten(lambda r: r["picture"].update(bands=[7])), "none of"),
    "no classes": (rewritten(lambda r: r.update(classes=[])), r"y\.npy.*holds 0 to 2 where there are 0 to 0"),
    "arrays that are not there": (rewritten(lambda r: r.update(arrays=["y", "groups"])), r"groups\.npy"),
    "a record cut short": (lambda f: (f / RECORD).write_text((f / RECORD).read_text()[:300]), "no record of packed"),
    "images cut short": (cut("x.npy"), r"x\.npy.*cut short"),
    "labels cut short": (saved("y.npy", np.zeros(26, np.int64)), r"y\.npy.*shape \(26,\)"),
    "labels beyond the classes": (saved("y.npy", np.full(27, 3)), r"y\.npy.*holds 3 to 3"),
    "labels below": (saved("y.npy", np.full(27, -1)), r"y\.npy.*holds -1"),
    "labels that are words": (saved("y.npy", np.array(["a"] * 27)), r"y\.npy.*its record says int64"),
    "values that are none": (rewritten(lambda r: r.update(low=300, high=400)), r"x\.npy.*other values than 300 to 400"),
    "grey said to be black and white": (rewritten(lambda r: r.update(binary=True)), "other values than 0 and 1"),
    "a way of reading that is none": (rewritten(lambda r: r.update(reading={"fit": 3})), "no record of packed images"),
    "images that are gone": (lambda f: (f / "x.npy").unlink(), r"x\.npy is missing: put it back, or pack"),
    "a pipe": (pipe("x.npy"), r"x\.npy is a pipe"),
    "images stored by column": (
        saved("x.npy", np.asfortranarray(np.zeros((27, 3, 8, 9), np.uint8))),
        "its record says",
    ),
}


@pytest.mark.parametrize("harm", HARMS)
def test_a_pack_that_is_not_what_it_says_is_refused(tmp_path, harm, capsys):
    classes(tmp_path / "photos")
    pack(tmp_path / "photos", tmp_path / "a.pack")
    change, match = HARMS[harm]
    change(tmp_path / "a.pack")
    with pytest.raises(UserError, match=match):
        load_data(tmp_path / "a.pack")
    assert main(["data", str(tmp_path / "a.pack"), "--out", str(tmp_path / "a.png")]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_the_command_packs_and_trains_from_the_pack(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    sizes(tmp_path / "photos")
    assert main(["data", "pack", "photos", "--image-size", "16", "--fit", "pad", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["examples"] == 16
    small = ["--latent-dim", "2", "--hidden", "8", "--steps", "3", "--quiet"]
    assert main(["train", "vae", "--data", "photos.pack", *small, "--out", "packed"]) == 0
    assert (
        main(["train", "vae", "--data", "photos", "--image-size", "16", "--fit", "pad", *small, "--out", "plain"]) == 0
    )
    for name in ("last", "best"):
        one, other = (tmp_path / run / "checkpoints" / f"{name}.safetensors" for run in ("packed", "plain"))
        found, expected = load_file(one), load_file(other)
        assert found.keys() == expected.keys()
        assert all(np.array_equal(found[key], expected[key]) for key in found)
    assert main(["data", "pack", "photos.pack"]) == 2
    assert "packed already" in capsys.readouterr().err


@pytest.mark.parametrize(("floats", "bad"), [(np.nan, True), (9.0, True), (0.5, False)])
def test_values_that_its_record_does_not_speak_of_are_refused(tmp_path, floats, bad):
    classes(tmp_path / "photos")
    pack(tmp_path / "photos", tmp_path / "a.pack")
    rewritten(lambda r: r.update(dtype="float32", scale=1, low=0, high=1))(tmp_path / "a.pack")
    np.save(tmp_path / "a.pack" / "x.npy", np.full((27, 3, 8, 9), floats, np.float32))
    if bad:
        with pytest.raises(UserError, match="other values than 0 to 1"):
            load_data(tmp_path / "a.pack")
    else:
        assert (load_data(tmp_path / "a.pack").train.x == 0.5).all()


def test_what_was_decided_when_images_were_packed_is_not_asked_for_again(tmp_path, capsys):
    classes(tmp_path / "photos")
    pack(tmp_path / "photos", tmp_path / "a.pack")
    assert main(["data", str(tmp_path / "a.pack"), "--split-by", "stratified"]) == 2
    assert "--split-by is decided when images are packed" in capsys.readouterr().err


def test_the_help_of_packing_lists_what_images_have_a_use_for(capsys):
    from reparam.cli.pack import OF_TABLES
    from reparam.data.readers.sources import IMAGES
    from reparam.settings import ReadingConfig

    assert set(ReadingConfig.model_fields) - set(IMAGES) == set(OF_TABLES) - {"read_as"}
    with pytest.raises(SystemExit):
        main(["data", "pack", "--help"])
    told = capsys.readouterr().out
    assert "--image-size" in told
    assert not [name for name in ("--drop", "--delimiter", "--header", "--as") if name in told]
    assert main(["data", "pack", "x", "--drop", "a"]) == 2
    assert "--drop is no option of" in capsys.readouterr().err


def test_a_pack_without_its_record_is_told_for_one(tmp_path):
    pack(tmp_path / "photos", tmp_path / "a.pack", **classes(tmp_path / "photos"))
    (tmp_path / "a.pack" / RECORD).unlink()
    with pytest.raises(UserError, match=r"holds x.npy and no pack.json.* pack the images again"):
        load_data(tmp_path / "a.pack")


def test_of_a_million_images_none_is_kept_that_will_be_let_go(tmp_path, monkeypatch):
    """Where the first says that all are far beyond the limit; a gigabyte of pixels was held for nothing."""
    fill(tmp_path / "photos", 1, colour)
    (name,) = (path.name for path in (tmp_path / "photos").iterdir())
    decoded, decode = [], gathering.pictures
    monkeypatch.setattr(gathering, "pictures", lambda *given: decoded.append(1) or decode(*given))
    size = np.prod(np.asarray(Image.open(tmp_path / "photos" / name)).shape)
    ahead = (gathering.AHEAD + 1) * gathering.PIECE * usable_cores()
    # 8,000 are four times 2,000, not more
    for limit, fewest, most in ((2000, 2000, 2000 + ahead + 1), (1999, 1, ahead)):
        decoded.clear()
        found = gathering.gather(FolderFiles(tmp_path / "photos"), [name] * 8000, Look(), int(limit * size))
        assert found.values is None
        assert len(found.facts) == 8000
        assert fewest <= len(decoded) <= most


@pytest.mark.parametrize("given", [{"source": np.zeros(3)}, {"out": 5}])
def test_what_is_no_path_is_not_packed(tmp_path, given):
    with pytest.raises(UserError, match=f"{next(iter(given))} is a (ndarray|int): give the path"):
        pack(**{"source": tmp_path, **given})


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="a folder that takes no files, of Linux")
@pytest.mark.parametrize("wait", [False, True])
def test_where_there_can_be_no_lock_nobody_waits_for_one(wait):
    with pytest.raises(UserError, match="cannot be written"), store.alone(Path("/proc/a.pack"), wait=wait):
        raise AssertionError("nothing can be made there")


def test_images_that_memory_does_not_hold_are_not_called_broken(tmp_path):
    classes(tmp_path / "photos")
    with pytest.raises(UserError, match="photos' takes more memory to be read than there is: give less of it"):
        load_data(tmp_path / "photos", image_size=10**8)


def test_a_disk_that_is_too_small_is_told_before_anything_is_decoded(tmp_path, monkeypatch):
    how = classes(tmp_path / "photos")
    monkeypatch.setattr(store, "SPARE", 10**18)
    with pytest.raises(UserError, match=r"GB free and .* GB are needed"):
        pack(tmp_path / "photos", tmp_path / "a.pack", **how)
    assert not (tmp_path / "a.pack").exists()

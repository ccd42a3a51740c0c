"""Archives of images are read as their folders would be, and nothing that is in them is trusted."""

import io
import pickle
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest
import torch
from PIL import Image

from image_helpers import everything, fill, grey, noted
from reparam.data import Batches, load_data
from reparam.data.readers import archives
from reparam.errors import UserError

FORMS = ["zip", "tar", "gztar", "bztar", "xztar"]


def packed(folder, form, inside=False):
    root, base = (folder.parent, folder.name) if inside else (folder, ".")
    return Path(shutil.make_archive(str(folder.parent / f"packed-{inside}"), form, root, base))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("lazy", [False, True])
def test_an_archive_is_read_as_its_folder(tmp_path, form, inside, lazy):
    folder = tmp_path / "pets"
    for label in ("cat", "dog é"):
        fill(folder / label, 20)
    (folder / "cat" / "notes.txt").write_text("words")
    shutil.copytree(folder / "cat", folder / "cat" / ".ipynb_checkpoints")
    limit = {"memory_limit": 100} if lazy else {}
    plain, data = load_data(folder, **limit), load_data(packed(folder, form, inside), **limit)
    assert data.fingerprint == plain.fingerprint
    assert data.classes == plain.classes == ("cat", "dog é")
    assert noted(data, "passed over") == noted(plain, "passed over").replace("21", "21")
    assert torch.is_tensor(data.train.x) != lazy
    for a, b in zip(Batches(data.train, data, 5, 7)(3), Batches(plain.train, plain, 5, 7)(3), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("form", FORMS)
def test_splits_and_flat_archives(tmp_path, form):
    for split in ("train", "val", "test"):
        fill(tmp_path / "a" / split / "x", 4)
    data = load_data(packed(tmp_path / "a", form, inside=True))
    assert [len(split) for split in data.splits.values()] == [4, 4, 4]
    assert data.classes == ("x",)
    fill(tmp_path / "b", 8)
    data = load_data(packed(tmp_path / "b", form, inside=True))
    assert (len(everything(data)), data.classes) == (8, ())


def test_rows_of_an_archive_can_be_sent_to_another_process(tmp_path):
    fill(tmp_path / "a", 8)
    for form in FORMS:
        x = load_data(packed(tmp_path / "a", form), memory_limit=1).train.x
        rows = torch.arange(len(x))
        assert torch.equal(pickle.loads(pickle.dumps(x))[rows], x[rows])


def png(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def test_names_that_lead_elsewhere_are_names_only(tmp_path):
    inside, images = tmp_path / "here", [grey() for _ in range(4)]
    inside.mkdir()
    names = ["../../out.png", "/etc/out.png", "a\\b\\c.png", "C:\\x.png"]
    with zipfile.ZipFile(inside / "z.zip", "w") as archive:
        for name, image in zip(names, images, strict=True):
            archive.writestr("in/" + name if name[0] == "." else name, png(image))
        archive.writestr("in/word.png", png(images[0]))
    assert load_data(inside / "z.zip").classes == ("C:", "a", "etc", "in")
    with tarfile.open(inside / "t.tar", "w") as archive:
        for name, image in zip(["../x/1.png", "/x/2.png", "x/./3.png", "x/4.png"], images, strict=True):
            member = tarfile.TarInfo(name)
            member.size = len(png(image))
            archive.addfile(member, io.BytesIO(png(image)))
        link = tarfile.TarInfo("x/link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    assert len(everything(load_data(inside / "t.tar"))) == 4
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["here", "t.tar", "z.zip"]


def test_broken_members_are_told_as_files_are(tmp_path):
    fill(tmp_path / "a", 6, lambda: grey(40, 40))
    whole = (tmp_path / "a" / "003.png").read_bytes()
    (tmp_path / "a" / "003.png").write_bytes(whole[:500])
    for form in FORMS:
        path = packed(tmp_path / "a", form)
        with pytest.raises(UserError, match=r"003.png' cannot be read as an image .*skip_broken=True"):
            load_data(path)
        assert len(everything(load_data(path, skip_broken=True))) == 5


def test_damaged_and_encrypted_members(tmp_path):
    fill(tmp_path / "a", 6)
    path = packed(tmp_path / "a", "zip")
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("002.png")
    content = bytearray(path.read_bytes())
    at = member.header_offset + 30 + len(member.filename) + 20
    content[at : at + 9] = b"\xff" * 9
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"002.png' cannot be read as an image"):
        load_data(path)
    with zipfile.ZipFile(tmp_path / "secret.zip", "w") as archive:
        for name in ("a.png", "b.png", "c.png"):
            archive.writestr(name, png(grey()))
    content = bytearray((tmp_path / "secret.zip").read_bytes())
    for mark, flag in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        content[at + flag] |= 1
    (tmp_path / "secret.zip").write_bytes(content)
    with pytest.raises(UserError, match=r"a.png' cannot be read as an image \(it is encrypted\)"):
        load_data(tmp_path / "secret.zip")


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tgz"])
def test_what_is_no_archive_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"no archive at all" * 100)
    with pytest.raises(UserError, match=r"cannot be read as an archive .*: pack or fetch it again"):
        load_data(tmp_path / name)
    with zipfile.ZipFile(tmp_path / "words.zip", "w") as archive:
        archive.writestr("words.txt", "words")
    with pytest.raises(UserError, match=r"words.zip' holds no images \(passed over: .txt 1\)"):
        load_data(tmp_path / "words.zip")


def test_everything_is_bounded(tmp_path, monkeypatch):
    fill(tmp_path / "a", 6)
    paths = [packed(tmp_path / "a", form) for form in FORMS]
    monkeypatch.setattr(archives, "MOST_BYTES", 50)
    with pytest.raises(UserError, match="bytes once it is unpacked, more than 50"):
        load_data(paths[0])
    monkeypatch.setattr(archives, "MOST_BYTES", 2**20)
    monkeypatch.setattr(archives, "MOST_KEPT", 200)
    load_data(paths[1])
    with pytest.raises(UserError, match=r"holds more than 200 bytes.*make it a .zip"):
        load_data(paths[2])
    monkeypatch.setattr(archives, "MOST_MEMBERS", 3)
    with pytest.raises(UserError, match="holds 6 files, more than 3: unpack it"):
        load_data(paths[0])


def test_a_member_larger_than_it_says_is_broken(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a.png", "b.png", "c.png", "d.png"):
            archive.writestr(name, png(grey()) + bytes(10_000_000))
    content = bytearray((tmp_path / "bomb.zip").read_bytes())
    at = content.find(b"PK\x01\x02")
    content[at + 24 : at + 28] = (200).to_bytes(4, "little")  # the size that it says it has
    (tmp_path / "bomb.zip").write_bytes(content)
    with pytest.raises(UserError, match=r"a.png' cannot be read as an image"):
        load_data(tmp_path / "bomb.zip")
    assert len(everything(load_data(tmp_path / "bomb.zip", skip_broken=True))) == 3

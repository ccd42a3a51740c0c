"""IDX files: the bundled MNIST, Fashion-MNIST from folders and downloads, and users' own."""

import gzip
import hashlib
import http.server
import shutil
import struct
import threading
import time
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from reparam.data import load_data
from reparam.data.readers import fashion, idx, mnist
from reparam.data.readers.download import download
from reparam.errors import UserError


def idx_bytes(array):
    return b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_four(folder, train=60, test=20, side=8, gz=True):
    """Four IDX files of random images with labels; returns the arrays by usual name."""
    rng = np.random.default_rng(train)
    contents = {
        idx.TRAIN_IMAGES: rng.integers(0, 256, (train, side, side), dtype=np.uint8),
        idx.TRAIN_LABELS: rng.integers(0, 10, train).astype(np.uint8),
        idx.TEST_IMAGES: rng.integers(0, 256, (test, side, side), dtype=np.uint8),
        idx.TEST_LABELS: rng.integers(0, 10, test).astype(np.uint8),
    }
    folder.mkdir(exist_ok=True)
    for name, array in contents.items():
        raw = idx_bytes(array)
        (folder / (f"{name}.gz" if gz else name)).write_bytes(gzip.compress(raw) if gz else raw)
    return contents


def test_mnist_is_mnist():
    data = load_data("mnist")
    assert [len(split) for split in data.splits.values()] == [50_000, 10_000, 10_000]
    assert (data.data_shape, data.scale, data.binary, data.is_image) == ((1, 28, 28), 255.0, False, True)
    assert data.classes == tuple("0123456789")
    assert data.train.y[:5].tolist() == [5, 0, 4, 1, 9]
    assert data.test.y[:5].tolist() == [7, 2, 1, 0, 4]
    whole = idx.read_idx(mnist.FOLDER / f"{idx.TRAIN_IMAGES}.gz")
    assert np.array_equal(data.validation.x[:, 0].numpy(), whole[50_000:])
    assert abs(data.train.x.float().mean() / 255 - 0.1307) < 5e-4


def test_mnist_does_not_depend_on_the_seed():
    assert load_data("mnist", seed=0).fingerprint == load_data("mnist", seed=1).fingerprint
    assert load_data("mnist").fingerprint == "45fc52a4ddd05dcbb92855afaa8b50c24f68782eefd8786d888e6bfd5e27d466"


def test_mnist_loads_fast():
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        load_data("mnist")
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 1.5  # 0.3 s when nothing else runs


def test_a_changed_mnist_file_is_refused(tmp_path):
    for file in mnist.FOLDER.glob("*.gz"):
        shutil.copy(file, tmp_path)
    labels = tmp_path / f"{idx.TEST_LABELS}.gz"
    labels.write_bytes(labels.read_bytes()[:-1] + b"!")
    with pytest.raises(UserError, match=r"t10k-labels.*SHA-256.*should have b91679a0"):
        mnist.read_mnist(tmp_path)


def test_the_licence_lies_beside_the_data():
    text = (mnist.FOLDER / "LICENSE.md").read_text()
    for words in ("Yann LeCun", "Corinna Cortes", "Christopher J.C. Burges", "Attribution-ShareAlike 3.0"):
        assert words in text


@given(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=1, max_dims=4, max_side=5)), st.booleans())
def test_idx_round_trip(tmp_path_factory, array, gz):
    path = tmp_path_factory.mktemp("idx") / "a-idx"
    path.write_bytes(gzip.compress(idx_bytes(array)) if gz else idx_bytes(array))
    assert np.array_equal(idx.read_idx(path), array)


@pytest.mark.parametrize("gz", [False, True])
def test_a_folder_of_four(tmp_path, gz):
    contents = write_four(tmp_path / "digits", gz=gz)
    data = load_data(tmp_path / "digits")
    assert [len(split) for split in data.splits.values()] == [50, 10, 20]
    train = torch.cat([data.train.x, data.validation.x])[:, 0].numpy()
    assert np.array_equal(train, contents[idx.TRAIN_IMAGES])
    assert np.array_equal(data.test.x[:, 0].numpy(), contents[idx.TEST_IMAGES])
    names = np.array([int(data.classes[code]) for code in data.test.y])
    assert np.array_equal(names, contents[idx.TEST_LABELS])


def test_one_pair_is_split(tmp_path):
    contents = write_four(tmp_path)
    data = load_data(tmp_path / f"{idx.TRAIN_IMAGES}.gz")
    assert [len(split) for split in data.splits.values()] == [48, 6, 6]
    pairs = {
        (x.numpy().tobytes(), data.classes[y]) for s in data.splits.values() for x, y in zip(s.x, s.y, strict=True)
    }
    images, labels = contents[idx.TRAIN_IMAGES], contents[idx.TRAIN_LABELS]
    assert pairs == {(x.tobytes(), str(y)) for x, y in zip(images, labels, strict=True)}
    (tmp_path / f"{idx.TRAIN_LABELS}.gz").unlink()
    assert load_data(tmp_path / f"{idx.TRAIN_IMAGES}.gz").train.y is None


def refuse_idx(path, raw, match):
    path.write_bytes(raw)
    with pytest.raises(UserError, match=match):
        load_data(path)


def test_bad_idx_files_are_refused(tmp_path):
    images = np.zeros((10, 4, 4), np.uint8)
    good, path = idx_bytes(images), tmp_path / "some-images-idx3-ubyte"
    refuse_idx(path, gzip.compress(good)[:-9], "truncated or corrupt gzip")
    refuse_idx(path, gzip.compress(good)[:15] + b"\xff" * 20, "truncated or corrupt gzip")
    refuse_idx(path, b"GIF89a...", "not an IDX file: it begins with 47 49 46 38")
    refuse_idx(path, b"", "not an IDX file.*nothing")
    refuse_idx(path, good[:2] + b"\x0d" + good[3:], "type 0x0d.*only unsigned bytes")
    refuse_idx(path, good[:-1], "corrupt.*10 x 4 x 4 bytes.*176 in all, and has 175")
    refuse_idx(path, good[:9], "corrupt")
    refuse_idx(path, idx_bytes(np.zeros(5, np.uint8)), r"shape \(5,\), not images")
    refuse_idx(path, idx_bytes(images[:2]), "2 rows.*at least 3")
    (tmp_path / "some-labels-idx1-ubyte").write_bytes(idx_bytes(np.zeros(9, np.uint8)))
    refuse_idx(path, good, "labels of shape.*9.*10 images")


def test_a_missing_one_of_four_is_named(tmp_path):
    write_four(tmp_path)
    (tmp_path / f"{idx.TEST_LABELS}.gz").unlink()
    with pytest.raises(UserError, match=r"t10k-labels-idx1-ubyte.*missing"):
        load_data(tmp_path)


# Fashion-MNIST: stand-ins of a few images take the real files' place, their checksums put in the table.


@pytest.fixture
def wardrobe(tmp_path, monkeypatch):
    """A folder with stand-ins for the four files, an empty cache, and nothing installed."""
    contents = write_four(tmp_path / "origin")
    sums = {name: hashlib.sha256(idx_bytes(array)).hexdigest() for name, array in contents.items()}
    monkeypatch.setattr(fashion, "UNPACKED_SHA256", sums)
    monkeypatch.setattr(fashion, "PACKAGE", tmp_path / "not-installed")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("REPARAM_DATA", raising=False)
    return tmp_path / "origin"


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files, honouring Range, and writes down what was asked."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.server.leads_to:
            self.send_response(302)
            self.send_header("Location", self.server.leads_to)
            self.end_headers()
            return
        raw = (self.server.folder / self.path.lstrip("/")).read_bytes()
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        self.server.asked.append((self.path, start))
        start = start if self.server.resumes else 0
        if start >= len(raw) and start:
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(raw) - start))
        self.end_headers()
        self.wfile.write(raw[start : start + self.server.breaks_after] if self.server.breaks_after else raw[start:])
        self.close_connection = True


@pytest.fixture
def serve():
    """``serve(folder)`` answers on 127.0.0.1; the server's ``breaks_after`` cuts connections."""
    servers = []

    def start(folder):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.folder, server.asked, server.breaks_after = folder, [], 0
        server.resumes, server.leads_to = True, None
        server.url = f"http://127.0.0.1:{server.server_port}/"
        threading.Thread(target=partial(server.serve_forever, poll_interval=0.01), daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_fashion_from_a_folder_and_the_environment(wardrobe, monkeypatch):
    data = load_data(f"fashion-mnist:{wardrobe}")
    assert data.classes[9] == "ankle boot"
    monkeypatch.setenv("REPARAM_DATA", str(wardrobe))
    assert load_data("fashion-mnist").fingerprint == data.fingerprint
    with monkeypatch.context() as homeless:
        homeless.setattr(fashion, "cache", lambda: pytest.fail("a user without a home has none, and it is not needed"))
        assert load_data("fashion-mnist").fingerprint == data.fingerprint
    with pytest.raises(UserError, match="does not hold Fashion-MNIST"):
        load_data(f"fashion-mnist:{wardrobe.parent}")


def test_fashion_contents_are_verified(wardrobe):
    path = wardrobe / f"{idx.TRAIN_LABELS}.gz"
    raw = bytearray(gzip.decompress(path.read_bytes()))
    raw[20] ^= 1
    path.write_bytes(gzip.compress(bytes(raw)))
    with pytest.raises(UserError, match=r"train-labels.*SHA-256"):
        load_data(f"fashion-mnist:{wardrobe}")


def test_fashion_is_downloaded_once(wardrobe, serve):
    server = serve(wardrobe)
    reading = fashion.read_fashion(mirrors=(server.url,))
    assert len(server.asked) == 4
    assert reading.notes[0].endswith("fashion-mnist")
    fashion.read_fashion(mirrors=())
    assert len(server.asked) == 4
    assert not list(fashion.cache().glob("*.part"))


def test_a_broken_download_goes_on_where_it_stopped(wardrobe, serve):
    server = serve(wardrobe)
    server.breaks_after = 700
    with pytest.raises(UserError, match=r"could not be downloaded.*broke after 700 of .*fashion-mnist:FOLDER"):
        fashion.read_fashion(mirrors=(server.url,))
    assert (fashion.cache() / f"{idx.TRAIN_IMAGES}.gz.part").stat().st_size == 700
    server.breaks_after = 0
    fashion.read_fashion(mirrors=(server.url,))
    assert server.asked[1] == (f"/{idx.TRAIN_IMAGES}.gz", 700)


def test_a_wrong_checksum_is_refused_and_the_next_mirror_asked(wardrobe, serve, tmp_path):
    shutil.copytree(wardrobe, tmp_path / "forged")
    forged = write_four(tmp_path / "forged", train=61)
    assert len(forged) == 4
    bad, good = serve(tmp_path / "forged"), serve(wardrobe)
    with pytest.raises(UserError, match="SHA-256"):
        fashion.read_fashion(mirrors=(bad.url,))
    assert not list(fashion.cache().iterdir())
    fashion.read_fashion(mirrors=(bad.url, good.url))
    assert {path for path, _ in good.asked} >= {f"/{idx.TRAIN_IMAGES}.gz"}


def test_a_stale_beginning_is_thrown_away(wardrobe, serve):
    server = serve(wardrobe)
    fashion.cache().mkdir(parents=True)
    for stale in (b"another file's beginning", b"x" * 100_000):
        (fashion.cache() / f"{idx.TRAIN_IMAGES}.gz.part").write_bytes(stale)
        fashion.read_fashion(mirrors=(server.url,))
        (fashion.cache() / f"{idx.TRAIN_IMAGES}.gz").unlink()


def test_no_network_says_what_would_do(wardrobe):
    with pytest.raises(UserError, match="dataset-fashion-mnist, or give a folder as fashion-mnist:FOLDER"):
        fashion.read_fashion(mirrors=("http://127.0.0.1:9/",))


@pytest.mark.parametrize("resumes", [True, False])
def test_bytes_had_are_kept_unless_the_server_cannot_resume(tmp_path, serve, resumes):
    (tmp_path / "file").write_bytes(b"0123456789")
    server = serve(tmp_path)
    server.resumes = resumes
    target = tmp_path / "got"
    target.with_name("got.part").write_bytes(b"abcde")
    download([server.url + "file"], target, lambda path: None, 100)
    assert target.read_bytes() == (b"abcde56789" if resumes else b"0123456789")


def test_no_more_is_taken_than_there_may_be(tmp_path, serve):
    (tmp_path / "file").write_bytes(b"0123456789")
    with pytest.raises(UserError, match="larger than the 9 bytes that it has at most"):
        download([serve(tmp_path).url + "file"], tmp_path / "got", lambda path: None, 9)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


@pytest.mark.parametrize("to", ["ftp://127.0.0.1:9/file", "file:///etc/passwd"])
def test_no_mirror_leads_on_to_another_scheme(tmp_path, serve, to):
    (tmp_path / "file").write_bytes(b"0123456789")
    server = serve(tmp_path)
    server.leads_to = to
    with pytest.raises(UserError, match=r"leads on to .*, which is not of its scheme|not allowed"):
        download([server.url + "file"], tmp_path / "got", lambda path: None, 100)
    assert not (tmp_path / "got").exists()


def test_mirrors_speak_tls():
    assert all(mirror.startswith("https://") for mirror in fashion.MIRRORS)

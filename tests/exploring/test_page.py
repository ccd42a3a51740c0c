"""The page to play with, in a real browser: drawn on by mouse, finger and keys, its numbers Python's own."""

import json
import re

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe

import reparam
from browser_helpers import NEEDS_CHROMIUM
from helpers import quiet_fit, said
from reparam.data import Dataset, Split
from reparam.kinds import AutoencoderConfig, AVBConfig, GANConfig, VAEConfig, build_model
from reparam.models.traits import Traits

SHAPE = (1, 12, 12)
SIZES = [(390, 844), (800, 900), (1200, 900)]
SMALL = {"latent_dim": 3, "network": "mlp", "likelihood": "bernoulli"}


def strokes(n=400, seed=0):
    """Binary images of a bar, upright or across, in two classes."""
    rng = np.random.default_rng(seed)
    x, y = np.zeros((n, *SHAPE), np.uint8), rng.integers(0, 2, n)
    for image, label, at in zip(x, y, rng.integers(2, 9, n), strict=True):
        (image[0].T if label else image[0])[at : at + 2, 2:10] = 1
    splits = [
        Split(torch.from_numpy(x[part]), torch.from_numpy(y[part])) for part in np.split(np.arange(n), [200, 300])
    ]
    return Dataset("strokes", *splits, data_shape=SHAPE, classes=("across", "upright"), binary=True,
                   fingerprint="0" * 64, seed=0)  # fmt: skip


@pytest.fixture(scope="module")
def vae():
    torch.manual_seed(0)
    return quiet_fit(build_model(VAEConfig(hidden=(32,), **SMALL), SHAPE), strokes(), epochs=30)


@pytest.fixture(scope="module")
def explored(vae):
    return reparam.explore(vae, 8)


@pytest.fixture(scope="module")
def conditional():
    config = GANConfig(conditional=True, latent_dim=40, generator_hidden=(16,), discriminator_hidden=(16,),
                       network="mlp", loss="non-saturating")  # fmt: skip
    model = build_model(config, SHAPE, Traits(range=(0.0, 1.0), classes=2))
    return reparam.explore(quiet_fit(model, strokes(), epochs=2))


@pytest.fixture
def play(visit, explored):
    """The page of a VAE, ready."""
    visited = visit(explored.html, viewport={"width": 1200, "height": 900}, has_touch=True)
    visited.tab.wait_for_selector(".playground.live")
    yield visited.tab
    assert visited.complaints == []


def terms(tab):
    """What the table says, in nats, and the code that the sliders show."""
    tab.wait_for_timeout(60)
    rows = tab.locator(".terms tr").all()
    found = {row.locator("th").inner_text(): number(row.locator("td").inner_text()) for row in rows}
    return found, code(tab)


def number(text):
    return float(text.replace("−", "-"))


def code(tab):
    return [number(text) for text in tab.locator(".slider output").all_inner_texts()]


def drawn(tab):
    """What is on the paper, 0 to 1, whole."""
    values = tab.locator(".paper").evaluate(
        """canvas => {
            const copy = canvas.cloneNode().getContext("2d"); // the page's own canvas is not made for reading
            copy.drawImage(canvas, 0, 0);
            return Array.from(copy.getImageData(0, 0, canvas.width, canvas.height).data).filter((_, i) => i % 4 == 0);
        }"""
    )
    return torch.tensor(values, dtype=torch.float32).reshape(1, *SHAPE) / 255


@torch.no_grad()
def expected(model, x, z=None):
    """Torch's terms of the bound of x at z, the posterior's mean unless given."""
    q = model.encode(x)
    reconstruction, kl = float(model.decode(q.mean if z is None else z).log_prob(x)), float(q.kl(model.prior))
    return {"reconstruction, log p(x|z)": reconstruction, "KL(q(z|x) ‖ p(z))": kl, "bound (ELBO)": reconstruction - kl}


@NEEDS_CHROMIUM
def test_a_test_example_has_the_code_and_the_bound_that_python_gives_it(play, vae, explored):
    for index in (2, 5):
        play.locator(".example").nth(index).click()
        found, z = terms(play)
        x = torch.from_numpy(explored.x[index : index + 1])
        assert torch.equal(drawn(play), x)
        assert found == pytest.approx(expected(vae.model, x), abs=0.0051)  # two decimals
        with torch.no_grad():
            assert z == pytest.approx(vae.model.encode(x).mean[0].tolist(), abs=0.0051)
    names = play.locator(".example").nth(2).get_attribute("aria-label")
    assert re.fullmatch("Test example 3: (across|upright)", names)


@NEEDS_CHROMIUM
def test_a_slider_moves_the_code_and_says_how_well_it_explains_what_is_drawn(play, vae, explored):
    play.locator(".example").first.click()
    before, _ = terms(play)
    slider = play.get_by_role("slider", name="z2")
    slider.focus()
    for _ in range(5):
        play.keyboard.press("ArrowRight")
    slider.fill("1.5")
    found, z = terms(play)
    assert z[1] == 1.5
    with torch.no_grad():
        x = torch.from_numpy(explored.x[:1])
        exact = vae.model.encode(x).mean
        exact[0, 1] = 1.5
        moved = float(vae.model.decode(exact).log_prob(x))
    assert found == pytest.approx({**before, "log p(x|z) at the sliders' z": moved}, abs=0.0051)


@NEEDS_CHROMIUM
@pytest.mark.parametrize("by", ["mouse", "finger", "keys"])
def test_what_is_drawn_is_read(play, vae, by):
    play.get_by_role("button", name="Clear").click()
    paper, box = play.locator(".paper"), play.locator(".paper").bounding_box()
    assert drawn(play).sum() == 0
    ends = [(box["x"] + share * box["width"], box["y"] + box["height"] / 2) for share in (0.25, 0.75)]
    if by == "mouse":
        play.mouse.move(*ends[0])
        play.mouse.down()
        play.mouse.move(*ends[1], steps=5)
        play.mouse.up()
        play.mouse.move(*[place + 40 for place in ends[1]])  # lifted: this draws nothing
    elif by == "finger":
        touch = play.context.new_cdp_session(play)
        for kind, point in (("touchStart", ends[0]), ("touchMove", ends[1]), ("touchEnd", None)):
            points = [{"x": point[0], "y": point[1]}] if point else []
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    else:
        paper.focus()
        for key in ("ArrowLeft", "ArrowLeft", "ArrowLeft", " ", *["ArrowRight"] * 6, " "):
            play.keyboard.press(key)
        play.get_by_role("button", name="Clear").focus()
    found, z = terms(play)
    x = drawn(play)
    assert set(x.unique().tolist()) == {0.0, 1.0}, "coins are what the model sees"
    assert x[0, 0, 6, 3:9].sum() >= 5
    assert x[0, 0, :3].sum() == x[0, 0, 9:].sum() == 0
    assert found == pytest.approx(expected(vae.model, x), abs=0.0051)
    with torch.no_grad():
        assert z == pytest.approx(vae.model.encode(x).mean[0].tolist(), abs=0.0051)
    play.get_by_role("button", name="Centre").click()
    assert abs(float((drawn(play)[0, 0].sum(1) * torch.arange(0.5, 12)).sum() / drawn(play).sum()) - 6) < 0.6


@NEEDS_CHROMIUM
def test_with_noise_the_bound_is_that_of_the_same_noise(play, vae, explored):
    play.locator(".example").nth(1).click()
    at_mean, mean = terms(play)
    play.get_by_role("button", name="Another ε").click()
    found, z = terms(play)
    assert z != mean
    assert found["KL(q(z|x) ‖ p(z))"] == at_mean["KL(q(z|x) ‖ p(z))"]
    x = torch.from_numpy(explored.x[1:2])
    with torch.no_grad():  # the code is shown with two decimals: so far the bound may move
        near = [expected(vae.model, x, torch.tensor([z]) + shift)["bound (ELBO)"]
                for shift in 0.005 * torch.cartesian_prod(*[torch.tensor([-1.0, 0.0, 1.0])] * 3)]  # fmt: skip
    assert min(near) - 0.02 < found["bound (ELBO)"] < max(near) + 0.02
    play.get_by_role("checkbox", name="z = mean").uncheck()
    assert terms(play) == (at_mean, mean)


@NEEDS_CHROMIUM
def test_codes_are_kept_added_and_walked_between(play):
    codes = {}
    for index, name in enumerate("abc"):
        play.locator(".example").nth(2 * index).click()
        codes[name] = np.array(terms(play)[1])
        play.get_by_role("button", name=f"Keep as {name}").click()
    play.get_by_role("button", name="Show a − b + c").click()
    assert terms(play)[1] == pytest.approx(codes["a"] - codes["b"] + codes["c"], abs=0.02)
    play.get_by_role("button", name="Show b").click()
    assert terms(play)[1] == pytest.approx(codes["b"], abs=0.006)
    play.get_by_label("along").select_option("linear")
    play.locator(".path").fill("0.25")
    assert terms(play)[1] == pytest.approx(0.75 * codes["a"] + 0.25 * codes["b"], abs=0.02)
    play.get_by_label("along").select_option("spherical")
    from reparam.evaluation.codes.interpolation import spherical

    walked = spherical(*(torch.tensor(codes[name], dtype=torch.float32) for name in "ab"), torch.tensor([0.25]))
    assert terms(play)[1] == pytest.approx(walked[0].tolist(), abs=0.03)
    play.get_by_role("button", name="Random").click()
    assert terms(play)[1] != pytest.approx(walked[0].tolist(), abs=0.03)
    play.get_by_role("button", name="Reset").click()
    assert terms(play)[1] == [0, 0, 0]


@NEEDS_CHROMIUM
def test_a_discriminator_says_what_it_takes_pictures_for(visit, conditional):
    visited = visit(conditional.html)
    tab = visited.tab
    tab.wait_for_selector(".playground.live")
    assert tab.get_by_role("slider", name="z24").is_visible()
    assert not tab.get_by_role("slider", name="z25").is_visible(), "many sliders are folded away"
    tab.locator("summary", has_text="The other 16 of 40").click()
    assert tab.get_by_role("slider", name="z40").is_visible()
    tab.locator(".example").nth(1).click()
    tab.get_by_label("class").select_option("upright")
    tab.wait_for_timeout(60)
    told = tab.locator(".opinions p").last.inner_text()
    with torch.no_grad():
        logit = conditional.run.model.judge(torch.from_numpy(conditional.x[1:2]), torch.tensor([1]))
    share = float(torch.sigmoid(logit))
    said_of = re.fullmatch(
        r"Drawn: (\S+), real with probability (\S+); above (\d+) % of test examples and (\d+) % of samples", told
    )
    assert [number(one) for one in said_of.groups()[:2]] == pytest.approx([float(logit), share], abs=0.0051)
    real = conditional.playground.model["play"]["judged"]["real"]
    assert int(said_of[3]) == round(100 * np.mean(np.array(real) < float(logit)))
    assert visited.complaints == []


@NEEDS_CHROMIUM
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}px")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it_on_any_screen(visit, explored, conditional, size, scheme):
    for page in (explored, conditional):
        visited = visit(page.html, viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
        visited.tab.wait_for_selector(".playground.live")
        visited.tab.wait_for_timeout(50)
        assert visited.tab.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert Axe().run(visited.tab).response["violations"] == []
        visited.tab.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        assert visited.complaints == []
    assert visited.requests == [visited.own], "nothing is asked of anybody"


@NEEDS_CHROMIUM
def test_a_picture_out_of_sight_is_kept_in_a_corner(visit, explored):
    tab = visit(explored.html, viewport={"width": 390, "height": 500}).tab
    tab.wait_for_selector(".playground.live")
    assert not tab.locator(".mini").is_visible()
    tab.locator(".slots").scroll_into_view_if_needed()
    tab.locator(".mini").wait_for(state="visible")


@NEEDS_CHROMIUM
@pytest.mark.parametrize("kind", ["autoencoder", "avb", "vectors"])
def test_models_without_a_bound_say_why_and_vectors_are_bars(visit, kind):
    torch.manual_seed(0)
    if kind == "vectors":
        table = torch.randn(300, 5)
        model = build_model(VAEConfig(hidden=(8,), **{**SMALL, "likelihood": "normal"}), (5,))
        run = quiet_fit(model, table, epochs=1)
    else:
        avb = AVBConfig(hidden=(8,), posterior_hidden=(8,), discriminator_hidden=(8,), **SMALL)
        config = {"autoencoder": AutoencoderConfig(hidden=(8,), **SMALL), "avb": avb}[kind]
        run = quiet_fit(build_model(config, SHAPE), strokes(), epochs=1)
    visited = visit(reparam.explore(run, 4).html)
    tab = visited.tab
    tab.wait_for_selector(".playground.live")
    found, _ = terms(tab)
    if kind == "vectors":
        assert len(found) == 3
        assert not tab.locator(".pens").is_visible()
    else:
        why = {"autoencoder": "no distribution over codes", "avb": "has no density"}[kind]
        assert why in tab.locator(".said").inner_text()
        assert list(found) == ["reconstruction, log p(x|z)"]
    assert Axe().run(tab).response["violations"] == []
    assert visited.complaints == []


def test_the_command_writes_one_page_below_five_megabytes(tmp_path, capsys, monkeypatch):
    x = strokes()
    np.savez(tmp_path / "x.npz", x=x.train.x.numpy(), y=x.train.y.numpy())
    monkeypatch.chdir(tmp_path)
    small = ["--data", "x.npz", "--hidden", "16", "--latent-dim", "2", "--steps", "3", "--quiet"]
    assert said(capsys, "train", "vae", *small, "--posterior", "iaf", "--out", "run")[0] == 0
    status, out, _ = said(capsys, "explore", "run", "--json")
    told = json.loads(out)
    assert (status, told["page"], told["parts"]) == (0, "run/figures/explore.html", ["decoder"])
    assert [one[:62] for one in told["left_out"]] == ["the page computes no FlowPosterior, which makes the posterior:"]
    assert 10_000 < (tmp_path / told["page"]).stat().st_size == told["bytes"] < 5_000_000
    assert said(capsys, "explore", "run", "--out", "a.txt")[0] == 2
    (tmp_path / "x.npz").unlink()  # examples are gone, the model is not
    status, out, err = said(capsys, "explore", "run", "--out", "b.html")
    assert status == 0
    assert "the page has no test examples then" in err


def test_a_table_is_refused_in_a_sentence(tmp_path, capsys):
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{i},{'xy'[i % 2]}\n" for i in range(300)))
    small = ["--data", tmp_path / "t.csv", "--hidden", "8", "--latent-dim", "2", "--steps", "2", "--quiet"]
    assert said(capsys, "train", "vae", *small, "--out", tmp_path / "run")[0] == 0
    status, _, err = said(capsys, "explore", tmp_path / "run")
    assert status == 2
    assert "the page draws images and vectors, and 't.csv' is a table of columns" in err


def test_the_result_shows_itself_and_is_written_down(explored, tmp_path):
    assert explored.numbers["x"].shape == (8, *SHAPE)
    assert explored.json()["parts"] == ["decoder", "encoder"]
    assert "sandbox" in explored._repr_html_()
    assert explored.figure().axes
    assert explored.save(tmp_path / "a.html").read_text(encoding="utf-8") == explored.html

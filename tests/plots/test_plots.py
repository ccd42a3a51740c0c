"""Pictures: their geometry pixel by pixel, that they show the numbers given, and that they are written whole."""

import io
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from reparam import plots
from reparam.errors import UserError

SHAPES = [(1, 28, 28), (1, 20, 28), (1, 8, 8), (3, 64, 64), (3, 9, 5)]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def pixels(figure: Figure) -> np.ndarray:
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return np.asarray(Image.open(file).convert("RGB")) / 255


def visible(figure: Figure) -> list:
    return [axes for axes in figure.axes if axes.get_visible()]


def test_no_figure_goes_through_pyplot():
    plots.image_grid(rng().random((1, 1, 8, 8)))
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(("n", "columns"), [(1, None), (5, 3), (6, 3), (4, 9)])
def test_tile_puts_each_pixel_where_it_belongs(shape, n, columns):
    c, h, w = shape
    x = rng().random((n, *shape))
    picture = plots.tile(x, columns, pad=2, pad_value=0.25)
    columns = columns or 1
    rows = -(-n // columns)
    assert picture.shape == (rows * (h + 2) + 2, columns * (w + 2) + 2, c)
    left = np.ones(picture.shape[:2], bool)
    for i in range(n):
        top, start = (i // columns) * (h + 2) + 2, (i % columns) * (w + 2) + 2
        np.testing.assert_array_equal(picture[top : top + h, start : start + w].transpose(2, 0, 1), x[i])
        left[top : top + h, start : start + w] = False
    assert np.all(picture[left] == 0.25)


def test_tile_pads_rows_and_columns_apart_and_shows_white_images_on_grey():
    assert plots.tile(np.zeros((4, 1, 8, 8)), 2, pad=(3, 0)).shape == (3 * 3 + 16, 16, 1)
    assert plots.tile(np.zeros((1, 1, 8, 8)))[0, 0, 0] == 1.0
    assert plots.tile(np.ones((1, 1, 8, 8)))[0, 0, 0] < 0.9


def test_values_outside_the_unit_interval_are_clipped_for_display_only():
    x = np.array([-3.0, 0.5, 7.0, 1.0]).reshape(1, 1, 2, 2)
    before = x.copy()
    np.testing.assert_array_equal(plots.tile(x, pad=0).ravel(), [0, 0.5, 1, 1])
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("captions", [False, True])
def test_image_grid_draws_every_pixel_as_a_square_block(shape, captions):
    x = np.round(rng().random((2, *shape)) * 255) / 255
    figure = plots.image_grid(x, columns=2, titles=["cat", "dog"] if captions else None, title="what it is")
    drawn = pixels(figure)
    (axes,) = figure.axes
    array = np.asarray(axes.images[0].get_array())
    box = axes.get_window_extent()
    left, width, height = round(box.x0), round(box.width), round(box.height)
    top = len(drawn) - round(box.y1)
    zoom = width // array.shape[1]
    assert (width, height) == (zoom * array.shape[1], zoom * array.shape[0])
    crisp = np.kron(array, np.ones((zoom, zoom, 1)))
    difference = np.abs(drawn[top : top + height, left : left + width] - crisp).max(axis=2)
    if captions:  # the text stands in the padding; the images themselves are untouched
        grey = (array == 1).all(axis=2)
        difference = difference[~np.kron(grey, np.ones((zoom, zoom), bool))]
    assert difference.max() < 2 / 255
    assert [text.get_text() for text in axes.texts] == (["cat", "dog"] if captions else [])


def test_captions_that_do_not_fit_are_cut_and_names_are_not_read_as_mathematics():
    figure = plots.image_grid(np.zeros((2, 1, 8, 8)), titles=["$x_1", "w" * 99], title="$\\frac{")
    short, long = [text.get_text() for text in figure.axes[0].texts]
    assert short == "$x_1"
    assert long.endswith("…")
    assert len(long) < 60
    pixels(figure)


def test_large_pictures_are_shrunk_rather_than_drawn_without_end():
    assert max(pixels(plots.image_grid(np.zeros((2, 1, 20, 4000)), columns=2)).shape) < 3200


def test_samples_that_have_left_the_frame_are_counted():
    rng = np.random.default_rng(0)
    data, gone = rng.normal(size=(50, 2)), np.full((40, 2), 1e3)
    mixed = np.concatenate([data[:30], gone[:10]])
    figure = plots.points_over_training([("start", data), ("half way", mixed), ("end", gone)], data)
    said = [[text.get_text() for text in axes.texts] for axes in figure.axes]
    assert said == [[], ["10 of 40 beyond"], ["40 of 40 beyond"]]


def test_samples_over_training_shows_each_moment_under_its_label():
    moments = [("before training", rng().random((4, 1, 8, 8))), ("after", rng().random((9, 1, 8, 8)))]
    figure = plots.samples_over_training(moments, title="one model")
    assert [axes.get_title() for axes in figure.axes] == ["before training", "after"]
    for axes, (_, images) in zip(figure.axes, moments, strict=True):
        np.testing.assert_allclose(np.asarray(axes.images[0].get_array())[..., :1], plots.tile(images))
    assert figure.axes[0].get_window_extent().x1 < figure.axes[1].get_window_extent().x0


def test_reconstructions_stand_under_their_originals():
    x, y = np.zeros((20, 1, 8, 8)), np.full((20, 1, 8, 8), 0.5)
    figure = plots.reconstructions(x, y)
    (axes,) = figure.axes
    picture = np.asarray(axes.images[0].get_array())[..., 0]
    assert [picture[row * 9 + 1, 1] for row in range(4)] == [0, 0.5, 0, 0.5]
    assert picture[2 * 9 + 1, 5 * 9] == 1.0, "after the twentieth pair the row is left empty"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["original", "reconstruction"] * 2
    assert list(axes.get_yticks()) == [row * 9 + 4.5 for row in range(4)]


def test_manifold_lies_as_the_latent_plane_does():
    z1, z2 = np.array([-1.5, 0.0, 2.0]), np.array([-1.0, 1.0])
    images = np.arange(6).reshape(2, 3, 1, 1, 1) / 10 * np.ones((2, 3, 1, 8, 8))  # images[i, j] = (3 i + j) / 10
    (axes,) = plots.manifold(images, z1, z2_axis=z2).axes
    picture = np.asarray(axes.images[0].get_array())[..., 0]
    shown = {}
    for x, x_label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True):
        for y, y_label in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True):
            shown[x_label.get_text(), y_label.get_text()] = picture[int(y), int(x)]
    assert shown == pytest.approx(
        {
            ("−1.50", "−1.00"): 0.0,
            ("0.00", "−1.00"): 0.1,
            ("2.00", "−1.00"): 0.2,
            ("−1.50", "1.00"): 0.3,
            ("0.00", "1.00"): 0.4,
            ("2.00", "1.00"): 0.5,
        }
    )
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("z₁", "z₂")
    assert axes.get_ylim()[0] > axes.get_ylim()[1], "row 0 of the picture, the greatest z₂, is at the top"


def test_manifold_tick_labels_do_not_touch():
    figure = plots.manifold(np.zeros((25, 25, 1, 28, 28)), np.linspace(-2.33, 2.33, 25))
    pixels(figure)
    boxes = [label.get_window_extent() for label in figure.axes[0].get_xticklabels()]
    assert len(boxes) > 4
    assert all(a.x1 < b.x0 for a, b in pairwise(boxes))


def test_data_grid_has_a_row_for_each_class():
    labels = np.array([2, 0, 0, 2, 2, 0, 0])
    images = labels[:, None, None, None] / 4 * np.ones((7, 1, 8, 8))
    (axes,) = plots.data_grid(images, labels, ["zero", "one"], "the data").axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["zero", "2"]
    picture = np.asarray(axes.images[0].get_array())[..., 0]
    assert [picture[1 + 9 * row, 1 + 9 * column] for row in (0, 1) for column in range(4)] == [0] * 4 + [0.5] * 3 + [1]


def test_data_grid_of_many_classes_names_each_image():
    (axes,) = plots.data_grid(np.zeros((20, 1, 8, 8)), np.arange(20), ["a"]).axes
    assert [text.get_text() for text in axes.texts] == ["a", *map(str, range(1, 20))]
    assert not plots.data_grid(np.zeros((20, 1, 8, 8))).axes[0].texts


def metrics(epochs: int = 12) -> list[dict]:
    values = [-543.4, *(-100 - 60 * np.exp(-epoch / 3) for epoch in range(epochs))]
    rows = [
        {"step": 390 * e, "epoch": e, "split": split, "elbo": v - gap, "kl": 25.0}
        for e, v in enumerate(values)
        for split, gap in (("train", 0.0), ("validation", 0.5))
    ]
    return [*rows, {"step": 390 * epochs, "epoch": epochs, "split": "test", "elbo": -101.83, "kl": 25.0}]


def test_curves_show_the_rows_and_fit_the_bulk():
    (axes,) = plots.curves(metrics()).axes
    train, validation, test, outside = axes.lines
    assert list(train.get_xdata()) == list(range(13))
    assert train.get_ydata()[0] == -543.4
    np.testing.assert_allclose(validation.get_ydata(), np.asarray(train.get_ydata()) - 0.5)
    assert (test.get_xdata(), test.get_ydata()) == ([12.0], [-101.83])
    assert axes.get_xlabel() == "epoch"
    assert axes.get_ylabel() == "lower bound on log p(x)\n(nats per example)"
    assert -200 < axes.get_ylim()[0] < -150 < -100.6 < axes.get_ylim()[1] < -90
    assert list(outside.get_xdata()) == [0, 0]
    assert [text.get_text() for text in axes.texts] == ["off the scale: −543.9 to −543.4 at epoch 0"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["train", "validation", "test −101.8"]


def test_curves_say_what_other_terms_are_and_have_a_gap_where_there_is_no_number():
    rows = [*metrics(), {"step": 1, "epoch": 0.5, "split": "train", "kl": None}, {"split": "train", "epoch": 0.7}]
    (axes,) = plots.curves(rows, quantity="kl", unit="bits").axes
    assert axes.get_ylabel() == "KL(posterior ‖ prior)\n(bits)"
    assert len(axes.lines[0].get_xdata()) == 14
    assert np.flatnonzero(np.isnan(axes.lines[0].get_ydata())).tolist() == [1]
    assert not axes.texts


def test_curves_run_over_steps_where_an_epoch_has_several_rows():
    rows = [{"step": s, "epoch": s // 10, "split": "train", "elbo": -100.0 - s % 7} for s in range(40)]
    (axes,) = plots.curves(rows).axes
    assert axes.get_xlabel() == "step"
    assert list(axes.lines[0].get_xdata()) == list(range(40))


def test_curves_of_an_unknown_term_name_those_there_are():
    with pytest.raises(UserError, match="finite 'elob'; they have: elbo, kl"):
        plots.curves(metrics(), quantity="elob")
    with pytest.raises(UserError, match="nothing"):
        plots.curves([])


@pytest.mark.parametrize("classes", [1, 2, 10, 30, 45])
def test_latent_scatter_shows_every_point_in_its_classes_colour(classes):
    z, labels = rng().normal(size=(300, 2)), np.arange(300) % classes
    figure = plots.latent_scatter(z, labels, title="latents")
    (axes,) = figure.axes
    drawn = np.concatenate([dots.get_offsets() for dots in axes.collections])
    colours = np.concatenate([np.broadcast_to(d.get_facecolors(), (len(d.get_offsets()), 4)) for d in axes.collections])
    back = {tuple(point): colour for point, colour in zip(drawn, colours, strict=True)}
    assert set(back) == set(map(tuple, z))
    same = {tuple(back[tuple(point)]) for point in z[labels == 0]}
    assert len(same) == 1
    assert len({tuple(colour) for colour in colours}) == min(classes, 10)
    names = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert names == ([str(i) for i in range(classes)] if 1 < classes <= 30 else [])
    assert axes.get_aspect() == 1.0
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("z₁", "z₂")
    pixels(figure)


def test_latent_scatter_names_each_class_at_its_median():
    z = np.array([[0.0, 0], [2, 2], [1, 1], [9, 9], [9, 7], [9, 8]])
    (axes,) = plots.latent_scatter(z, [0, 0, 0, 1, 1, 1], ["_cat", "$dog$"], explained=(0.34, 0.121)).axes
    assert {text.get_text(): text.get_position() for text in axes.texts} == {"_cat": (1, 1), "$dog$": (9, 8)}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("PC1 (34% of variance)", "PC2 (12% of variance)")


def test_latents_side_by_side_share_one_legend_and_colours():
    a, b = rng().normal(size=(2, 50, 2))
    figure = plots.latents_side_by_side([("autoencoder", a, np.arange(50) % 2), ("VAE", b, np.full(50, 1))], ["x", "y"])
    left, right = figure.axes
    assert [left.get_title(), right.get_title()] == ["autoencoder", "VAE"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["x", "y"]
    of_class_1 = left.collections[0].get_facecolors()[(left.collections[0].get_offsets() == a[1]).all(axis=1)][0]
    np.testing.assert_array_equal(right.collections[0].get_facecolors()[0], of_class_1)


def test_point_samples_are_on_one_scale_and_nothing_is_cut_off():
    data, model = rng().normal(size=(50, 2)), rng().normal(size=(30, 2)) + 5
    left, right = plots.point_samples(data, model, title="ring").axes
    np.testing.assert_array_equal(left.collections[0].get_offsets(), data)
    np.testing.assert_array_equal(right.collections[1].get_offsets(), model)
    assert left.get_xlim() == right.get_xlim()
    assert left.get_ylim() == right.get_ylim()
    for low, high, column in ((*left.get_xlim(), 0), (*left.get_ylim(), 1)):
        assert low < min(data[:, column].min(), model[:, column].min())
        assert high > max(data[:, column].max(), model[:, column].max())


def test_pair_plot_takes_the_first_five_columns_and_says_so():
    x, data = rng().normal(size=(40, 7)), rng().normal(size=(30, 7))
    figure = plots.pair_plot(x, reference=data, title="table")
    assert len(visible(figure)) == 15
    assert figure.get_suptitle() == "table (first 5 of 7 columns)"
    cell = figure.axes[3 * 5 + 1]
    np.testing.assert_array_equal(cell.collections[0].get_offsets(), data[:, [1, 3]])
    np.testing.assert_array_equal(cell.collections[1].get_offsets(), x[:, [1, 3]])
    assert figure.axes[4 * 5 + 1].get_xlabel() == "x₂"
    assert figure.axes[3 * 5].get_ylabel() == "x₄"


def test_pair_plot_of_constant_columns_and_of_one_column():
    pixels(plots.pair_plot(np.ones((5, 2)), ["a", "b $"]))
    (axes,) = plots.pair_plot(np.ones((5, 1)), ["age"]).axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("age", "density")


def test_samples_picture_suits_the_data():
    grid = plots.samples_picture(rng().random((4, 20 * 28)), (20, 28))
    assert grid.axes[0].images
    assert plots.samples_picture(rng().random((4, 3, 8, 8)), (3, 8, 8)).axes[0].images
    assert len(plots.samples_picture(rng().random((9, 2)), (2,), data=rng().random((9, 2))).axes) == 2
    assert len(visible(plots.samples_picture(rng().random((9, 3)), (3,)))) == 6
    with pytest.raises(UserError, match=r"\(9, 3\) are not examples of shape \(4,\)"):
        plots.samples_picture(rng().random((9, 3)), (4,))


BAD = np.array([0.5, np.nan, 0.5, np.inf]).reshape(1, 1, 2, 2)


@pytest.mark.parametrize(
    ("draw", "sentence"),
    [
        (lambda: plots.tile(BAD), r"2 of 4 values are NaN or infinite, the first \(nan\) at index \(0, 0, 0, 1\)"),
        (lambda: plots.image_grid(BAD), "NaN"),
        (lambda: plots.samples_over_training([("half way", BAD)]), "The images 'half way' cannot be drawn"),
        (lambda: plots.reconstructions(np.zeros((1, 1, 2, 2)), BAD), "The reconstructions cannot be drawn"),
        (lambda: plots.manifold(BAD[None], [0.0]), "The latent images cannot"),
        (lambda: plots.latent_scatter([[0, np.nan]], [0]), "The latents cannot"),
        (lambda: plots.point_samples(None, [[0, np.inf]]), "The samples cannot"),
        (lambda: plots.tile(np.zeros((1, 1, 2, 2), np.uint8)), "uint8 integers; give floats"),
        (lambda: plots.tile(np.zeros((0, 1, 2, 2))), "n > 0"),
        (lambda: plots.tile(np.zeros((1, 2, 2, 2))), r"1 or 3 channels"),
        (lambda: plots.tile(np.zeros((1, 1, 2, 2)), columns=0), "0 columns"),
        (lambda: plots.image_grid(np.zeros((2, 1, 2, 2)), titles=["one"]), "1 titles were given for 2 images"),
        (lambda: plots.reconstructions(np.zeros((2, 1, 2, 2)), np.zeros((1, 1, 2, 2))), "do not pair up"),
        (lambda: plots.samples_over_training([]), "no samples"),
        (lambda: plots.manifold(np.zeros((2, 3, 1, 8, 8)), [0, 1, 2]), "do not fit axes"),
        (lambda: plots.data_grid(np.zeros((2, 1, 8, 8)), [1]), "do not belong to 2 images"),
        (lambda: plots.latent_scatter(np.zeros((4, 3)), None), "by PCA if larger"),
        (lambda: plots.latent_scatter(np.zeros((4, 2)), [1]), "do not belong to 4 latents"),
        (lambda: plots.latents_side_by_side([]), "no latents"),
        (lambda: plots.pair_plot(np.zeros((4, 2)), ["one"]), "1 names were given for 2 columns"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_a_sentence(draw, sentence):
    with pytest.raises(UserError, match=sentence):
        draw()


def test_save_writes_the_picture_and_its_numbers(tmp_path):
    z = rng().normal(size=(5, 2))
    path = plots.save(plots.latent_scatter(z), tmp_path / "new" / "latents", {"z": z, "labels": np.arange(5)})
    assert path == tmp_path / "new" / "latents.png"
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.info["dpi"] == pytest.approx((150, 150), abs=0.1)
    with np.load(tmp_path / "new" / "latents.npz", allow_pickle=False) as numbers:
        np.testing.assert_array_equal(numbers["z"], z)
        assert sorted(numbers) == ["labels", "z"]
    assert names_in(path.parent) == ["latents.npz", "latents.png"]


def test_save_without_numbers_writes_the_picture_alone(tmp_path):
    plots.save(plots.image_grid(np.zeros((1, 1, 8, 8))), tmp_path / "a.png")
    assert names_in(tmp_path) == ["a.png"]


def test_a_failed_save_leaves_what_was_there_and_nothing_else(tmp_path, monkeypatch):
    figure = plots.image_grid(np.zeros((1, 1, 8, 8)))
    old = plots.save(figure, tmp_path / "a.png", {"x": np.zeros(3)}).read_bytes()
    numbers = (tmp_path / "a.npz").read_bytes()

    def fail(path, **_):
        path.write_bytes(b"half a pic")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(figure, "savefig", fail)
    with pytest.raises(UserError, match="No space left on device"):
        plots.save(figure, tmp_path / "a.png", {"x": np.ones(3)})
    assert names_in(tmp_path) == ["a.npz", "a.png"]
    assert ((tmp_path / "a.png").read_bytes(), (tmp_path / "a.npz").read_bytes()) == (old, numbers)


def test_save_refuses_other_formats_and_what_would_be_pickled(tmp_path):
    figure = plots.image_grid(np.zeros((1, 1, 8, 8)))
    with pytest.raises(UserError, match=r"not as '\.jpg'"):
        plots.save(figure, tmp_path / "a.jpg")
    with pytest.raises(TypeError, match="'names'"):
        plots.save(figure, tmp_path / "a.png", {"names": np.array([{}, None], dtype=object)})
    assert names_in(tmp_path) == []


def test_letters_the_font_lacks_do_not_stop_a_picture(tmp_path):
    z = rng().normal(size=(4, 2))
    plots.save(plots.latent_scatter(z, [0, 0, 1, 1], ["犬", "猫"], title="日本"), tmp_path / "a.png")


def readings(n):
    keys = ("value", "output_real", "output_fake", "margin", "generator_gradient", "other_gradient", "lipschitz")
    values = rng().uniform(0.1, 1.0, (n, len(keys)))
    return [{"split": "train", "epoch": float(i), **dict(zip(keys, row, strict=True))} for i, row in enumerate(values)]


@pytest.mark.parametrize("n", [1, 100])
def test_a_games_panels_show_its_readings(n):
    """A single row is a dot that can be seen."""
    rows = readings(n)
    figure = plots.game_curves([*rows, {"split": "validation", "epoch": 0.0}])
    shown = [list(line.get_ydata()) for axes in figure.axes for line in axes.lines]
    for key in ("value", "output_real", "output_fake", "generator_gradient", "other_gradient", "lipschitz"):
        assert [row[key] for row in rows] in shown, key
    assert figure.axes[0].lines[0].get_marker() == ("o" if n == 1 else "")
    with pytest.raises(UserError, match="no game's"):
        plots.game_curves([])


def test_a_critics_panels_show_its_estimate_as_it_is_and_at_slope_one():
    rows = readings(5)
    figure = plots.critic_curves(rows)
    raw, scaled = (figure.axes[i].lines[0].get_ydata() for i in range(2))
    np.testing.assert_array_equal(raw, [row["margin"] for row in rows])
    np.testing.assert_allclose(scaled, [row["margin"] / row["lipschitz"] for row in rows])
    assert "log 4" not in str([text.get_text() for axes in figure.axes for text in axes.get_legend().get_texts()])


def test_measures_stand_a_panel_each_with_their_errors_and_the_ideal():
    panels = [plots.Panel("recall", [0.2, 0.9], [0.1, np.nan], 1.0), plots.Panel("distance", [3.0, 1.0], [0.5, 0.1])]
    figure = plots.measure_panels(["a", "b"], panels, title="of some data")
    recall, distance = figure.axes
    assert recall.get_title() == "recall"
    np.testing.assert_array_equal(recall.lines[0].get_xdata(), [0.2, 0.9])
    assert recall.lines[-1].get_xdata() == [1.0, 1.0]
    assert [text.get_text() for text in recall.get_yticklabels()] == ["a", "b"]
    assert not any(list(line.get_xdata()) == [1.0, 1.0] for line in distance.lines)
    with pytest.raises(UserError, match="no measures"):
        plots.measure_panels([], panels)


def test_bars_and_histograms_hold_their_values():
    (axes,) = plots.bars([f"n{i}" for i in range(40)], np.arange(40.0), unit="nats").axes
    assert [bar.get_width() for bar in axes.patches] == list(range(30))
    with pytest.raises(UserError, match="one value a name"):
        plots.bars(["a"], [1.0, 2.0])
    (axes,) = plots.histogram(np.array([1.0, 2.0, 2.0, 3.0]), unit="nats").axes
    assert sum(bar.get_height() for bar in axes.patches) == 4
    assert axes.lines[0].get_xdata()[0] == 2.0
    with pytest.raises(UserError, match="no values"):
        plots.histogram([])

"""Pictures of what was computed: numpy arrays in, matplotlib Figures out; nothing here computes or keeps state."""

from reparam.plots.columns import ColumnCells, column_panels, columns_along, columns_over_training
from reparam.plots.files import save
from reparam.plots.games import critic_curves, game_curves
from reparam.plots.grids import data_grid, image_grid, manifold, reconstructions, samples_over_training
from reparam.plots.latents import latent_scatter, latents_side_by_side
from reparam.plots.measures import Panel, bars, histogram, measure_panels
from reparam.plots.points import pair_plot, point_samples, points_over_training, samples_picture
from reparam.plots.progress import curves
from reparam.plots.sweeps import parallel_coordinates
from reparam.plots.tables import closest_distances, pair_heatmaps, transform_panels
from reparam.plots.tiles import tile

__all__ = [
    "ColumnCells",
    "Panel",
    "bars",
    "closest_distances",
    "column_panels",
    "columns_along",
    "columns_over_training",
    "critic_curves",
    "curves",
    "data_grid",
    "game_curves",
    "histogram",
    "image_grid",
    "latent_scatter",
    "latents_side_by_side",
    "manifold",
    "measure_panels",
    "pair_heatmaps",
    "pair_plot",
    "parallel_coordinates",
    "point_samples",
    "points_over_training",
    "reconstructions",
    "samples_over_training",
    "samples_picture",
    "save",
    "tile",
    "transform_panels",
]

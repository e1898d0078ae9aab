"""Points sorted into the cells of a grid, so that looking around a place takes the time of what is near it."""

import math
from typing import NamedTuple

import numpy as np

from ._jit import jit


class Grid(NamedTuple):
    """Points by cells; those of cell ``c`` are ``order[head[c]:head[c + 1]]``, and rows of cells follow each other."""

    head: np.ndarray  # int64 (nx ny + 1,)
    order: np.ndarray  # int64 (points,)
    low_x: float  # corner of the first cell
    low_y: float
    side: float
    nx: int
    ny: int


@jit
def make_grid(at: np.ndarray, use: np.ndarray) -> Grid:
    """Return the grid of some points, about one a cell.

    Parameters
    ----------
    at : float64 (M, 2)
        Points.
    use : bool (M,)
        Those that are sorted in; the others are nowhere.

    Returns
    -------
    Grid
        Points of a cell in order of their rows.
    """
    m = at.shape[0]
    low_x, high_x, low_y, high_y, n = math.inf, -math.inf, math.inf, -math.inf, 0
    for j in range(m):
        if use[j]:
            low_x, high_x = min(low_x, at[j, 0]), max(high_x, at[j, 0])
            low_y, high_y = min(low_y, at[j, 1]), max(high_y, at[j, 1])
            n += 1
    if n == 0:
        return Grid(np.zeros(2, np.int64), np.zeros(0, np.int64), 0.0, 0.0, 1.0, 1, 1)
    # A lone column of points must not make a grid longer than the list of points.
    wide, high = high_x - low_x, high_y - low_y
    side = max(math.sqrt(wide * high / n), max(wide, high) / n, 1e-6)
    nx, ny = int(wide / side) + 1, int(high / side) + 1
    head, cell = np.zeros(nx * ny + 1, np.int64), np.zeros(m, np.int64)
    for j in range(m):
        if use[j]:
            cell[j] = int((at[j, 1] - low_y) / side) * nx + int((at[j, 0] - low_x) / side)
            head[cell[j] + 1] += 1
    for c in range(nx * ny):
        head[c + 1] += head[c]
    order, fill = np.zeros(n, np.int64), np.zeros(nx * ny, np.int64)
    for j in range(m):
        if use[j]:
            order[head[cell[j]] + fill[cell[j]]] = j
            fill[cell[j]] += 1
    return Grid(head, order, low_x, low_y, side, nx, ny)


@jit
def cells_around(grid: Grid, x: float, y: float, reach_x: float, reach_y: float) -> tuple[int, int, int, int]:
    """Return the first and last column, first and last row of the cells that a box meets; no rows if it meets none."""
    # Clamped while still a float: a wild position has no integer cell.
    x0 = int(min(max((x - reach_x - grid.low_x) / grid.side, 0.0), float(grid.nx)))
    x1 = int(min(max((x + reach_x - grid.low_x) / grid.side, -1.0), grid.nx - 1.0))
    y0 = int(min(max((y - reach_y - grid.low_y) / grid.side, 0.0), float(grid.ny)))
    y1 = int(min(max((y + reach_y - grid.low_y) / grid.side, -1.0), grid.ny - 1.0))
    return x0, x1, y0, y1 if x1 >= x0 else y0 - 1


@jit
def frame_cell(x: float, y: float, height: float, width: float, ny: int, nx: int) -> tuple[int, int]:
    """Return row and column of the cell of a place on a frame of ``ny x nx`` cells; the nearest if outside."""
    row, column = y / height * ny, x / width * nx
    return int(min(max(row, 0.0), ny - 1.0)), int(min(max(column, 0.0), nx - 1.0))

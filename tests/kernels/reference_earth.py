"""Slow, obvious twin of the kernel of the Earth's surface, in double precision."""

import numpy as np


def spread(nodes, cells, turn=0.0):
    """Linear interpolation of a lattice to cells, rows first; angles of a period go the short way."""
    out = nodes.astype(float)
    for axis, count in enumerate(cells):
        n = out.shape[axis]
        if n == count:
            continue
        at = np.arange(count) * (n - 1) / (count - 1)
        i = np.minimum(at.astype(int), n - 2)
        f = np.expand_dims(at - i, 1 - axis)
        low, high = np.take(out, i, axis), np.take(out, i + 1, axis)
        step = high - low
        if turn:
            step = (step + turn / 2) % turn - turn / 2
        out = low + f * step
    return out


def periodic(field, y, x):
    """Bilinear value of a periodic field."""
    n, m = field.shape
    i, j = np.floor(y).astype(int), np.floor(x).astype(int)
    v, u = y - i, x - j

    def at(di, dj):
        return field[(i + di) % n, (j + dj) % m].astype(float)

    return (1 - v) * ((1 - u) * at(0, 0) + u * at(0, 1)) + v * ((1 - u) * at(1, 0) + u * at(1, 1))


def look_up(classes, latitude, longitude):
    """Bilinear share of water; class of the nearest of four cells that is land."""
    rows, columns = classes.shape
    y = min(max((90 - latitude) * rows / 180 - 0.5, 0.0), rows - 1.001)
    x = (longitude + 180) * columns / 360 - 0.5
    i, j = int(y), int(np.floor(x))
    v, u = y - i, x - j
    corners = [
        (classes[i + di, (j + dj) % columns], (v if di else 1 - v) * (u if dj else 1 - u))
        for di in (0, 1) for dj in (0, 1)
    ]  # fmt: skip
    share = sum(w for c, w in corners if c == 0)
    land = max(((w, -k, c) for k, (c, w) in enumerate(corners) if c), default=(0, 0, 0))[2]
    return share, int(land)


def earth_radiance(ground, surface, nodes, planck, shape):
    bands, n, m = shape
    lat, lon, east, north = (spread(p, (n, m), 360.0 if k == 1 else 0.0) for k, p in enumerate(nodes.place))
    sea_k, land_k, phase, contrast, stretch = (spread(f, (n, m)) for f in nodes.field)
    light = [[spread(f, (n, m)) for f in band] for band in nodes.band]
    y, x = north / ground.texture_m, east / ground.texture_m
    hit = np.isfinite(lat)
    y, x = np.where(hit, y, 0), np.where(hit, x, 0)
    warp_n, warp_e, warmth, patch = (periodic(ground.texture[..., k], y, x) for k in range(4))
    kelvins = planck.first_k + np.arange(planck.table.shape[1]) / planck.per_k
    out = np.empty(shape)
    for r in range(n):
        for c in range(m):
            if not hit[r, c]:
                out[:, r, c] = [band[2][r, c] for band in light]
                continue
            share, land = look_up(ground.classes, lat[r, c] + warp_n[r, c], lon[r, c] + warp_e[r, c] * stretch[r, c])
            water = min(max(0.5 + (share - 0.5) * ground.sharpness, 0.0), 1.0)
            t_sea = sea_k[r, c] + surface.sea_texture_k * warmth[r, c]
            t_land = land_k[r, c] + surface.offset_k[land] + surface.daily_k[land] * phase[r, c]
            t_land = min(t_land + contrast[r, c] * warmth[r, c], surface.ceiling_k[land])
            for b in range(bands):
                cold, warmer, path, matt, glint, e_sea = (f[r, c] for f in light[b])
                black, shifted = (planck.table[b, :, k].astype(float) for k in (0, 1))

                def own(e, t, black=black, shifted=shifted, cold=cold, warmer=warmer):
                    return e * (np.interp(t, kelvins, black) * cold + np.interp(t, kelvins, shifted) * warmer)

                e = surface.emissivity[b, land]
                sea = own(e_sea, t_sea) + glint * max(1 + surface.sea_patches * patch[r, c], 0)
                dry = own(e, t_land) + (1 - e) * matt * max(1 + surface.land_patches * patch[r, c], 0)
                out[b, r, c] = path + water * sea + (1 - water) * dry
    return out

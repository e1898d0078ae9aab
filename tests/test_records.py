"""The house's language: names, units, and what an unknown value looks like."""

import numpy as np
import pytest

from boostwatch import records
from boostwatch.records import KINDS, QUALITY_BITS, empty, unit_of

DTYPES = [getattr(records, name) for name in dir(records) if isinstance(getattr(records, name), np.dtype)]


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.names[0] + str(len(d)))
def test_empty_records_know_nothing(dtype):
    table = empty(dtype, 3)
    assert table.dtype == dtype
    assert table.shape == (3,)
    for name in dtype.names:
        match dtype[name].kind:
            case "f":
                assert np.isnan(table[name]).all()
            case "i":
                assert (table[name] == -1).all()
            case "S":
                assert (table[name] == b"").all()
            case _:
                assert (table[name] == 0).all()


def test_design_columns_come_first_and_in_order():
    assert records.DETECTION.names == (
        "frame", "band", "time_s", "x", "y", "sigma_x", "sigma_y", "signal_e", "signal_sigma_e", "snr", "track_id",
        "frames", "held_e", "unrest",
    )  # fmt: skip
    assert records.EVENT.names[:3] == ("event_id", "track_id", "kind")
    assert records.TRACK_POINT["confirmed"] == np.dtype("u1")


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.names[0] + str(len(d)))
def test_every_measured_column_has_a_unit(dtype):
    for name in dtype.names:
        if dtype[name].kind == "f":
            assert unit_of(name), name


@pytest.mark.parametrize(
    ("column", "unit"),
    [("x", "px"), ("vx", "px/s"), ("time_s", "s"), ("peak_intensity_w_sr", "W/sr"), ("irradiance_w_m2", "W/m2"),
     ("ellipse_major_km", "km"), ("heading_deg", "deg"), ("signal_e", "electron"), ("position_m", "m"), ("frame", ""),
     ("kind", "")],
)  # fmt: skip
def test_units_of_columns(column, unit):
    assert unit_of(column) == unit


def test_kinds_fit_their_column_and_quality_bits_their_byte():
    assert all(len(kind) <= 16 for kind in KINDS)
    bits = list(QUALITY_BITS.values())
    assert len(set(bits)) == len(bits)
    assert all(bit & (bit - 1) == 0 and 0 < bit < 256 for bit in bits)

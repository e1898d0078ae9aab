"""What the two file formats have in common: root attributes, units, checksummed datasets."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import h5py
import numpy as np
from numpy.typing import NDArray

from boostwatch.errors import BadData, UsageError
from boostwatch.geometry import parse_utc, utc_now
from boostwatch.records import QUALITY_BITS, Records, unit_of
from boostwatch.store.atomic import PartFile
from boostwatch.version import __version__

STACK_FORMAT: Final = "boostwatch.stack"
EVENTS_FORMAT: Final = "boostwatch.events"
VERSION: Final = 1
DEFAULT_EPOCH: Final = "2000-01-01T00:00:00Z"
"""From which times count where a file does not say."""
MAX_DEFLATE: Final = 1032
"""Deflate packs at most so many bytes into one; a file that claims more lies."""
TABLE_CHUNK_BYTES: Final = 1 << 20
TEXT: Final = h5py.string_dtype("utf-8")

BAND: Final = np.dtype([
    ("name", "S16"), ("lower_um", "f8"), ("upper_um", "f8"), ("psf_sigma_px", "f8"), ("gain_e_per_dn", "f8"),
    ("offset_dn", "f8"), ("read_noise_e", "f8"), ("dark_e_per_s", "f8"), ("full_well_e", "f8"),
    ("irradiance_per_e", "f8"),
])  # fmt: skip
"""A row of ``/sensor/bands``."""

_BAND_UNITS: Final = {
    "name": "", "lower_um": "um", "upper_um": "um", "psf_sigma_px": "px", "gain_e_per_dn": "electron/DN",
    "offset_dn": "DN", "read_noise_e": "electron", "dark_e_per_s": "electron/s", "full_well_e": "electron",
    "irradiance_per_e": "W/m2/electron",
}  # fmt: skip


@contextmanager
def new_file(target: PartFile | Any) -> Iterator[h5py.File]:
    """Open an HDF5 file for writing on a Python file object, with every metadata block checksummed.

    The file format is that of HDF5 1.10; no time stamps, so that the same content gives the same bytes.
    """
    with h5py.File(target, "w", driver="fileobj", libver=("v110", "v110")) as file:
        yield file


def put_root(file: h5py.File, name: str, created: str | None) -> None:
    """Write the root attributes of format ``name``."""
    file.attrs["format"] = name
    file.attrs["format_version"] = VERSION
    file.attrs["creator"] = f"boostwatch {__version__}"
    file.attrs["created"] = created or utc_now()


def put_array(
    group: h5py.Group, name: str, data: NDArray[Any], *, units: str | None = None, chunks: tuple[int, ...] | None = None
) -> h5py.Dataset:
    """Write an array with a checksum (one chunk unless told) and its unit, in little-endian bytes."""
    data = np.ascontiguousarray(data, np.asarray(data).dtype.newbyteorder("<"))
    checked: dict[str, Any] = {"chunks": chunks or data.shape, "fletcher32": True} if data.size else {}
    dataset = group.create_dataset(name, data=data, **checked)
    if units is not None:
        dataset.attrs["units"] = units
    return dataset


def put_table(group: h5py.Group, name: str, rows: Records, units: Mapping[str, str] | None = None) -> h5py.Dataset:
    """Write a compound table that can grow, with the units of its columns as JSON in the attribute ``units``."""
    rows = np.ascontiguousarray(rows, rows.dtype.newbyteorder("<"))
    chunk = max(1, min(len(rows), TABLE_CHUNK_BYTES // rows.dtype.itemsize))
    # PyTables, and with it pandas, takes a compound dataset for a table only if it is chunked.
    table = group.create_dataset(name, data=rows, maxshape=(None,), chunks=(chunk,), fletcher32=True)
    table.attrs["units"] = json.dumps(units or {column: unit_of(column) for column in rows.dtype.names or ()})
    return table


def signal_unit(table: h5py.Dataset | h5py.Group) -> str:
    """Return the unit of the signals of a table of detections: ``electron`` unless it says another that is known."""
    try:
        said = json.loads(text_of(table.attrs.get("units", "{}")))["signal_e"]
    except (ValueError, KeyError, TypeError):
        return "electron"
    return said if said in ("DN", "") else "electron"


def put_bands(group: h5py.Group, rows: Records) -> None:
    """Write ``/sensor/bands``."""
    put_table(group, "bands", rows, _BAND_UNITS)


def put_flags(dataset: h5py.Dataset) -> None:
    """Say what the bits of a quality dataset mean, as the CF conventions do."""
    dataset.attrs["flag_masks"] = np.array(list(QUALITY_BITS.values()), np.uint8)
    dataset.attrs["flag_meanings"] = " ".join(QUALITY_BITS)


def text_of(value: object) -> str:
    """Return an attribute as text, whatever string type it was stored in."""
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(-1)[0]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def number_of(attributes: Mapping[str, Any], name: str, default: float) -> float:
    """Return a numeric attribute, or the default if it is absent or no number."""
    value = attributes.get(name)
    try:
        return float(np.asarray(value).reshape(-1)[0]) if value is not None else default
    except (TypeError, ValueError, IndexError):
        return default


def checked_epoch(epoch: str) -> str:
    """Return ``epoch`` if it is an ISO 8601 instant, else raise UsageError."""
    try:
        parse_utc(epoch)
    except ValueError:
        raise UsageError("is no instant", place="epoch", found=epoch, allowed="ISO 8601 UTC") from None
    return epoch


def require_format(file: h5py.File, path: str, name: str) -> None:
    """Raise BadData unless the root attributes say that this is format ``name`` in a version known here."""
    found = text_of(file.attrs.get("format", ""))
    if found != name:
        raise BadData("is of another format", path=path, place="/@format", found=found, allowed=name)
    version = number_of(file.attrs, "format_version", -1)
    if version != VERSION:
        raise BadData("is of another version", path=path, place="/@format_version", found=version, allowed=f"{VERSION}")


def plain(value: Any) -> Any:
    """Turn an attribute or numpy value into what JSON knows; NaN becomes None."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.ndarray):
        return [plain(v) for v in value.tolist()]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | list | None) else str(value)

"""Finding the frames in a file that passed the guard."""

from __future__ import annotations

import os
from typing import Any, Final

import h5py

from boostwatch.errors import BadData, UsageError
from boostwatch.store import guard, layout
from boostwatch.store.reader import StackReader

_MIN_SIDE: Final = 8  # what is narrower is a table of numbers rather than an image
_KINDS: Final = ("u1", "u2", "u4", "i2", "i4", "f4", "f8")


def open_stack(path: str | os.PathLike[str], *, dataset: str | None = None) -> StackReader:
    """Open a frame stack, Boostwatch's own or another HDF5 file with frames in it.

    Parameters
    ----------
    path : str or os.PathLike
        The file; it is not trusted, and looked through before a byte of data is read.
    dataset : str, optional
        Where the frames lie in a file of another format: ``(T, B, H, W)``, ``(T, H, W)`` or ``(H, W)``, integers of
        up to 32 bits or floats. Not needed if only one dataset looks like that.

    Returns
    -------
    StackReader
        A context manager.

    Raises
    ------
    NoInput
        No such file.
    UsageError
        No dataset of that name.
    BadData
        Not HDF5, reaches outside itself, damaged, or not a stack.
    """
    guard.check(path)
    name = os.fspath(path)
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise BadData(f"is damaged ({' '.join(str(error).split())})", path=path) from None
    try:
        frames, foreign = find_frames(file, name, dataset)
        require_frames(frames, name)
        return StackReader(name, file, frames, foreign=foreign)
    except (OSError, RuntimeError, KeyError) as error:
        file.close()
        raise BadData(f"is damaged ({' '.join(str(error).split())})", path=path) from None
    except BaseException:
        file.close()
        raise


def find_frames(file: h5py.File, path: str, dataset: str | None) -> tuple[h5py.Dataset, bool]:
    """Return the dataset with the frames, and whether it is somebody else's, of which nothing more is known."""
    named = layout.text_of(file.attrs.get("format", "")).startswith("boostwatch.")
    own = named or isinstance(file.get("/stack/frames"), h5py.Dataset)
    if dataset is not None or not own:
        frames = _named(file, path, dataset) if dataset is not None else _only_candidate(file, path)
        return frames, frames.name != "/stack/frames"
    if named:
        layout.require_format(file, path, layout.STACK_FORMAT)
    frames = file.get("/stack/frames")
    if not isinstance(frames, h5py.Dataset):
        raise BadData("is not there", path=path, place="/stack/frames", allowed="a dataset (T, B, H, W)")
    return frames, False


def _named(file: h5py.File, path: str, dataset: str) -> h5py.Dataset:
    found = file.get(dataset)
    if not isinstance(found, h5py.Dataset):
        names = ", ".join(d.name for d in candidates(file)) or "there is none"
        raise UsageError("is not a dataset of the file", path=path, place=dataset, allowed=names)
    return found


def _only_candidate(file: h5py.File, path: str) -> h5py.Dataset:
    found = candidates(file)
    if len(found) != 1:
        names = ", ".join(f"{d.name} {d.shape} {d.dtype}" for d in found[:20]) or "none"
        raise BadData(
            "which dataset holds the frames is not clear; name one with --dataset" if found else "holds no frames",
            path=path, found=names, allowed="one dataset (T, B, H, W), (T, H, W) or (H, W) of numbers",
        )  # fmt: skip
    return found[0]


def candidates(file: h5py.File) -> list[h5py.Dataset]:
    """Return the datasets that could be frames: sequences if there are any, else single images."""
    found: list[h5py.Dataset] = []

    def visit(_: str, item: Any) -> None:
        if not isinstance(item, h5py.Dataset) or item.dtype.str[1:] not in _KINDS or item.ndim not in (2, 3, 4):
            return
        if min(item.shape) >= 1 and min(item.shape[-2:]) >= _MIN_SIDE:
            found.append(item)

    file.visititems(visit)
    return [d for d in found if d.ndim > 2] or found


def require_frames(frames: h5py.Dataset, path: str) -> None:
    """Raise BadData if a dataset cannot hold frames."""
    if frames.dtype.str[1:] not in _KINDS or frames.ndim not in (2, 3, 4) or min(frames.shape) < 1:
        raise BadData(
            "cannot be frames", path=path, place=frames.name, found=(frames.shape, str(frames.dtype)),
            allowed="(T, B, H, W), (T, H, W) or (H, W) of integers up to 32 bits or floats",
        )  # fmt: skip

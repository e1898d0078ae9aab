"""What can go wrong, with the exit code that the command line gives for it."""

from __future__ import annotations

import os


class BoostwatchError(Exception):
    """Root of all errors that a user can act on.

    Parameters
    ----------
    message : str
        What is wrong, in a few words.
    path : str or os.PathLike, optional
        The file concerned.
    place : str, optional
        The place in it: a key path (``sensor.ifov``), an HDF5 path, a row, a frame.
    found : object, optional
        The value found there.
    allowed : str, optional
        What would have been right, with its unit.
    """

    exit_code = 70

    def __init__(
        self,
        message: str,
        *,
        path: str | os.PathLike[str] | None = None,
        place: str | None = None,
        found: object = None,
        allowed: str | None = None,
    ) -> None:
        self.message, self.path, self.place, self.found, self.allowed = message, path, place, found, allowed
        super().__init__(str(self))

    def __str__(self) -> str:
        head = [os.fspath(self.path)] if self.path is not None else []
        head += [self.place] if self.place else []
        text = ": ".join([*head, self.message])
        if self.found is not None:
            shown = repr(self.found)
            text += f"; found {shown if len(shown) <= 80 else shown[:77] + '...'}"
        if self.allowed:
            text += f"; allowed: {self.allowed}"
        return text


class UsageError(BoostwatchError):
    """The call itself makes no sense."""

    exit_code = 2


class BadData(BoostwatchError):
    """An input file, scenario or settings file holds something that is not allowed."""

    exit_code = 65


class NoInput(BoostwatchError):
    """An input file does not exist or cannot be opened for reading."""

    exit_code = 66


class CannotCreate(BoostwatchError):
    """An output cannot be created: no such directory, no permission."""

    exit_code = 73


class StorageError(BoostwatchError):
    """Reading or writing failed half-way: disk full, device error."""

    exit_code = 74

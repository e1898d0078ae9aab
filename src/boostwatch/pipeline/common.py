"""What all steps of the pipeline need: how they tell where they are, and whose file an error is about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from boostwatch.errors import BadData

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many steps are done, and how many there are."""


def quiet(_stage: str, _done: int, _total: int) -> None:
    return


@contextmanager
def file_named(path: str | Path | None) -> Iterator[None]:
    """Add the file's name to an error of a wing, which does not know it."""
    try:
        yield
    except BadData as error:
        if error.path is not None or path is None:
            raise
        raise BadData(error.message, path=path, place=error.place, found=error.found, allowed=error.allowed) from None

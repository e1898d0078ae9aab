"""Output files that are whole or not there: written beside their place, renamed at the end.

`PartFile` also stands between HDF5 and a full disk. HDF5 that is told of a failed write raises, and then crashes the
process when it closes the file. So a `PartFile` never lets it see one: the first failure is remembered, what is
written afterwards is kept in memory (HDF5 may want to read it back before it closes), and `check` tells the writer.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from boostwatch.errors import BoostwatchError, CannotCreate, NoInput, StorageError, UsageError

try:
    import fcntl
except ImportError:  # Windows: no advisory locks; two writers of one file are then not noticed
    fcntl = None  # type: ignore[assignment]  # the module is optional

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)
"""Errors that are the disk's, not the caller's."""
_WRITE_BYTES = 1 << 26
"""Most bytes passed to one system call; Linux stops at 2 GiB and some file systems far below."""


class PartFile:
    """A file under construction at ``path + ".part"``, with the interface that h5py wants of a file object.

    Use as a context manager. A block that ends well puts the file in its place (fsync, rename, fsync of the
    directory); an exception, Ctrl-C included, removes it and leaves what was there before.

    Parameters
    ----------
    path : str or os.PathLike
        Where the finished file shall be. A symbolic link is followed.

    Raises
    ------
    CannotCreate
        No such directory, no permission, not an ordinary file, or another process is writing it.
    StorageError
        The disk is full or fails; raised by `check`, by `write_all` and at the end of the block.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.path.realpath(os.fspath(path))
        self.part = self.path + ".part"
        self.error: OSError | None = None
        self._later: list[tuple[int, bytes]] = []
        self._at = 0
        self._end = 0
        self._fd = -1

    def __enter__(self) -> Self:
        try:
            if os.path.lexists(self.path) and not stat.S_ISREG(os.stat(self.path).st_mode):
                raise CannotCreate("is there and is not an ordinary file", path=self.path)
            while not self._open():
                pass
            os.ftruncate(self._fd, 0)
        except OSError as error:
            if self._fd >= 0:
                self._close()
                os.unlink(self.part)
            if error.errno in DISK_ERRORS:
                raise self._storage_error(error) from error
            raise CannotCreate(f"cannot be created: {error.strerror}", path=self.path) from error
        return self

    def _open(self) -> bool:
        """Open and lock the ``.part`` file; False if it was renamed by its writer meanwhile, and is no longer that."""
        flags = os.O_RDWR | os.O_CREAT
        for name in ("O_CLOEXEC", "O_NOFOLLOW", "O_BINARY"):
            flags |= getattr(os, name, 0)
        self._fd = os.open(self.part, flags, 0o666)
        if fcntl is None:
            return True
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._close()
            raise CannotCreate("is being written by another process", path=self.path) from None
        except OSError:
            return True  # a file system without locks: two writers are then not noticed
        try:
            if os.path.samestat(os.fstat(self._fd), os.lstat(self.part)):
                return True
        except FileNotFoundError:
            pass
        self._close()
        return False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._commit()
        finally:
            self._close()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.part)  # gone already if it was renamed

    def _commit(self) -> None:
        self.check()
        try:
            os.fsync(self._fd)
            if fcntl is None:
                self._close()  # Windows renames no open file; elsewhere the lock is kept until the name is right
            os.replace(self.part, self.path)
            sync_directory(os.path.dirname(self.path))
        except OSError as error:
            raise self._storage_error(error) from error

    def _close(self) -> None:
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            with contextlib.suppress(OSError):  # the data are synced by now, or given up
                os.close(fd)

    def _storage_error(self, error: OSError) -> StorageError:
        reason = error.strerror or str(error)
        return StorageError(f"could not be written ({reason}); what was there before is untouched", path=self.path)

    def check(self) -> None:
        """Raise StorageError if any write has failed so far."""
        if self.error is not None:
            raise self._storage_error(self.error) from self.error

    def write_all(self, data: bytes) -> None:
        """Write ``data`` at the current position, or raise StorageError."""
        self.write(data)
        self.check()

    # What follows is called by HDF5.

    def write(self, data: bytes | memoryview) -> int:
        """Write at the current position; never fails as seen from outside."""
        view = memoryview(data).cast("B")
        start = self._at
        if self.error is None:
            done = 0
            try:
                while done < len(view):
                    os.lseek(self._fd, start + done, os.SEEK_SET)
                    done += os.write(self._fd, view[done : done + _WRITE_BYTES])
            except OSError as error:
                self.error = error
                self._later.append((start + done, bytes(view[done:])))
        else:
            self._later.append((start, bytes(view)))
        self._at = start + len(view)
        self._end = max(self._end, self._at)
        return len(view)

    def readinto(self, buffer: bytearray | memoryview) -> int:
        """Fill ``buffer`` from the current position; what was never written reads as zeros."""
        view = memoryview(buffer).cast("B")
        start, stop = self._at, self._at + len(view)
        done = 0
        try:
            while done < len(view):
                os.lseek(self._fd, start + done, os.SEEK_SET)
                piece = os.read(self._fd, min(len(view) - done, _WRITE_BYTES))
                if not piece:
                    break
                view[done : done + len(piece)] = piece
                done += len(piece)
        except OSError as error:
            self.error = self.error or error
        view[done:] = bytes(len(view) - done)
        for at, data in self._later:
            low, high = max(at, start), min(at + len(data), stop)
            if low < high:
                view[low - start : high - start] = data[low - at : high - at]
        self._at = stop
        return len(view)

    def read(self, size: int) -> bytes:
        """Return ``size`` bytes from the current position."""
        buffer = bytearray(size)
        self.readinto(buffer)
        return bytes(buffer)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the current position."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._end}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """Return the current position."""
        return self._at

    def truncate(self, size: int | None = None) -> int:
        """Set the length; like `write`, it never fails as seen from outside."""
        size = self._at if size is None else size
        if self.error is None:
            try:
                os.ftruncate(self._fd, size)
            except OSError as error:
                self.error = error
        self._end = size
        return size

    def flush(self) -> None:
        """Nothing is held back here; the disk is synced once, at the end."""


def sync_directory(path: str) -> None:
    """Make a rename in ``path`` survive a power cut, where the system can."""
    try:
        fd = os.open(path or ".", os.O_RDONLY)
    except OSError:  # Windows cannot open a directory
        return
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(fd)


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a small file whole or not at all.

    Raises
    ------
    CannotCreate, StorageError
        See `PartFile`.
    """
    with PartFile(path) as part:
        part.write_all(data)


def check_output(path: str | os.PathLike[str], inputs: Iterable[str | os.PathLike[str]] = ()) -> None:
    """Refuse an output before the work for it is done: what can be told without making it.

    Parameters
    ----------
    path : path-like
        The file to be.
    inputs : iterable of path-like
        Files that are read for it; it may be none of them, under any name.

    Raises
    ------
    UsageError
        It is one of the inputs, or has no name.
    CannotCreate
        No such directory, no permission, or not an ordinary file.
    """
    if os.fspath(path) in ("", "."):
        raise UsageError("the output has no name", allowed="a file")
    for file in inputs:
        with contextlib.suppress(OSError):
            if os.path.samefile(path, file):
                raise UsageError("is an input and the output", path=path, allowed="another output")
    real = os.path.realpath(path)
    folder = os.path.dirname(real)
    if os.path.lexists(real) and not os.path.isfile(real):
        raise CannotCreate("is there and is not an ordinary file", path=path)
    if not os.path.isdir(folder):
        raise CannotCreate("cannot be created: no such directory", path=path, found=folder)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise CannotCreate("cannot be created: Permission denied", path=path)


def make_directory(path: str | os.PathLike[str]) -> None:
    """Make a directory for outputs, and those above it.

    Raises
    ------
    CannotCreate
        No permission, or something else is there.
    StorageError
        The disk is full or fails.
    """
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        if error.errno in DISK_ERRORS:
            raise StorageError(f"cannot be created: {error.strerror}", path=path) from error
        raise CannotCreate(f"cannot be created: {error.strerror}", path=path) from error


def sha256(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file's bytes.

    Raises
    ------
    NoInput
        The file cannot be opened.
    StorageError
        The disk fails.
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise missing(path, error) from error


def missing(path: str | os.PathLike[str], error: OSError) -> BoostwatchError:
    """Return what to raise when an input cannot be opened or read."""
    text = f"cannot be read: {error.strerror or error}"
    return StorageError(text, path=path) if error.errno in DISK_ERRORS else NoInput(text, path=path)

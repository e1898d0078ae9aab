"""The one decorator of all kernels, and the care of its cache.

Flags are decided here once: compiled code is cached, releases the GIL unless it is brief, and follows IEEE arithmetic
(``fastmath`` would make NaN tests vanish). Division by zero gives inf or NaN as in numpy.

The cache lies in its own directory, named by a hash of all kernel sources: a kernel that calls a helper in another
file would otherwise keep the helper's old code. A place that cannot be written means no cache, never a failure; an
entry that cannot be read is dropped and compiled anew.

Vectors are as wide as the processor has them: LLVM stops at 256 bits on all Intel processors, for the sake of the first
ones whose clock fell under 512; on the later ones that costs a third of the noise kernel's speed.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import platform
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core.codegen import get_host_cpu_features

__all__ = ["brief_jit", "cache_directory", "jit", "row_jit"]

F = TypeVar("F", bound=Callable[..., Any])


def source_hash() -> str:
    """Return 16 hex digits that change with any kernel source, numba or Python version."""
    digest = hashlib.sha256(f"{numba.__version__} {platform.python_version()}".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _usable(directory: Path) -> bool:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            return True
    except OSError:
        return False


def cache_directory() -> Path | None:
    """Return the directory of compiled kernels, or None where no place can be written.

    ``BOOSTWATCH_CACHE_DIR`` names the parent; without it the system's temporary directory serves.
    """
    name = source_hash()
    places = [os.environ.get("BOOSTWATCH_CACHE_DIR"), _spare_place()]
    for place in places:
        if place and _usable(directory := Path(place) / "kernels" / name):
            return directory
    return None


def _spare_place() -> str | None:
    """Return a directory of this user alone under the system's temporary one: whoever can write there can run code."""
    owner = os.getuid() if hasattr(os, "getuid") else None
    place = Path(tempfile.gettempdir()) / f"boostwatch-{owner if owner is not None else os.environ.get('USERNAME', '')}"
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        seen = place.lstat()
    except OSError:
        return None
    if owner is not None and (seen.st_uid != owner or seen.st_mode & 0o022):
        return None
    return str(place)


def _checked(file: Any) -> None:
    """Let a cache file carry its own SHA-256: a flipped bit in machine code unpickles well and then kills the run."""
    dump = file._dump

    def dump_checked(entry: Any) -> bytes:
        data: bytes = dump(entry)
        return data + hashlib.sha256(data).digest()

    def load_checked(name: str) -> Any:
        data = Path(file._data_path(name)).read_bytes()
        if hashlib.sha256(data[:-32]).digest() != data[-32:]:
            raise ValueError(f"{name} is damaged")
        return pickle.loads(data[:-32])

    file._dump, file._load_data = dump_checked, load_checked


class _TolerantCache:
    """A numba function cache whose faults cost a compilation, never the run."""

    def __init__(self, cache: Any) -> None:
        self._cache = cache
        _checked(cache._cache_file)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return self._cache.load_overload(sig, target_context)
        except Exception:  # a damaged pickle can raise anything at all
            shutil.rmtree(self._cache.cache_path, ignore_errors=True)
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            Path(self._cache.cache_path).mkdir(parents=True, exist_ok=True)
            self._cache.save_overload(sig, data)
        except Exception:  # full disk, read-only place: the compiled code in memory still serves
            return


def _use_wide_vectors() -> None:
    """Let numba compile for 512 bits where the clock bears them; a user's own ``NUMBA_CPU_FEATURES`` stand.

    The setting is that of the process: numba makes one code generator, at its first compilation.
    """
    config: Any = numba.config
    if config.CPU_FEATURES is not None or not config.ENABLE_AVX:
        return
    features: str = get_host_cpu_features()  # type: ignore[no-untyped-call]  # numba ships no types
    if "+avx512vbmi2" in features.split(","):  # Ice Lake and Zen 4 on
        config.CPU_FEATURES = features + ",-prefer-256-bit"


_use_wide_vectors()
_DIRECTORY = cache_directory()


def _compile(function: F, *, nogil: bool, inline: bool = False) -> F:
    config: Any = numba.config
    before = config.CACHE_DIR
    config.CACHE_DIR = str(_DIRECTORY or "")
    try:
        compiled = numba.njit(
            function, cache=_DIRECTORY is not None, nogil=nogil, error_model="numpy", fastmath=False, forceinline=inline
        )
    finally:
        config.CACHE_DIR = before  # other users of numba in this process keep their own place
    if _DIRECTORY is not None and hasattr(compiled, "_cache"):
        compiled._cache = _TolerantCache(compiled._cache)
    kernel: F = compiled
    return kernel


def jit(function: F) -> F:
    """Compile a kernel that runs on the calling thread."""
    return _compile(function, nogil=True)


def brief_jit(function: F) -> F:
    """Compile a kernel of microseconds: it keeps the GIL, which other threads would take longer to hand back."""
    return _compile(function, nogil=False)


def row_jit(function: F) -> F:
    """Compile a kernel of one row into its callers: calls a row cost more than the work, in counts of references."""
    return _compile(function, nogil=True, inline=True)

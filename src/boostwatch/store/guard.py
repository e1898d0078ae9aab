"""Walk over every object of an HDF5 file from elsewhere before its first byte of data is read.

The walk runs in a child process with a time limit and a memory limit, since HDF5 can abort or hang on a file made to
do so: ``python -m boostwatch.store.guard FILE [--swmr]`` prints what it refuses as JSON. A file that passed, or that
this process wrote itself, is remembered by path, size, time and inode and not walked again. Of a file that a writer
still appends to (SWMR) the walk sees what is there at the time: the writer cannot add objects to it any more.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import subprocess
import sys
from typing import Any, Final, NamedTuple

from boostwatch.errors import BadData, NoInput

TIME_LIMIT_S: Final = 20.0
MEMORY_LIMIT_BYTES: Final = 4 << 30
MAX_OBJECTS: Final = 20_000
MAX_ATTRIBUTE_BYTES: Final = 16 << 20
MAX_EXPANSION: Final = 100
"""Most that a dataset may claim, as a multiple of what is stored of it..."""
FREE_BYTES: Final = 64 << 20
"""...but claims below this are not looked at."""
KNOWN_FILTERS: Final = {
    1: "deflate", 2: "shuffle", 3: "fletcher32", 32000: "lzf", 32001: "blosc", 32004: "lz4", 32008: "bitshuffle",
    32015: "zstd", 32026: "blosc2",
}  # fmt: skip
SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"


class Problem(NamedTuple):
    """One deviation: where, what is there, what may be there."""

    place: str
    message: str
    found: str
    allowed: str

    def line(self) -> str:
        """Return the problem as one line."""
        return f"{self.place}: {self.message}; found {self.found}; allowed: {self.allowed}"


_passed: set[tuple[str, int, int, int]] = set()


def _key(path: str) -> tuple[str, int, int, int]:
    s = os.stat(path)
    return os.path.realpath(path), s.st_size, s.st_mtime_ns, s.st_ino


def trust(path: str | os.PathLike[str]) -> None:
    """Remember a file that this process has just written."""
    _passed.add(_key(os.fspath(path)))


def is_hdf5(path: str | os.PathLike[str]) -> bool:
    """Say whether a file bears the HDF5 signature, at its start or after a user block."""
    try:
        with open(path, "rb") as file:
            size, at = os.fstat(file.fileno()).st_size, 0
            while at + len(SIGNATURE) <= size:
                file.seek(at)
                if file.read(len(SIGNATURE)) == SIGNATURE:
                    return True
                at = 512 if at == 0 else at * 2
    except OSError:
        pass
    return False


def require_file(path: str | os.PathLike[str]) -> None:
    """Raise NoInput unless ``path`` is an ordinary file that can be read."""
    try:
        with open(path, "rb") as file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return
    except OSError as error:
        raise NoInput(f"cannot be read: {error.strerror}", path=path) from None
    raise NoInput("is not an ordinary file", path=path)


def check(path: str | os.PathLike[str], *, time_limit_s: float = TIME_LIMIT_S, swmr: bool = False) -> None:
    """Return if an HDF5 file is safe to open, else raise.

    Parameters
    ----------
    path : str or os.PathLike
        The file.
    time_limit_s : float
        The walk is stopped after this long, and the file refused.
    swmr : bool
        Whether a writer has the file open in HDF5's single-writer-multiple-reader mode.

    Raises
    ------
    NoInput
        The file does not exist or cannot be read.
    BadData
        The file is not HDF5, is damaged, or reaches outside itself or past its size.
    """
    require_file(path)
    key = _key(os.fspath(path))
    if key in _passed:
        return
    if not is_hdf5(path):
        raise BadData("is not an HDF5 file", path=path, allowed="a file with the HDF5 signature")
    problems = _walk_in_child(os.path.abspath(path), time_limit_s, swmr)
    if problems:
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise BadData(f"{first.message}{more}", path=path, place=first.place, found=first.found, allowed=first.allowed)
    if not swmr:
        _passed.add(key)


def _walk_in_child(path: str, time_limit_s: float, swmr: bool) -> list[Problem]:
    """Run this module on ``path`` and return what it reports, its own death included."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    # -P: nothing may be imported from the working directory, which may hold the very files that are not trusted.
    command = [sys.executable, "-P", "-m", "boostwatch.store.guard", path, *(["--swmr"] if swmr else [])]
    whole = "an HDF5 file that the library can walk"
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, timeout=time_limit_s, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return [Problem("/", "the HDF5 library hangs on it", f"no answer in {time_limit_s:g} s", whole)]
    if done.returncode != 0:
        return [Problem("/", "the HDF5 library fails on it", f"exit status {done.returncode}", whole)]
    return [Problem(*item) for item in json.loads(done.stdout)]


class _Walk:
    """The walk itself; everything below runs in the child."""

    def __init__(self, path: str, swmr: bool = False) -> None:
        self.path = path
        self.swmr = swmr
        self.size = os.path.getsize(path)
        self.problems: list[Problem] = []
        self.seen: set[tuple[int, int]] = set()
        self.stored = 0

    def add(self, place: str, message: str, found: object, allowed: str) -> None:
        self.problems.append(Problem(place, message, str(found)[:120], allowed))

    def run(self) -> list[Problem]:
        import h5py

        place = "/"
        try:
            with h5py.File(self.path, "r", swmr=self.swmr) as file:
                queue = [("/", file["/"])]
                while queue and len(self.problems) < 100:
                    place, item = queue.pop()
                    queue += self._children(place, item)
            if self.stored > self.size:
                self.add("/", "the datasets claim more bytes than the file has", self.stored, f"at most {self.size}")
        except (OSError, RuntimeError, ValueError, KeyError, TypeError, MemoryError) as error:
            text = " ".join(str(error.args[-1] if error.args else error).split())  # a KeyError quotes itself
            self.add(place, "is damaged", text, "objects that the HDF5 library can open")
        return self.problems

    def _children(self, place: str, item: Any) -> list[tuple[str, Any]]:
        """Look at one object and return its members, each object once however many names it has."""
        import h5py

        info = h5py.h5o.get_info(item.id)
        identity = (info.fileno, info.addr)
        if identity in self.seen:
            return []
        self.seen.add(identity)
        if len(self.seen) > MAX_OBJECTS:
            raise ValueError(f"more than {MAX_OBJECTS} objects")
        self._attributes(place, item)
        if isinstance(item, h5py.Dataset):
            self._dataset(place, item)
        if not isinstance(item, h5py.Group):
            return []
        found = []
        for name in item.id:  # plain bytes: a name need not be text
            text = name.decode("utf-8", "replace")
            below = f"{place.rstrip('/')}/{text}"
            kind = item.id.links.get_info(name).type
            if kind == h5py.h5l.TYPE_HARD:
                found.append((below, item[name]))
            elif kind == h5py.h5l.TYPE_EXTERNAL:
                self.add(below, "is a link to another file", item.id.links.get_val(name), "links within the file")
            elif kind == h5py.h5l.TYPE_SOFT:
                # What it names is walked under its own name if it is in this file, and cannot be elsewhere.
                continue
            else:
                self.add(below, "is a link of unknown type", kind, "hard and soft links")
        return found

    def _attributes(self, place: str, item: Any) -> None:
        import h5py

        for index in range(h5py.h5a.get_num_attrs(item.id)):
            attribute = h5py.h5a.open(item.id, index=index)
            name = attribute.name.decode("utf-8", "replace")
            count = attribute.get_space().get_simple_extent_npoints()
            claimed = count * attribute.get_type().get_size()
            size = attribute.get_storage_size() if count else 0  # h5py takes 0 for a failure
            if max(size, claimed) > MAX_ATTRIBUTE_BYTES:
                self.add(f"{place}@{name}", "is too large", f"{claimed} bytes", f"at most {MAX_ATTRIBUTE_BYTES}")
            elif not isinstance(attribute.get_type(), h5py.h5t.TypeReferenceID):
                with contextlib.suppress(TypeError):  # a type that numpy lacks; nobody will read it
                    _ = item.attrs[attribute.name]

    def _dataset(self, place: str, item: Any) -> None:
        import h5py

        plist, space, kind = item.id.get_create_plist(), item.id.get_space(), item.id.get_type()
        layout = plist.get_layout()
        if plist.get_external_count():
            names = [plist.get_external(i)[0] for i in range(plist.get_external_count())]
            self.add(place, "keeps its values in other files", names, "values within the file")
            return
        if layout == h5py.h5d.VIRTUAL:
            self.add(place, "is a virtual dataset", "a view on other datasets", "values within the file")
            return
        claimed = space.get_simple_extent_npoints() * kind.get_size()
        stored = int(item.id.get_storage_size())
        self.stored += stored
        if self.swmr:
            self.size = os.path.getsize(self.path)  # it grows meanwhile
        if stored > self.size:
            self.add(place, "claims more bytes than the file has", stored, f"at most {self.size}")
        offset = item.id.get_offset() if layout == h5py.h5d.CONTIGUOUS else None
        if offset is not None and offset + stored > self.size:
            self.add(place, "lies past the end of the file", f"{offset} + {stored}", f"at most {self.size}")
        limit = max(FREE_BYTES, MAX_EXPANSION * stored)
        if claimed > limit:
            self.add(place, f"claims far more than the {stored} bytes stored", f"{claimed} bytes", f"at most {limit}")
        if layout == h5py.h5d.CHUNKED:
            self._chunks(place, plist, kind, claimed)

    def _chunks(self, place: str, plist: Any, kind: Any, claimed: int) -> None:
        chunk = kind.get_size()
        for side in plist.get_chunk():
            chunk *= side
        limit = max(FREE_BYTES, 4 * claimed)
        if chunk > limit:
            self.add(place, "has too large chunks", f"{chunk} bytes", f"at most {limit}")
        for index in range(plist.get_nfilters()):
            code = plist.get_filter(index)[0]
            if code not in KNOWN_FILTERS:
                self.add(place, "needs an unknown filter", code, ", ".join(KNOWN_FILTERS.values()))


def _limit_child() -> None:
    """Bound what the child may take, where the system can."""
    try:
        import resource
    except ImportError:  # Windows: the time limit alone must do
        return
    for what, value in ((resource.RLIMIT_AS, MEMORY_LIMIT_BYTES), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):
            hard = resource.getrlimit(what)[1]
            resource.setrlimit(what, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def main(path: str, *options: str) -> None:
    """Walk over ``path`` and print what is refused, as JSON."""
    _limit_child()
    os.environ["HDF5_PLUGIN_PRELOAD"] = "::"  # HDF5 then loads no filter plug-in, whatever the file asks for
    json.dump(_Walk(path, "--swmr" in options).run(), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Detection lists of all sorts: what the command line says to bad ones, and how many detections good ones hold."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

MISSING = "is missing; found"
ROW = "line 2, column"
WHOLE = "allowed: a whole number from"

BAD_TEXT: dict[str, tuple[str, str]] = {
    # columns
    "empty": ("", "is empty; allowed: a header line with column names"),
    "blank lines": ("\n\n\n", "is empty"),
    "header alone": ("frame,x,y\n", "holds no detections"),
    "x and y alone": ("x,y\n1,2\n", f"line 1: column frame or time_s {MISSING} 'x, y'; allowed: frame, band"),
    "no x": ("frame,y\n1,2\n", f"column x {MISSING}"),
    "no y": ("frame,x\n1,2\n", f"column y {MISSING}"),
    "numbers alone": ("1,2,3\n4,5,6\n", f"column x {MISSING} '1, 2, 3'"),
    "column twice": ("frame,x,y,x\n0,1,2,3\n", "line 1: column x is there twice"),
    "column twice in capitals": ("frame,x,y,X\n0,1,2,3\n", "line 1: column x is there twice"),
    "separator line": ("sep=;\nframe;x;y\n0;1;2\n", f"column x {MISSING}"),
    "JSON": ('{"frame": [1, 2]}', f"column x {MISSING}"),
    "XML": ('<?xml version="1.0"?>\n<VOTABLE>\n', f"column x {MISSING}"),
    "NUL in the header": ("fr\0ame,x,y\n0,1,2\n", "column frame or time_s is missing; found 'fr\\x00ame"),
    "NUL throughout": ("\0" * 5000, f"column x {MISSING}"),
    "escapes in the header": ("\x1b[31m,x,y\n0,1,2\n", "found '\\x1b[31m"),
    "endless header": ("x" * (2 << 20), "line 1: is too long"),
    # cells
    "text": ("frame,x,y\n0,1,2\n1,two,3\n", "line 3, column x: is not a number; found 'two'"),
    "NUL in a number": ("frame,x,y\n0,1\0,2\n", f"{ROW} x: is not a number; found '1\\x00'"),
    "escapes in a number": ("frame,x,y\n0,\x1b[31m,2\n", "is not a number; found '\\x1b[31m'"),
    "underscore": ("frame,x,y\n0,1_000,2\n", f"{ROW} x: is not a number; found '1_000'"),
    "hexadecimal": ("frame,x,y\n0,0x10,2\n", "is not a number; found '0x10'"),
    "decimal comma": ("frame;x;y\n0;1,5;2,5\n", "is not a number; found '1,5'; allowed: a number with a decimal point"),
    "decimal and other commas": ("frame,x,y\n0,1,5,2,5\n", "line 2: has the wrong number of columns; found 5; allowed"),
    "short row": ("frame,x,y\n0,1,2\n# a\n0,1\n", "line 4: has the wrong number of columns; found 2; allowed: 3"),
    "one too short, one too long": ("frame,x,y,n\n0,1,2\n1,1,2,3,4\n", "line 2: has the wrong number of columns"),
    "open quote": ('frame,x,y\n0,"1,2\n1,2,3\n', "line 2: has the wrong number of columns"),
    "endless cell": ('frame,x,y,n\n0,1,2,"' + "a" * 300_000 + '"\n', "line 2: is no line of cells (field larger"),
    "bad epoch": ("# epoch: tomorrow\nframe,x,y\n0,1,2\n", "epoch: is no instant; found 'tomorrow'"),
    "names in a remark, then text": ("# frame,x,y\n1,2,3\n1,b,3\n", "line 3, column x: is not a number; found 'b'"),
    # values
    "x NaN": ("frame,x,y\n0,1,2\n1,nan,2\n", "line 3, column x: is not allowed; found nan"),
    "x empty": ("frame,x,y,snr\n0,,2,\n", f"{ROW} x: is not allowed; found nan; allowed: from -1000000 to 1000000 px"),
    "y infinite": ("frame,x,y\n0,1,inf\n", f"{ROW} y: is not allowed; found inf"),
    "x far out": ("frame,x,y\n0,2000000,2\n", f"{ROW} x: is not allowed; found 2000000.0"),
    "x 1e30": ("frame,x,y\n0,1e30,2\n", "found 1e+30"),
    "x 1e400": ("frame,x,y\n0,1e400,2\n", "found inf"),
    "sigma infinite": ("frame,x,y,sigma_x\n0,1,2,inf\n", "sigma_x: is not allowed; found inf; allowed: from 0 to"),
    "sigma negative": ("frame,x,y,sigma_y\n0,1,2,-0.1\n", "sigma_y: is not allowed; found -0.1"),
    "snr negative": ("frame,x,y,snr\n0,1,2,-3\n", "snr: is not allowed; found -3.0; allowed: from 0 to 1e+15, or NaN"),
    "flux error negative": ("frame,x,y,signal_sigma_e\n0,1,2,-1\n", "signal_sigma_e: is not allowed; found -1.0"),
    "flux infinite": ("frame,x,y,signal_e\n0,1,2,-inf\n", "signal_e: is not allowed; found -inf"),
    "frame NaN": ("frame,x,y\nnan,1,2\n", f"{ROW} frame: is not allowed; found nan"),
    "frame infinite": ("frame,x,y\ninf,1,2\n", f"{ROW} frame: is not allowed; found inf"),
    "frame negative": ("frame,x,y\n-1,1,2\n", f"found -1.0; {WHOLE} 0 to 2147483647"),
    "frame huge": ("frame,x,y\n99999999999,1,2\n", f"found 99999999999.0; {WHOLE}"),
    "half a frame": ("frame,x,y\n0.5,1,2\n", f"found 0.5; {WHOLE}"),
    "band negative": ("frame,x,y,band\n0,1,2,-1\n", f"band: is not allowed; found -1.0; {WHOLE} 0 to 63"),
    "band 64": ("frame,x,y,band\n0,1,2,64\n", f"band: is not allowed; found 64.0; {WHOLE} 0 to 63"),
    "band by name": ("frame,x,y,band\n0,1,2,SWIR\n", "band: is not a number; found 'SWIR'"),
    "band unknown": ("frame,x,y,band\n0,1,2,\n", "band: is not allowed; found nan"),
    "sum of no frames": ("frame,x,y,frames\n0,1,2,0\n", f"frames: is not allowed; found 0.0; {WHOLE} 1 to 32767"),
    # times
    "time NaN": ("frame,time_s,x,y\n0,,1,2\n", f"{ROW} time_s: is not allowed; found nan"),
    "time huge": ("frame,time_s,x,y\n0,1e300,1,2\n", "time_s: is not allowed; found 1e+300"),
    "time stands": ("frame,time_s,x,y\n0,0,1,2\n1,0,5,2\n", "line 3, column time_s: does not grow with frame; found 0"),
    "time falls": ("frame,time_s,x,y\n1,4,1,2\n0,5,5,2\n", "line 2, column time_s: does not grow with frame; found 4"),
    "time of a frame twice": (
        "frame,time_s,x,y\n0,0,1,2\n0,7,5,2\n1,1,1,2\n",
        "line 4, column time_s: does not grow with frame; found 1.0; allowed: above 7 s, the last of frame 0",
    ),
    "time in single precision": ("frame,time_s,x,y\n0,1.7e9,1,2\n1,1.7e9,1,2\n", "does not grow with frame"),
    "times too near": ("frame,time_s,x,y\n0,0,1,2\n1,1e-300,1,2\n", "has frames too near; found 1e-300; allowed"),
    "irregular times, no frame": ("time_s,x,y\n0,1,2\n1,1,2\n2,1,2\n2.1,1,2\n", "line 5, column time_s: cannot tell"),
    "endless times, no frame": ("time_s,x,y\n0,1,2\n1,1,2\n2,1,2\n9e11,1,2\n", "spans too many frames"),
}  # fmt: skip
"""Content of a CSV, and what is said to it."""

F = np.arange(5)
TABLE = np.zeros(5, [("frame", "i4"), ("x", "f4"), ("y", "f4")])
TABLE["frame"], TABLE["x"] = F, 10


def npz(**arrays: Any) -> Callable[[Path], None]:
    return lambda path: np.savez(path, **{"frame": F, "x": F, "y": F, **arrays})


def hdf5(fill: Callable[[h5py.File], object]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with h5py.File(path, "w") as file:
            fill(file)

    return write


def raw(content: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


def npy(array: np.ndarray, cut: int = 0) -> Callable[[Path], None]:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return raw(buffer.getvalue()[: len(buffer.getvalue()) - cut])


def lying(rows: int) -> Callable[[Path], None]:
    """Return a writer of an NPZ whose headers promise more rows than there are."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (rows,)})

    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for name in ("frame", "x", "y"):
                archive.writestr(f"{name}.npy", header.getvalue() + b"1234")

    return write


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("frame.npy", b"\0" * 10**7)


def group(file: h5py.File, **columns: object) -> None:
    for name, values in {"frame": F, "x": F, "y": F, **columns}.items():
        file[f"detections/{name}"] = values


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((5,), TABLE.dtype)
    layout[:] = h5py.VirtualSource("other.h5", "detections", (5,))
    file.create_virtual_dataset("detections", layout)


def registration(*columns: str, rows: int = 5) -> Callable[[h5py.File], None]:
    def fill(file: h5py.File) -> None:
        file["detections"] = TABLE
        shifts = np.zeros(rows, [(name, "i4" if name == "frame" else "f4") for name in columns])
        shifts["frame"] = np.arange(rows)
        file["registration"] = shifts

    return fill


def pandas_table(path: Path, **how: object) -> None:
    import pandas as pd

    table = pd.DataFrame({"frame": F, "x": 1.0 * F, "y": 2.0 * F, "name": list("abcde")})
    table.to_hdf(path, key="detections", **how)


def astropy_table(path: Path) -> None:
    from astropy.table import Table

    kind = {".h5": {"path": "detections", "serialize_meta": True, "format": "hdf5"}}
    Table({"frame": F, "x": 1.0 * F, "y": 2.0 * F, "name": list("abcde")}).write(path, **kind.get(path.suffix, {}))


BAD_FILES: dict[str, tuple[str, Callable[[Path], None], str]] = {
    # text that is none, other kinds
    "UTF-16": ("a.csv", raw("frame,x,y\n0,1,2\n".encode("utf-16")), "is of another kind; found 'UTF-16 text'; allowed"),
    "Latin-1": ("a.csv", raw("frame,x,y,größe\n0,1,2,3\n".encode("latin-1")), "line 1: is not UTF-8 text (byte 12)"),
    "Latin-1 late": ("a.csv", raw(b"frame,x,y,n\n" + b"0,1,2,a\n" * 9999 + b"1,2,3,\xff\n"), "line 10001: is not"),
    "gzip": ("a.csv.gz", raw(gzip.compress(b"frame,x,y\n0,1,2\n")), "is of another kind; found 'gzip'"),
    "Parquet": ("a.parquet", raw(b"PAR1" + bytes(100)), "is of another kind; found 'Parquet'"),
    "FITS": ("a.fits", astropy_table, "is of another kind; found 'FITS'"),
    "noise named HDF5": ("a.h5", raw(bytes(range(128, 228))), "is no HDF5 file, as its name says, nor text; found"),
    "a cut NPZ": ("a.NPZ", raw(b"PK" + bytes(100)), "is no NPZ file, as its name says, nor text; found"),
    "a workbook": ("a.xlsx", lambda path: zipfile.ZipFile(path, "w").close(), "holds no arrays"),
    # NPZ and NPY
    "NPZ of unlike lengths": ("a.npz", npz(y=F[:4]), "y: has the wrong shape; found (4,); allowed: equal lengths"),
    "NPZ of a scalar": ("a.npz", npz(x=np.float64(3)), "x: has the wrong shape; found ()"),
    "NPZ of a matrix": ("a.npz", npz(x=np.ones((5, 2))), "x: has the wrong type; found 'float64 (2,)'"),
    "NPZ of pickles": ("a.npz", npz(x=np.array([{}] * 5)), "x: holds pickled objects"),
    "NPZ of text": ("a.npz", npz(x=F.astype("U5")), "x: has the wrong type; found '<U5'; allowed: one number"),
    "NPZ of complex numbers": ("a.npz", npz(x=1j * F), "x: has the wrong type; found 'complex128'"),
    "NPZ of dates": ("a.npz", npz(time_s=F.astype("M8[s]")), "time_s: has the wrong type; found 'datetime64[s]'"),
    "NPZ of huge integers": ("a.npz", npz(frame=np.full(5, 2**64 - 1, "u8")), "detections.frame[0]: is not allowed"),
    "NPZ with a bad epoch": ("a.npz", npz(epoch=3), "epoch: is no instant; found '3'"),
    "NPZ that claims too much": ("a.npz", lying(10**13), "frame: holds too many; found (10000000000000,)"),
    "NPZ that holds less": ("a.npz", lying(10**6), "is damaged (EOF: reading array data"),
    "NPZ, a bomb": ("a.npz", bomb, "is damaged"),
    "NPZ cut short": ("a.npz", raw(b"PK\x03\x04"), "is damaged (File is not a zip file)"),
    "NPY of pickles": ("a.npy", npy(np.array([{}])), "holds pickled objects"),
    "NPY without columns": ("a.npy", npy(np.ones((5, 3))), "is no table; found 'float64 (5, 3)'"),
    "NPY cut short": ("a.npy", npy(TABLE, cut=9), "is damaged (mmap length is greater than file size)"),
    # HDF5
    "HDF5 without": ("a.h5", hdf5(lambda f: f.create_dataset("foo", data=TABLE)), "/detections: is not there"),
    "HDF5 array": ("a.h5", hdf5(lambda f: f.create_dataset("detections", data=F)), "/detections: is not there"),
    "HDF5 scalar": ("a.h5", hdf5(lambda f: f.create_dataset("detections", data=TABLE[0])), "/detections: is not there"),
    "HDF5 of no rows": ("a.h5", hdf5(lambda f: f.create_dataset("detections", data=TABLE[:0])), "holds no detections"),
    "HDF5 of unlike lengths": ("a.h5", hdf5(lambda f: group(f, y=F[:3])), "has the wrong shape"),
    "HDF5 of strings": ("a.h5", hdf5(lambda f: group(f, x=["1"] * 5)), "x: has the wrong type; found 'object'"),
    "HDF5 elsewhere": (
        "a.h5", hdf5(lambda f: f.update({"detections": h5py.ExternalLink("b.h5", "/d")})), "is a link to another file",
    ),
    "HDF5 nowhere": ("a.h5", hdf5(lambda f: f.update({"detections": h5py.SoftLink("/no")})), "is not there or is no"),
    "HDF5 virtual": ("a.h5", hdf5(virtual), "/detections: is a virtual dataset"),
    "HDF5 that claims too much": (
        "a.h5", hdf5(lambda f: f.create_dataset("detections", (10**9,), TABLE.dtype, chunks=(1000,))), "claims far",
    ),
    "registration of some frames": ("a.h5", hdf5(registration("frame", "dx", "dy", rows=2)), "has no row for a frame"),
    "registration whose time stands": (
        "a.h5", hdf5(registration("frame", "dx", "dy", "time_s")), "/registration.time_s, frame 1: does not grow",
    ),
    "registration without dy": ("a.h5", hdf5(registration("frame", "dx")), "/registration.dy: column is missing"),
    "pandas with pickled names": ("a.h5", lambda p: pandas_table(p, format="table"), "names its columns in a pickle"),
}  # fmt: skip
"""Name and writer of a file, and what is said to it."""

GOOD_TEXT: dict[str, tuple[str, int, str]] = {
    "one row": ("frame,x,y\n0,1,2\n", 1, ""),
    "unsorted": ("frame,x,y\n3,1,2\n1,1,2\n2,1,2\n", 3, "put in order of frame"),
    "twice": ("frame,x,y\n1,1,2\n1,1,2\n2,1,2\n", 2, "1 detections left out that are in the list twice"),
    "rows have their times": ("frame,time_s,x,y\n0,0,1,2\n0,0.4,5,2\n1,1,1,2\n", 3, ""),
    "time alone": ("time_s,x,y\n0,1,2\n1,1,2\n3,1,2\n", 3, "no column frame: numbered by time_s"),
    "seconds of Unix": ("frame,time_s,x,y\n0,1.7e9,1,2\n1,1700000000.5,1,2\n", 2, ""),
    "long between frames": ("frame,time_s,x,y\n0,0,1,2\n1,1e11,1,2\n2,2e11,1,2\n", 3, ""),
    "last frames there are": ("frame,x,y\n0,1,2\n2147483647,1,2\n", 2, ""),
    "a thousand frames a second": (
        "frame,time_s,x,y,snr\n" + "".join(f"{k},{k / 1000},{k / 10},2,50\n" for k in (*range(20), 2000)),
        21,
        "979 frames without detections passed over in gaps of more than 1000",
    ),
    "tracks of others": ("frame,x,y,track_id\n0,1,2,99999999999\n1,1,2,A7\n", 2, "track_id of the list is not used"),
    "bands with a gap": ("frame,x,y,band\n0,1,2,0\n1,1,2,63\n", 2, ""),
    "sigma 0": ("frame,x,y,sigma_x,sigma_y\n0,1,2,0,0\n", 1, "2 sigmas of 0 count as unknown"),
    "all unknown": ("frame,x,y,sigma_x,snr,signal_e,frames\n0,1,2,,NA,null,\n", 1, ""),
    "some snr unknown": ("frame,x,y,snr\n0,1,2,nan\n1,1,2,7\n", 2, ""),
    "enormous snr": ("frame,x,y,snr\n0,1,2,1e15\n1,1,2,1e15\n2,1,2,3\n", 3, ""),
    "left of the first pixel": ("frame,x,y\n0,-5.5,-9\n", 1, ""),
    "semicolons": ("frame;x;y\n0;1.5;2.5\n", 1, ""),
    "tabs": ("frame\tx\ty\n0\t1.5\t2.5\n", 1, ""),
    "blanks": ("frame x y\n0 1.5 2.5\n 1   1.5  2.5 \n", 2, ""),
    "byte order mark": ("\ufeffframe,x,y\n0,1,2\n", 1, ""),
    "CR LF": ("frame,x,y\r\n0,1,2\r\n", 1, ""),
    "CR": ("frame,x,y\r0,1,2\r", 1, ""),
    "remarks": ("# a\n#b\nframe,x,y\n# c\n0,1,2\n#d\n", 1, ""),
    "quotes": ('"frame","x","y"\n"0","1","2"\n', 1, ""),
    "capitals": ("FRAME,X,Y,SNR\n0,1,2,8\n", 1, ""),
    "more columns": ("n,frame,x,y,name\n7,0,1,2,bar\n", 1, ""),
    "names in a remark": ("# frame,x,y\n0,1,2\n1,1,2\n", 2, ""),
    "ECSV": ('# %ECSV 1.0\n# ---\nframe x y snr\n0 1.0 2.0 ""\n1 1.0 2.0 7\n', 2, ""),
    "empty cells at both ends": ("snr,frame,x,y,sigma_x,sigma_y\n,0,1,2,,\n9,1,1,2,,\n", 2, ""),
}
"""Content of a CSV, how many detections it holds, and a part of the notes."""

GOOD_FILES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "NPZ": ("a.npz", npz()),
    "NPZ of big-endian and half numbers": ("a.npz", npz(frame=F.astype(">i8"), x=F.astype(">f8"), y=F.astype("f2"))),
    "NPZ with a table": ("a.npz", lambda path: np.savez(path, detections=TABLE)),
    "structured NPY": ("a.npy", npy(TABLE)),
    "HDF5 table": ("a.h5", hdf5(lambda f: f.create_dataset("detections", data=TABLE))),
    "HDF5 group": ("a.h5", hdf5(group)),
    "HDF5 with shifts": ("a.h5", hdf5(registration("frame", "dx", "dy"))),
    "astropy's HDF5": ("a.h5", astropy_table),
    "astropy's ECSV": ("a.ecsv", astropy_table),
    "pandas' HDF5": ("a.h5", pandas_table),
    "pandas' HDF5 with data columns": ("a.h5", lambda p: pandas_table(p, format="table", data_columns=True)),
}
"""Name and writer of a file with five detections."""

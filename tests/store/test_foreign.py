"""Frames as others store them; written here by other people's libraries."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import h5py
import numpy as np
import pytest
import tifffile
from astropy.io import fits
from PIL import Image

from boostwatch.errors import BadData, NoInput, UsageError
from boostwatch.store import import_frames, open_stack, read_array, sources, validate

CUBE = np.random.default_rng(5).integers(0, 60_000, (5, 18, 30), dtype=np.uint16)
EIGHT = (CUBE >> 8).astype(np.uint8)


def save_images(place, suffix, cube, **more):
    for t, image in enumerate(cube):
        Image.fromarray(image).save(place / f"f{t + 8}{suffix}", **more)
    return sorted(place.iterdir())[::-1]  # in no natural order: f10, f11, f12 sort before f8


def save_fits(place, cube, **header):
    for t, image in enumerate(cube):
        cards = fits.Header({key: value[t] if isinstance(value, list) else value for key, value in header.items()})
        fits.PrimaryHDU(image, cards).writeto(place / f"f{t + 8}.fits")
    return list(place.iterdir())


def save(name, write):
    def make(place):
        write(place / name)
        return [place / name]

    return make


def zipped(path, **arrays):
    np.savez_compressed(path, **arrays)


def stored(path):
    with h5py.File(path, "w") as file:
        file["camera/images"] = CUBE
        file["camera/clock"] = np.arange(5.0)


def compressed_fits(path):
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(CUBE, name="SCI")]).writeto(path)


MAKERS = {
    "png 16": (lambda p: save_images(p, ".png", CUBE), CUBE),
    "png 8": (lambda p: save_images(p, ".png", EIGHT), EIGHT),
    "bmp 8": (lambda p: save_images(p, ".bmp", EIGHT), EIGHT),
    "png grey as colours": (lambda p: save_images(p, ".png", np.repeat(EIGHT[..., None], 3, -1)), EIGHT),
    "png grey and opacity": (lambda p: save_images(p, ".png", np.stack([EIGHT, EIGHT], -1)), EIGHT),
    "tiff 16": (lambda p: save_images(p, ".tif", CUBE), CUBE),
    "tiff lzw": (lambda p: save_images(p, ".tiff", CUBE, compression="tiff_lzw"), CUBE),
    "tiff pages": (save("a.tif", lambda f: tifffile.imwrite(f, CUBE, photometric="minisblack")), CUBE),
    "tiff big-endian": (save("a.tif", lambda f: tifffile.imwrite(f, CUBE.astype(">u2"), byteorder=">")), CUBE),
    "tiff float": (save("a.tif", lambda f: tifffile.imwrite(f, CUBE.astype("f4"))), CUBE.astype("f4")),
    "fits files": (lambda p: save_fits(p, CUBE), CUBE),
    "fits cube": (save("a.fits", lambda f: fits.PrimaryHDU(CUBE.astype(">f4")).writeto(f)), CUBE.astype("f4")),
    "fits compressed": (save("a.fits", compressed_fits), CUBE),
    "npy": (save("a.npy", lambda f: np.save(f, CUBE)), CUBE),
    "npy by columns": (save("a.npy", lambda f: np.save(f, np.asfortranarray(CUBE))), CUBE),
    "npy int32": (save("a.npy", lambda f: np.save(f, CUBE.astype(">i4"))), CUBE),
    "npy negative": (save("a.npy", lambda f: np.save(f, CUBE.astype("i4") - 9)), CUBE.astype("f4") - 9),
    "npy float64": (save("a.npy", lambda f: np.save(f, CUBE / 3)), (CUBE / 3).astype("f4")),
    "npz": (save("a.npz", lambda f: np.savez(f, frames=CUBE, note="text", time=np.arange(5))), CUBE),
    "npz deflated": (save("a.npz", lambda f: zipped(f, frames=CUBE)), CUBE),
    "hdf5": (save("a.h5", stored), CUBE),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_every_kind_comes_in_unchanged(tmp_path, quick_guard, kind):
    make, want = MAKERS[kind]
    (tmp_path / "in").mkdir()
    files = make(tmp_path / "in")
    progress = []
    made = import_frames(files, tmp_path / "out.h5", on_progress=lambda *a: progress.append(a), frame_period_s=0.25)
    assert (made["frames"], made["bands"], made["height"], made["width"]) == (5, 1, 18, 30)
    assert made["dtype"] == ("float32" if want.dtype.kind == "f" else "uint16")
    assert made["time_from"] == "the frame period"
    assert made["duration_s"] == 1.0
    assert progress == [(t, 5) for t in range(1, 6)]
    with open_stack(tmp_path / "out.h5") as stack:
        got = np.stack([frame.data[0] for frame in stack.frames()])
        np.testing.assert_array_equal(got, want)
        assert stack.time_s.tolist() == [0, 0.25, 0.5, 0.75, 1.0]
        assert stack.sensor.frame_period_s == 0.25
    assert validate(tmp_path / "out.h5") == []
    array = read_array(files[0])
    assert array.shape == ((5, 18, 30) if len(files) == 1 else (18, 30))


def test_bands_and_notes(tmp_path, quick_guard):
    cube = np.full((3, 2, 9, 8), np.nan)
    cube[1:] = 1.0
    np.save(tmp_path / "a.npy", cube)
    made = import_frames([tmp_path / "a.npy"], tmp_path / "out.h5", epoch="2026-03-04T05:06:07Z")
    assert made["notes"] == ["float64 was rounded to float32", "1 frames without a finite pixel in some band"]
    assert made["epoch"] == "2026-03-04T05:06:07Z"
    with open_stack(tmp_path / "out.h5") as stack:
        assert stack.shape == (3, 2, 9, 8)
        assert [f.good.all() for f in stack.frames()] == [False, True, True]
    np.save(tmp_path / "b.npy", np.full((9, 9), 2**30, np.int64))
    assert import_frames([tmp_path / "b.npy"], tmp_path / "b.h5")["notes"] == [
        "values of int64 up to 1073741824 were rounded to float32"
    ]


@pytest.mark.parametrize(
    ("header", "epoch", "step"),
    [
        ({"DATE-OBS": [f"2026-01-01T00:00:{t:02d}.500" for t in range(5)], "EXPTIME": 0.2}, "00:00:00.600000Z", 1.0),
        ({"DATE-OBS": "2026-01-01", "TIME-OBS": [f"00:00:{2 * t:02d}" for t in range(5)]}, "00:00:00.000000Z", 2.0),
        ({"DATE-AVG": [f"2026-01-01T00:00:{t:02d}" for t in range(5)], "EXPOSURE": 4.0}, "00:00:00.000000Z", 1.0),
    ],
)
def test_fits_headers_tell_the_time(tmp_path, header, epoch, step):
    (tmp_path / "in").mkdir()
    files = save_fits(tmp_path / "in", CUBE, **header)
    made = import_frames(files, tmp_path / "out.h5", epoch="1999-01-01")
    assert made["epoch"] == f"2026-01-01T{epoch}"
    assert made["time_from"] == "the files"
    with open_stack(tmp_path / "out.h5") as stack:
        np.testing.assert_allclose(stack.time_s, step * np.arange(5), atol=1e-6)
        assert np.isnan(stack.sensor.integration_s) == ("TIME-OBS" in header)


def test_one_date_for_all_frames_is_the_start(tmp_path):
    fits.PrimaryHDU(CUBE, fits.Header({"DATE-OBS": "2026-01-01T00:00:00"})).writeto(tmp_path / "a.fits")
    made = import_frames([tmp_path / "a.fits"], tmp_path / "out.h5", frame_period_s=2)
    assert (made["epoch"], made["duration_s"]) == ("2026-01-01T00:00:00.000000Z", 8.0)
    assert made["time_from"] == "the file and the frame period"


def test_a_stack_keeps_its_times(tmp_path, quick_guard):
    from tests.store.helpers import write_stack

    write_stack(tmp_path / "a.h5")
    made = import_frames([tmp_path / "a.h5"], tmp_path / "out.h5")
    assert (made["frames"], made["duration_s"], made["time_from"]) == (6, 2.5, "the file")
    assert made["epoch"] == "2026-01-01T00:00:00.000000Z"


def test_datasets_by_name(tmp_path, quick_guard):
    np.savez(tmp_path / "a.npz", a=CUBE, b=CUBE[:2])
    hdus = [fits.PrimaryHDU(), fits.ImageHDU(CUBE, name="A"), fits.ImageHDU(CUBE[:2], name="B")]
    fits.HDUList(hdus).writeto(tmp_path / "a.fits")
    assert read_array(tmp_path / "a.npz", dataset="b").shape == (2, 18, 30)
    assert read_array(tmp_path / "a.fits").shape == (5, 18, 30)
    assert read_array(tmp_path / "a.fits", dataset="2").shape == (2, 18, 30)
    assert read_array(tmp_path / "a.fits", dataset="B").shape == (2, 18, 30)
    with pytest.raises(BadData, match=r"which array holds the frames is not clear; .* found 'a, b'"):
        read_array(tmp_path / "a.npz")
    with pytest.raises(UsageError, match="c: is not in the file; allowed: a, b"):
        read_array(tmp_path / "a.npz", dataset="c")
    with pytest.raises(UsageError, match="HDU C: is not an image of the file; allowed: 1 A, 2 B"):
        read_array(tmp_path / "a.fits", dataset="C")


def test_sequences_must_be_alike(tmp_path):
    Image.fromarray(CUBE[0]).save(tmp_path / "f1.png")
    Image.fromarray(CUBE[0, :, :9]).save(tmp_path / "f2.png")
    Image.fromarray(EIGHT[0]).save(tmp_path / "f3.png")
    with pytest.raises(BadData, match=r"f2\.png: differs from f1\.png; found '1 x 18 x 9 uint16.*1 x 18 x 30 uint16"):
        import_frames([tmp_path / "f1.png", tmp_path / "f2.png"], tmp_path / "out.h5")
    with pytest.raises(BadData, match=r"f3\.png: differs from f1\.png; found '1 x 18 x 30 uint8"):
        import_frames([tmp_path / "f3.png", tmp_path / "f1.png"], tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()


def test_usage(tmp_path):
    np.save(tmp_path / "a.npy", CUBE)
    with pytest.raises(UsageError, match="no files to import"):
        import_frames([], tmp_path / "out.h5")
    with pytest.raises(UsageError, match="is an input and the output"):
        import_frames([tmp_path / "a.npy"], tmp_path / "a.npy")
    with pytest.raises(UsageError, match="frame_period_s: impossible period; found 0"):
        import_frames([tmp_path / "a.npy"], tmp_path / "out.h5", frame_period_s=0)
    with pytest.raises(UsageError, match="epoch: is no instant"):
        import_frames([tmp_path / "a.npy"], tmp_path / "out.h5", epoch="once")
    with pytest.raises(NoInput):
        import_frames([tmp_path / "b.npy"], tmp_path / "out.h5")


def npy(shape, descr="'<u2'", fortran=False):
    header = f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode()


def npz(path, content):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("frames.npy", content)
    return path


def png(width, height, data=b""):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def tiff(array, **more):
    out = io.BytesIO()
    tifffile.imwrite(out, array, **more)
    return out.getvalue()


def fits_bytes(hdu):
    out = io.BytesIO()
    hdu.writeto(out)
    return out.getvalue()


BAD = {
    "nothing.npy": (b"", "is of no kind known here; .* allowed: FITS, NPY"),
    "text.png": (b"this is no image", "is of no kind known here"),
    "short.npy": (npy((5, 9, 9)) + bytes(10), "is damaged"),
    "huge.npy": (npy((10**6, 10**6)), "is damaged"),
    "object.npy": (npy((5, 9, 9), "'|O'"), "is damaged"),
    "header.npy": (b"\x93NUMPY\x01\x00\x10\x00{'descr': ", "is damaged"),
    "complex.npy": (npy((9, 9), "'<c8'") + bytes(648), "cannot be frames; found .*complex64"),
    "line.npy": (npy((9,)) + bytes(18), r"cannot be frames; found \(\(9,\), 'uint16'\)"),
    "empty.npy": (npy((0, 9, 9)), "is damaged|cannot be frames"),
    "bomb.png": (png(40_000, 40_000), "is too large; allowed: at most 134217728 pixels"),
    "lie.png": (png(9000, 9000), "claims more than the file can hold; found '81000000 bytes'"),
    "short.png": (png(30, 18)[:-40], "is damaged"),
    "colour.png": (None, "is a colour image"),
    "short.tif": (tiff(CUBE)[:-5000], "is damaged"),
    "nonsense.tif": (b"II*\x00" + bytes(50), "is damaged|cannot be frames"),
    "complex.tif": (tiff(CUBE.astype("c8")), "cannot be frames"),
    "short.fits": (fits_bytes(fits.PrimaryHDU(CUBE))[:4000], "HDU 0: is cut short|is damaged"),
    "table.fits": (fits_bytes(fits.PrimaryHDU()), "holds no frames; allowed: an image extension"),
    "nonsense.fits": (b"SIMPLE  =" + b"x" * 5000, "is damaged|holds no frames"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files(tmp_path, name):
    content, match = BAD[name]
    path = tmp_path / name
    if content is None:
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (9, 9, 3), dtype=np.uint8)).save(path)
    else:
        path.write_bytes(content)
    for use in (read_array, lambda p: import_frames([p], tmp_path / "out.h5")):
        with pytest.raises(BadData, match=match) as caught:
            use(path)
        assert name in str(caught.value)
    assert not (tmp_path / "out.h5").exists()


def test_pages_that_differ(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as out:
        out.write(CUBE[0], photometric="minisblack")
        out.write(CUBE[0, :9], photometric="minisblack")
    with pytest.raises(BadData, match=r"page 1: differs from page 0; found .*9, 30.* allowed: \(18, 30\) uint16"):
        read_array(tmp_path / "a.tif")
    images = [Image.fromarray(CUBE[0]), Image.fromarray(CUBE[0, :9])]
    images[0].save(tmp_path / "b.tif", save_all=True, append_images=images[1:], compression="tiff_lzw")
    for use in (read_array, lambda p: import_frames([p], tmp_path / "out.h5")):
        with pytest.raises(BadData, match="frame 1: differs from the first; found '1 x 9 x 30 uint16"):
            use(tmp_path / "b.tif")


def test_bad_archives(tmp_path, monkeypatch):
    short = npz(tmp_path / "a.npz", npy((5, 9, 9)) + bytes(100))
    with pytest.raises(BadData, match=r"frames: claims more than the file can hold|frames: is cut short"):
        read_array(short)
    with pytest.raises(BadData, match="frames: is stored by columns"):
        read_array(npz(tmp_path / "b.npz", npy((9, 9), fortran=True) + bytes(200)))
    with pytest.raises(BadData, match="frames: is too large; found '400000000 pixels'"):
        read_array(npz(tmp_path / "c.npz", npy((20_000, 20_000))))
    with pytest.raises(BadData, match="holds no frames; found 'frames'"):
        read_array(npz(tmp_path / "d.npz", npy((9,)) + bytes(18)))
    (tmp_path / "e.npz").write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(BadData, match="is damaged"):
        read_array(tmp_path / "e.npz")
    np.savez_compressed(tmp_path / "f.npz", frames=CUBE)
    raw = bytearray((tmp_path / "f.npz").read_bytes())
    raw[len(raw) // 2] ^= 255
    (tmp_path / "f.npz").write_bytes(raw)
    with pytest.raises(BadData, match="is damaged"):
        read_array(tmp_path / "f.npz")
    np.save(tmp_path / "g.npy", CUBE)
    monkeypatch.setattr("boostwatch.store.foreign.MAX_ARRAY_BYTES", 1000)
    with pytest.raises(BadData, match="is too large; found '5400 bytes'; allowed: at most 1000"):
        read_array(tmp_path / "g.npy")


def test_fits_that_lie(tmp_path):
    hdu = fits.CompImageHDU(np.zeros((9, 64, 64), np.int16), name="A")
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(tmp_path / "a.fits")
    raw = (tmp_path / "a.fits").read_bytes()
    lie = raw.replace(b"ZNAXIS1 =                   64", b"ZNAXIS1 =              9000000")
    assert lie != raw
    (tmp_path / "a.fits").write_bytes(lie)
    with pytest.raises(BadData, match="HDU 1: is too large; found '576000000 pixels'"):
        read_array(tmp_path / "a.fits")


def test_damage_found_while_reading(tmp_path):
    """Headers are sound, so the import begins; nothing is left of it."""
    (tmp_path / "a.tif").write_bytes(tiff(CUBE, compression="zlib", photometric="minisblack"))
    raw = bytearray((tmp_path / "a.tif").read_bytes())
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        start, count = file.pages[3].dataoffsets[0], file.pages[3].databytecounts[0]
    raw[start : start + count] = bytes(count)
    (tmp_path / "a.tif").write_bytes(raw)
    with pytest.raises(BadData, match=r"a\.tif: page 3: is damaged"):
        import_frames([tmp_path / "a.tif"], tmp_path / "out.h5")
    assert [p.name for p in tmp_path.iterdir()] == ["a.tif"]


def test_natural_order(tmp_path):
    names = ["f10.png", "f9.png", "f100.png", "a2b10.png", "a2b9.png"]
    ordered = sorted((tmp_path / n for n in names), key=sources.natural_key)
    assert [p.name for p in ordered] == ["a2b9.png", "a2b10.png", "f9.png", "f10.png", "f100.png"]

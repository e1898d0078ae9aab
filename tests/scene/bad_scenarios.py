"""What is wrong with each of many scenarios, and a part of what the command line says to it."""

from __future__ import annotations

import numpy as np

SENSOR = "[sensor]\nwidth = 32\nheight = 24\n"
SMALL = f"frames = 3\n{SENSOR}"
LEO = '[platform]\nkind = "orbit"\n'
TABLE = '[platform]\nkind = "table"\npointing = "nadir"\n'


def thing(kind: str, more: str = "", *, latitude: str = "28.2 deg", longitude: str = "-80.6 deg") -> str:
    """Return a small scenario with one object, in the middle of the frame by default."""
    return f'{SMALL}[[objects]]\nkind = "{kind}"\nlatitude = "{latitude}"\nlongitude = "{longitude}"\n{more}'


def band(more: str) -> str:
    return f'{SMALL}[[sensor.bands]]\nname = "A"\n{more}'


def points(*rows: tuple[str, str, str]) -> str:
    """Return a table of positions on the equator: time, longitude, altitude."""
    made = [f'{{time = "{t}", latitude = "0 deg", longitude = "{x}", altitude = "{h}"}}' for t, x, h in rows]
    return f"{SMALL}{TABLE}points = [{', '.join(made)}]"


STAGE = '[[objects.stages]]\nthrust = "200 kN"\nburn = "50 s"\npropellant = "4 t"\ndry = "1 t"\n'
ISS = """line1 = "1 25544U 98067A   08264.51782528 -.00002182  00000-0 -11606-4 0  2927"
line2 = "2 25544  51.6416 247.4627 0006703 130.5360 325.0288 15.72125391563537"
"""

BAD: dict[str, tuple[str, str]] = {
    # not TOML, or not what a scenario is made of
    "truncated": ('[sensor]\nname = "abc', "is not TOML: Unterminated string"),
    "a table cut short": ("[sensor", "is not TOML"),
    "twice": ("frames = 3\nframes = 4", "is not TOML: Cannot overwrite a value"),
    "a NUL": ("frames = 3\0", "is not TOML"),
    "deep lists": ("a = " + "[" * 5000 + "]" * 5000, "is nested too deeply"),
    "deep tables": ("a = " + "{a = " * 3000 + "1" + "}" * 3000, "is nested too deeply"),
    "a number without end": ("frames = " + "9" * 5000, "a whole number has more than 4300 digits"),
    "a hexadecimal without end": ("frames = 0x" + "f" * 5000, "frames: should be less than or equal to 1000000"),
    "unknown key": ("fraems = 3", "fraems: unknown key, did you mean 'frames'?"),
    "unknown table": ("[zebra]\nx = 1", "zebra: unknown key; allowed: atmosphere, background"),
    "key of two lines": ('"a\\nb" = 3', "s.toml: 'a\\nb': unknown key"),
    "key of escapes": ('"\\u001b[31m" = 3', "'\\x1b[31m': unknown key"),
    "endless key": ("x" * 5000 + " = 3", "xxx...: unknown key"),
    "table for a number": ("[frames]\na = 1", "frames: "),
    "number for a table": ("sensor = 3", "sensor: should be a table; found 3"),
    "list for a table": ("sensor = [1]", "sensor: should be a table"),
    "table for a list": ('[objects]\nkind = "fire"', "objects: should be a list"),
    "numbers for objects": ("objects = [1]", "objects[0]: should be a table; found 1"),
    "truth for a number": ("frames = true", "frames: should be a number without quotes; found True"),
    "quotes for a number": ('[sensor]\nprnu = "0.1"', "sensor.prnu: should be a number without quotes; found '0.1'"),
    "half a frame": ("frames = 3.5", "frames: input should be a valid integer"),
    "date for a text": ("epoch = 2026-06-21", "epoch: should be a text in quotes; found '2026-06-21'"),
    # name, seed, times, sizes
    "name of escapes": ('name = "\\u001b[31m"', "name: string should match pattern"),
    "endless name": (f'name = "{"x" * 5000}"', "name: string should have at most 200 characters; found 'xxx"),
    "negative seed": ("seed = -1", "seed: should be greater than or equal to 0; found -1"),
    "huge seed": ("seed = 9223372036854775808", "seed: should be less than 9223372036854775808"),
    "no frames": ("frames = 0", "frames: should be greater than or equal to 1; found 0"),
    "frames without end": ("frames = 2000000", "frames: should be less than or equal to 1000000"),
    "frames and duration": ('frames = 3\nduration = "2 s"', "frames = 3 and duration = 2.0 s: give one of them"),
    "duration without unit": ("duration = 60", "duration: needs a unit; allowed: a string with a unit"),
    "duration of no time": ('duration = "0 s"', "duration: should be greater than 0 s; found '0 s'"),
    "duration before the epoch": ('duration = "-5 s"', "duration: should be greater than 0 s; found '-5 s'"),
    "duration without end": ('duration = "1e308 s"', "duration makes inf frames; allowed: at most 1000000"),
    "run of centuries": (
        'frames = 1000000\n[sensor]\nframe_rate = "1e-4 Hz"',
        "make a run of 1e+10 s; allowed: at most 1e+06 s",
    ),
    "epoch that is none": ('epoch = "noon"', "epoch: is not an instant; allowed: ISO 8601"),
    "30 February": ('epoch = "2026-02-30T00:00:00Z"', "epoch: is not an instant"),
    "epoch of Galilei": ('epoch = "1610-01-07T00:00:00Z"', "epoch: is out of range; allowed: 1960 to 2100"),
    "epoch past the calendar": ('epoch = "9999-12-31T23:59:59-23:00"', "epoch: is not an instant"),
    "no oversampling": ("oversample = 1", "oversample: should be greater than or equal to 2"),
    "cells without end": ("oversample = 8\n[sensor]\nwidth = 8192\nheight = 8192", "makes 8.59e+09 cells; allowed:"),
    "bad opt-out": ('outside_view = "maybe"', "outside_view: input should be 'error' or 'allow'; found 'maybe'"),
    # sensor
    "narrow": ("[sensor]\nwidth = 3", "sensor.width: should be greater than or equal to 16; found 3"),
    "negative height": ("[sensor]\nheight = -32", "sensor.height: should be greater than or equal to 16; found -32"),
    "wide": ("[sensor]\nwidth = 1000000", "sensor.width: should be less than or equal to 8192"),
    "ifov without unit": ("[sensor]\nifov = 3e-5", "sensor.ifov: needs a unit"),
    "ifov in metres": ('[sensor]\nifov = "3 m"', "sensor.ifov: has the wrong unit"),
    "ifov of NaN": ('[sensor]\nifov = "nan urad"', "sensor.ifov: is not a finite number"),
    "ifov of infinity": ('[sensor]\nifov = "inf urad"', "sensor.ifov: is not a finite number"),
    "ifov of 1e999": ('[sensor]\nifov = "1e999 urad"', "sensor.ifov: is not a finite number"),
    "prnu of NaN": ("[sensor]\nprnu = nan", "sensor.prnu: should be less than or equal to 0.5; found nan"),
    "offset of infinity": ("[sensor]\noffset_dn = inf", "sensor.offset_dn: should be less than or equal to 30000"),
    "offset past full scale": ("[sensor]\nbits = 8\noffset_dn = 300", "offset_dn = 300.0 does not fit in bits = 8"),
    "exposure past the frame": ('[sensor]\nintegration = "2 s"', "integration = 2.0 s is longer than a frame"),
    "no time to expose": ('[sensor]\nintegration = "0 s"', "sensor.integration: should be greater than"),
    "no frame rate": ('[sensor]\nframe_rate = "0 Hz"', "sensor.frame_rate: should be greater than"),
    "dark current of 1e300": ('[sensor]\ndark_current = "1e300 e-/s"', "sensor.dark_current: should be less than"),
    "negative noise": ('[sensor]\nread_noise = "-9 e-"', "sensor.read_noise: should be greater than or equal to 0 e-"),
    "transmission of 2": (
        "[sensor]\noptics_transmission = 2",
        "optics_transmission: should be less than or equal to 1",
    ),
    "pinhole": ('[sensor]\naperture = "0 m"', "sensor.aperture: should be greater than or equal to 0.001 m"),
    # bands
    "no bands": ("[sensor]\nbands = []", "bands is empty; allowed: at least one band"),
    "negative band": (band('lower = "-4 um"\nupper = "4.45 um"'), "sensor.bands[0].lower: should be greater than"),
    "band backwards": (band('lower = "4.45 um"\nupper = "4.2 um"'), "sensor.bands[0]: upper = 4.2 um must be longer"),
    "half a band": (band('lower = "4.2 um"'), "sensor.bands[0]: band 'A' needs upper"),
    "band in hertz": (band('lower = "70 THz"\nupper = "4 um"'), "sensor.bands[0].lower: has the wrong unit"),
    "band without air": (band('lower = "2 um"\nupper = "3 um"'), "sensor.bands[0]: no atmospheric table for this band"),
    "bands of one name": (
        SMALL + '[[sensor.bands]]\nname = "SWIR"\n' * 2,
        "bands need different names; found SWIR, SWIR",
    ),
    "band of a bad name": (SMALL + '[[sensor.bands]]\nname = "a b"', "sensor.bands[0].name: string should match"),
    "band's own exposure": (
        SMALL + '[[sensor.bands]]\nname = "SWIR"\nintegration = "1 s"',
        "bands[0].integration = 1.0 s is longer than a frame",
    ),
    # optics and detector faults
    "psf of no kind": ('[sensor.psf]\nkind = "moffat"', "sensor.psf.kind: is not known; found 'moffat'"),
    "psf of points": ('[sensor]\npsf_sigma = "0 px"', "sensor.psf_sigma: should be greater than or equal to 0.2 px"),
    "obscured": ('[sensor.psf]\nkind = "airy"\nobscuration = 1', "sensor.psf.obscuration: should be less than"),
    "all pixels bad": ("[sensor.bad_pixels]\nfraction = 1", "sensor.bad_pixels.fraction: should be less than"),
    "bad pixels of no kind": ("[sensor.bad_pixels]\nkinds = []", "sensor.bad_pixels: kinds is empty"),
    "pixels of a strange kind": (
        '[sensor.bad_pixels]\nkinds = ["warm"]',
        "sensor.bad_pixels.kinds[0]: input should be",
    ),
    "blinking at once": ('[sensor.bad_pixels]\nblink_dwell = "0 s"', "blink_dwell: should be greater than"),
    "cosmic flood": (
        '[sensor]\npixel_pitch = "1 mm"\n[sensor.cosmic_rays]\nrate = "1e9 m-2 s-1"',
        "cosmic_rays.rate makes 6.55e+06 hits a frame; allowed: at most 200000",
    ),
    "cosmic rays an hour": ('[sensor.cosmic_rays]\nrate = "5 /h"', "sensor.cosmic_rays.rate: has the wrong unit"),
    "bright ghost": ("[sensor.ghost]\nstrength = 0.5", "sensor.ghost.strength: should be less than or equal to 0.1"),
    "endless ghost": ('[sensor.ghost]\nblur = "1e6 px"', "sensor.ghost.blur: should be less than or equal to 200 px"),
    # platform
    "platform of no kind": (
        '[platform]\nkind = "balloon"',
        "platform.kind: is not known; found 'balloon'; allowed: geo",
    ),
    "out of sight": ('[platform]\nlongitude = "100 deg"', "-80.6 deg, the default, is out of sight"),
    "latitude of 95": ('[platform]\nboresight_latitude = "95 deg"', "boresight_latitude: should be less than or equal"),
    "orbit below ground": (LEO + 'altitude = "-5 km"', "the perigee is -5 km above the equator's radius"),
    "ellipse below ground": (LEO + "eccentricity = 0.5", "the perigee is -2939 km above the equator's radius"),
    "hyperbola": (LEO + "eccentricity = 1.5", "platform.eccentricity: should be less than 1"),
    "two sizes": (LEO + 'altitude = "500 km"\nperiod = "2 h"', "altitude and period say the same"),
    "round apogee": (LEO + 'apogee_longitude = "9 deg"', "apogee_longitude has no meaning at eccentricity = 0"),
    "behind the Earth": (SMALL + LEO + 'raan = "10 deg"\nmean_anomaly = "180 deg"', "hides the boresight point"),
    "no elements": (
        '[platform]\nkind = "tle"\nline1 = "a"\n' + ISS.split("\n")[1],
        "platform.line1: is no two-line element",
    ),
    "elements with a slip": (SMALL + '[platform]\nkind = "tle"\n' + ISS.replace("2927", "2928"), "wrong checksum '8'"),
    "elements of two": (
        SMALL + '[platform]\nkind = "tle"\n' + ISS.replace("25544U", "25545U").replace("2927", "2928"),
        "line1 and line2 are of two satellites, 25545 and 25544",
    ),
    "table without places": (SMALL + TABLE, "a table needs its places; allowed: one of file, points"),
    "table of one": (points(("0 s", "0 deg", "500 km")), "points has 1 places; allowed: at least 2"),
    "table back in time": (
        points(("0 s", "0 deg", "500 km"), ("0 s", "1 deg", "500 km")),
        "points[1].time = 0 s does not come after 0 s",
    ),
    "table below ground": (
        points(("0 s", "0 deg", "-9 km"), ("9 s", "1 deg", "9 km")),
        "points[0].altitude: should be greater than or equal to 0 m; found '-9 km'",
    ),
    "through the ground": (
        points(("0 s", "0 deg", "1 m"), ("100 s", "90 deg", "1 m")),
        "platform: the sensor is below the ground; found '-31.8",
    ),
    "table too short": (
        points(("0 s", "0 deg", "500 km"), ("0.5 s", "0 deg", "500 km")),
        "platform.points: the table of positions does not reach the whole run; found '1 s'; allowed: 0 s to 0.5 s",
    ),
    "smeared by the orbit": (
        SMALL + 'integration = "0.5 s"\n' + LEO + 'pointing = "fixed"',
        "platform: the scene moves too far over the focal plane within an exposure",
    ),
    # scan and line of sight
    "scan of no kind": ('[scan]\nkind = "spinning"', "scan.kind: is not known; found 'spinning'; allowed: staring"),
    "fields on one spot": (SMALL + '[scan]\nkind = "step_stare"\noverlap = "40 px"', "scan.overlap: the fields would"),
    "slow rows": (SMALL + '[scan]\nkind = "scanning"\nrow_period = "0.1 s"', "scan.row_period: the rows take longer"),
    "negative jitter": (
        '[line_of_sight]\njitter = "-1 px"',
        "line_of_sight.jitter: should be greater than or equal to 0",
    ),
    "far drift": ('frames = 1000\n[line_of_sight]\ndrift = "1 px/s"', "line_of_sight.drift carries the scene 500 px"),
    "far walk": (
        'frames = 2000\n[line_of_sight]\nwalk = {rms = "100 px", correlation = "1 s"}\ntones = ['
        + '{frequency = "0.1 Hz", amplitude = "100 px"}, ' * 9 + "]",
        "line_of_sight: carries the scene too far during the run; found",
    ),
    "fast tones": (
        SMALL + '[line_of_sight]\ntones = [{frequency = "99 Hz", amplitude = "99 px"}]',
        "line_of_sight: smears the scene too much within an exposure; found",
    ),
    "tone of NaN": (
        '[line_of_sight]\ntones = [{frequency = "nan Hz", amplitude = "1 px"}]',
        "tones[0].frequency: is not",
    ),
    "one-point spectrum": ('[line_of_sight]\npsd = [["1 Hz", "1 px2/Hz"]]', "line_of_sight.psd: has 1 pairs"),
    "spectrum backwards": (
        '[line_of_sight]\npsd = [["2 Hz", "1 px2/Hz"], ["1 Hz", "1 px2/Hz"]]',
        "1 Hz does not come after",
    ),
    "spectrum of 1e300": (
        '[line_of_sight]\npsd = [["1 Hz", "1e300 px2/Hz"], ["2 Hz", "1 px2/Hz"]]',
        "line_of_sight.psd[0][1]: should be less than or equal to 1000000 px2/Hz; found '1e300 px2/Hz'",
    ),
    # atmosphere, background, clouds
    "air of Mars": ('[atmosphere]\nmodel = "mars"', "atmosphere.model: input should be 'tropical'"),
    "background of no kind": (
        '[background]\nkind = "sea"',
        "background.kind: is not known; found 'sea'; allowed: earth",
    ),
    "background without kind": ("[background]\ntexture = 1", "background: required key 'kind' is missing"),
    "storm wind": ('[background]\nkind = "earth"\nwind = "99 m/s"', "background.wind: should be less than"),
    "radiance of 2 bands in 3": (
        '[background]\nkind = "uniform"\nradiance = ["1 W/m2/sr/um", "1 W/m2/sr/um", "1 W/m2/sr/um"]',
        "background.radiance has 3 values; allowed: 1, or one for each of 2 bands",
    ),
    "no radiance": ('[background]\nkind = "uniform"\nradiance = []', "background.radiance has 0 values"),
    "negative radiance": (
        '[background]\nkind = "uniform"\nradiance = ["-1 W/m2/sr/um"]',
        "radiance[0]: should be greater",
    ),
    "radiance of 1e300": (
        '[background]\nkind = "uniform"\nradiance = ["1e300 W/m2/sr/um"]',
        "radiance[0]: should be less",
    ),
    "image in kelvin": (
        '[background]\nkind = "image"\nfile = "a.npy"\nunits = "K"',
        "is not a unit of spectral radiance",
    ),
    "image of no name": (
        '[background]\nkind = "image"\nfile = ""',
        "background.file: string should have at least 1",
    ),
    "image of a NUL": (
        '[background]\nkind = "image"\nfile = "a\\u0000b"',
        "background.file: string should match",
    ),
    "clouds over an image": ('[background]\nkind = "image"\nfile = "a.npy"\n[[clouds]]', "clouds cannot be laid over"),
    "cloud of 120 %": ("[[clouds]]\ncoverage = 1.2", "clouds[0].coverage: should be less than or equal to 1"),
    "cloud below ground": (
        '[[clouds]]\naltitude = "-1 km"',
        "clouds[0].altitude: should be greater than or equal to 200 m",
    ),
    "cloud of ether": ("[[clouds]]\noptical_depth = 0", "clouds[0].optical_depth: should be greater than 0"),
    "white noise": ("[[clouds]]\nslope = 0", "clouds[0].slope: should be less than or equal to -2"),
    "cloud of fire": (
        '[[clouds]]\ntemperature = "3000 K"',
        "clouds[0].temperature: should be less than or equal to 350 K",
    ),
    "eternal cloud": ('[[clouds]]\nlifetime = "1e300 s"', "clouds[0].lifetime: should be less than"),
    # objects
    "object of no kind": (thing("comet"), "objects[0].kind: is not known; found 'comet'; allowed: launch, fire"),
    "object without kind": ("[[objects]]", "objects[0]: required key 'kind' is missing; allowed: launch"),
    "object nowhere": (
        '[[objects]]\nkind = "fire"\nlongitude = "0 deg"',
        "objects[0].latitude: required key is missing",
    ),
    "object at 91 degrees": (
        thing("fire", latitude="91 deg"),
        "objects[0].latitude: should be less than or equal",
    ),
    "fire of -1 W": (thing("fire", 'power = "-1 W"'), "objects[0].power: should be greater than"),
    "fire of NaN": (thing("fire", 'power = "nan W"'), "objects[0].power: is not a finite number"),
    "fire that ends before it starts": (thing("fire", 'start = "5 s"\nend = "4 s"'), "must come after start = 5.0 s"),
    "two vehicles": (thing("launch", f'vehicle = "small"\n{STAGE}'), "vehicle = 'small' and stages: give one of them"),
    "no stages": (thing("launch", "stages = []"), "stages is empty; allowed: at least one stage"),
    "too weak": (
        thing("launch", STAGE.replace("200 kN", "20 kN")),
        "the vehicle cannot lift off: thrust = 20 kN on 5 t",
    ),
    "thrust of 1e300": (thing("launch", STAGE.replace("200 kN", "1e300 N")), "stages[0].thrust: should be less than"),
    "payload alone": (thing("launch", 'payload = "1 t"'), "payload belongs to stages"),
    "flare of no stacks": (
        thing("flare", "stacks = 0"),
        "objects[0].stacks: should be greater than or equal to 1",
    ),
    "cold volcano": (thing("volcano", 'temperature = "300 K"'), "objects[0].temperature: should be greater"),
    "static fire of no time": (thing("static_fire", 'burn = "0 s"'), "objects[0].burn: should be greater"),
    "tilted lake": (thing("glint", 'tilt = "10 deg"'), "which is level; allowed: 0 deg"),
    "no flashes": (thing("lightning", "flashes_per_minute = 0"), "flashes_per_minute: should be greater than 0"),
    "slow meteor": (thing("bolide", 'speed = "1 km/s"'), "objects[0].speed: should be greater than"),
    "rising meteor": (thing("bolide", 'end_altitude = "99 km"'), "must lie below begin_altitude"),
    "afterburner backwards": (thing("aircraft", 'afterburner = [["9 s", "5 s"]]'), "afterburner from 9.0 s to 5.0 s"),
    "afterburner of 1e300": (
        thing("aircraft", 'afterburner = [["1 s", "1e300 s"]]'),
        "afterburner[0][1]: should be less",
    ),
    "satellite that escapes": (thing("satellite", 'speed = "12 km/s"'), "escapes from the Earth"),
    "name of two lines": (thing("fire", 'name = "a\\nb"'), "objects[0].name: string should match"),
    # objects that no frame could show
    "launch outside view": (
        thing("launch", 'name = "L1"\nignition = "0 s"', latitude="29.2 deg"),
        "objects[0]: the launch 'L1' is never in view; found '71",
    ),
    "launch behind the Earth": (
        thing("launch", 'ignition = "0 s"', longitude="100 deg"),
        "objects[0]: the launch is never in view; found 'behind the Earth or the camera all the time'; all",
    ),
    "launch after the run": (thing("launch"), "objects[0]: the launch shines after the run only; found 'from 20 s'"),
    "launch before the run": (
        thing("launch", 'ignition = "-900 s"'),
        "the launch shines before the run only; found 'until",
    ),
    "fire after the run": (
        thing("fire", 'start = "1000 s"'),
        "the fire shines after the run only; found 'from 1000 s'; allowed: some time from -0.05 s to 1.05 s, or",
    ),
    "storm before the run": (
        thing("lightning", 'end = "-1 s"'),
        "the lightning shines before the run only; found 'until",
    ),
    "fire outside view": (
        thing("fire", longitude="-79.6 deg"),
        "px outside the frame at its nearest, 0 s'; allowed: at most",
    ),
    "glint outside view": (thing("glint", longitude="-79.6 deg"), "objects[0]: the glint is never in view"),
    "aircraft that flies away": (
        thing("aircraft", 'heading = "90 deg"', longitude="-79.6 deg"),
        "objects[0]: the aircraft is never in view",
    ),
    "satellite elsewhere": (thing("satellite", 'passes = "900 s"'), "objects[0]: the satellite is never in view"),
    "bolide elsewhere": (
        thing("bolide", 'start = "0 s"', latitude="20 deg"),
        "objects[0]: the bolide is never in view",
    ),
}  # fmt: skip

GOOD_IMAGE = np.full((40, 48), 0.1, np.float32)
FILES: dict[str, tuple[str, str, object, int, str]] = {
    # table of the scenario, file, its content, exit code, message
    "no image": ("background", "gone.npy", None, 66, "gone.npy: cannot be read: No such file"),
    "a directory": ("background", ".", None, 66, "cannot be read: Is a directory"),
    "small image": ("background", "a.npy", GOOD_IMAGE[:8], 65, "background.file = a.npy: the image does not fit"),
    "three bands": ("background", "a.npy", np.stack([GOOD_IMAGE] * 3), 65, "found (3, 40, 48); allowed: (y, x) or"),
    "image of NaN": ("background", "a.npy", GOOD_IMAGE * np.nan, 65, "has values that are no radiance; found nan"),
    "image of 1e30": (
        "background", "a.npy", GOOD_IMAGE * np.float32(1e30), 65,
        "finite numbers up to 1e+08 W/m2/sr/um",
    ),
    "complex image": ("background", "a.npy", GOOD_IMAGE.astype(np.complex64), 65, "a.npy: cannot be frames"),
    "damaged image": ("background", "a.npy", b"\x93NUMPY\x01\x00 and no more", 65, "a.npy: is damaged"),
    "text for an image": ("background", "a.npy", b"no image", 65, "a.npy: "),
    "no psf": ("sensor.psf", "gone.npy", None, 66, "gone.npy: cannot be read: No such file"),
    "psf of NaN": ("sensor.psf", "a.npy", GOOD_IMAGE * np.nan, 65, "psf.file = a.npy: a point spread must be finite"),
    "dark psf": ("sensor.psf", "a.npy", GOOD_IMAGE * 0, 65, "psf.file = a.npy: a point spread must be finite"),
    "psf by band": ("sensor.psf", "a.npy", np.stack([GOOD_IMAGE] * 2), 65, "a point spread is one real image (y, x)"),
    "wide psf": ("sensor.psf", "a.npy", np.ones((9, 999)), 65, "a point spread is too wide; found '999 samples"),
    "no table": ("platform", "gone.csv", None, 66, "gone.csv: cannot be read: No such file"),
    "empty table": ("platform", "a.csv", b"", 65, "a.csv: is empty"),
    "table of one row": (
        "platform", "a.csv", b"time_s,x_m,y_m,z_m\n0,7e6,0,0\n", 65,
        "platform.file: the table is too short",
    ),
    "two axes": (
        "platform", "a.csv", b"time_s,x_m,y_m\n0,7e6,0\n9,7e6,0\n", 65,
        "platform.file: the table lacks columns",
    ),
    "words": (
        "platform", "a.csv", b"time_s,x_m,y_m,z_m\n0,7e6,east,0\n", 65,
        "line 2, column y_m: is not a number; found",
    ),
    "a gap": (
        "platform", "a.csv", b"time_s,x_m,y_m,z_m\n0,7e6,,0\n9,7e6,0,0\n", 65,
        "platform.file: the table has a gap",
    ),
    "back": ("platform", "a.csv", b"time_s,x_m,y_m,z_m\n9,7e6,0,0\n0,7e6,0,0\n", 65, "the table goes back in time"),
    "short": ("platform", "a.csv", b"time_s,x_m,y_m,z_m\n0,7e6,0,0\n0.5,7e6,9,0\n", 65, "does not reach the whole run"),
    "centre": (
        "platform", "a.csv", b"time_s,x_m,y_m,z_m\n0,0,0,0\n9,0,0,0\n", 65,
        "platform.file: the sensor is below",
    ),
    "far": (
        "platform", "a.csv", b"time_s,x_m,y_m,z_m\n0,1e300,0,0\n9,7e6,0,0\n", 65,
        "platform.file: the sensor is too far",
    ),
}  # fmt: skip

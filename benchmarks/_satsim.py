"""satsim's speed as one JSON object; `benchmarks.render` runs this with an interpreter that has satsim and TensorFlow.

It is given the least that still makes a frame: four point targets instead of an Earth with clouds, no stars, one
Gaussian point spread, constant background, shot and read noise, ADC, no files. Its renderer's modes and several
samples a pixel are tried in turn, over frames after the first ones, which compile.
"""

from __future__ import annotations

import json
import os
import sys
import time
from copy import deepcopy
from itertools import product
from typing import Any

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

MODES = ("epsf", "fftconv2", "fftconv2p")
OVERSAMPLE = (1, 2, 3)


def settings(size: int, mode: str, oversample: int, frames: int) -> dict[str, Any]:
    """Return a scene of four moving points."""
    targets = [
        {"mode": "line", "origin": [0.2 * k + 0.1, 0.3], "velocity": [0.5, 0.5], "mv": 10.0 + k} for k in range(4)
    ]
    return {
        "version": 1,
        "sim": {
            "mode": mode, "epsf": {"kernel_size": 11, "phase_oversample": 8}, "spacial_osf": oversample,
            "temporal_osf": 1, "padding": 8, "samples": 1, "calculate_snr": False, "save_jpeg": False,
            "save_movie": False, "save_czml": False, "show_obs_boxes": False,
        },
        "fpa": {
            "height": size, "width": size, "y_fov": 2.0, "x_fov": 2.0, "dark_current": 10.0, "gain": 1.0, "bias": 100.0,
            "zeropoint": 20.0, "num_frames": frames, "noise": {"read": 20.0, "electronic": 0.0},
            "a2d": {"response": "linear", "fwc": 100000.0, "gain": 1.0, "bias": 100.0},
            "psf": {"mode": "gaussian", "eod": 0.8}, "time": {"exposure": 0.1, "gap": 0.4},
        },
        "background": {"stray": {"mode": "none"}, "galactic": 15.0},
        "geometry": {
            "stars": {"mode": "none", "motion": {"mode": "none"}},
            "obs": {"mode": "list", "list": targets},
        },
    }  # fmt: skip


def frames_per_second(size: int, mode: str, oversample: int, warm: int = 3, frames: int = 12) -> float:
    """Return the rate of frames after the first ones."""
    from satsim.satsim import image_generator

    source = image_generator(deepcopy(settings(size, mode, oversample, warm + frames)), eager=True, num_sets=1)
    for _ in range(warm):
        next(source)
    start = time.perf_counter()
    count = sum(frame is not None for frame in source)
    return count / (time.perf_counter() - start)


def main() -> None:
    import satsim
    import tensorflow

    tensorflow.config.threading.set_intra_op_parallelism_threads(1)
    tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    size = int(sys.argv[1])
    found: dict[str, Any] = {}
    for mode, oversample in product(MODES, OVERSAMPLE):
        name = f"{mode}, {oversample} x {oversample} samples a pixel"
        try:
            found[name] = frames_per_second(size, mode, oversample) * size * size / 1e6
        except Exception as error:  # a mode that does not run is told, not left out
            found[name] = f"{type(error).__name__}: {error}"
    versions = {"satsim": satsim.__version__, "tensorflow": tensorflow.__version__}
    print(json.dumps({"versions": versions, "modes": found}))


if __name__ == "__main__":
    main()

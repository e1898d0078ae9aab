"""A camera's process: appends frames of a stack to a live one, as many as it is told.

``python -m tests.live SOURCE OUT`` reads commands from stdin, a line each, and answers with how many frames there are:
a number of frames to append, or ``rest``. At the end of stdin it closes the file.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from boostwatch import store

ROOT = Path(__file__).parent.parent


class Camera:
    """The process, as its parent sees it."""

    def __init__(self, source: Path, out: Path) -> None:
        self.path = out
        self.frames = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.live", str(source), str(out)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip

    def append(self, frames: int | str = "rest") -> None:
        """Append frames and wait until they are there."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{frames}\n")
        self._process.stdin.flush()
        self.frames = int(self._process.stdout.readline())

    def close(self) -> None:
        """Close the stack."""
        self._process.communicate()

    def kill(self) -> None:
        """End without a chance to close it."""
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


def main(source: str, out: str) -> None:
    with (
        store.open_stack(source) as reader,
        store.LiveStackWriter(
            out, sensor=reader.sensor, shape=reader.shape[1:], epoch=reader.epoch, dtype=reader.dtype,
            bad_pixels=reader.bad_pixels, gain=reader.gain, offset=reader.offset, has_pointing=reader.has_pointing,
            attitude_sigma_rad=reader.attitude_sigma_rad, attitude_bias_sigma_rad=reader.attitude_bias_sigma_rad,
            attitude_noise_sigma_rad=reader.attitude_noise_sigma_rad, has_row_time=reader.row_time(0) is not None,
        ) as writer,
    ):  # fmt: skip
        done = 0
        for line in sys.stdin:
            stop = reader.shape[0] if line.strip() == "rest" else done + int(line)
            for frame in reader.frames(done, stop):
                writer.append(
                    frame.data, time_s=frame.time_s, frame_index=frame.frame_index, quality=frame.quality,
                    position_m=frame.position_m, attitude=frame.attitude, row_time=reader.row_time(frame.frame),
                )  # fmt: skip
            done = stop
            print(done, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""One root error that carries file, place, value and what is allowed."""

from pathlib import Path

import pytest

from boostwatch import errors
from boostwatch.errors import BadData, BoostwatchError


def test_message_names_file_place_value_and_what_is_allowed():
    error = BadData("wrong unit", path=Path("a.toml"), place="sensor.ifov", found="3 m", allowed="an angle")
    assert str(error) == "a.toml: sensor.ifov: wrong unit; found '3 m'; allowed: an angle"
    assert error.args == (str(error),)


def test_parts_that_are_unknown_leave_no_trace():
    assert str(BoostwatchError("gone")) == "gone"
    assert str(BoostwatchError("gone", place="frame 3")) == "frame 3: gone"


def test_a_long_value_is_cut():
    text = str(BoostwatchError("odd", found="x" * 500))
    assert len(text) < 100
    assert text.endswith("...")


@pytest.mark.parametrize(
    ("name", "code"),
    [("UsageError", 2), ("BadData", 65), ("NoInput", 66), ("BoostwatchError", 70), ("CannotCreate", 73),
     ("StorageError", 74)],
)  # fmt: skip
def test_exit_codes(name, code):
    kind = getattr(errors, name)
    assert kind.exit_code == code
    assert issubclass(kind, BoostwatchError)

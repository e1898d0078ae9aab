"""A score that a notebook shows."""

from __future__ import annotations

from typing import Any

from boostwatch.assess import score as assess
from boostwatch.errors import UsageError
from boostwatch.face import html
from boostwatch.face.optional import needed
from boostwatch.wording import counted

_TABLES = ("launches", "objects", "detection", "metrics")


class Score(assess.Score):
    """What the warning chain found against what was there; see `boostwatch.assess.score.Score`.

    Examples
    --------
    >>> score = boostwatch.score(events, run)  # doctest: +SKIP
    >>> score.metrics()["launches_declared"]  # doctest: +SKIP
    1.0
    """

    def to_pandas(self, table: str = "launches") -> Any:
        """Return one of the tables as a pandas DataFrame.

        Parameters
        ----------
        table : {"launches", "objects", "detection", "metrics"}
            A row a launch, object of the truth, bin of truth ``snr`` and band, or figure. Units are in the names of
            the columns; what is unknown is NaN or None.

        Raises
        ------
        UsageError
            Another table, or pandas is not installed.
        """
        if table not in _TABLES:
            raise UsageError("is no table of a score", place="table", found=table, allowed=", ".join(_TABLES))
        pandas = needed("pandas", "to_pandas")
        if table == "metrics":
            return pandas.DataFrame({"metric": list(self.metrics()), "value": list(self.metrics().values())})
        return pandas.DataFrame(getattr(self, table))

    def __repr__(self) -> str:
        declared = sum(bool(row["declared"]) for row in self.launches)
        alarms = self.false_alarms
        return (
            f"<Score: {declared} of {len(self.launches)} launches declared, "
            f"{counted(alarms['false_launches'], 'false launch')}, {counted(alarms['false_tracks'], 'false track')}, "
            f"{counted(alarms['false_detections'], 'false detection')}>"
        )

    def _repr_html_(self) -> str:
        parts = [
            html.title(part.title) + html.table(part.columns, part.rows) + html.note(part.note) for part in self.table()
        ]
        return "".join(parts)

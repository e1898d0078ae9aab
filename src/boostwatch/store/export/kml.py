"""KML 2.2 for Google Earth, QGIS and others."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

from boostwatch.colours import rgb_of
from boostwatch.records import EventTables, unit_of
from boostwatch.store.export.rows import event_rows, place_of, rings_of, start_of, title_of

_NAMESPACE = "http://www.opengis.net/kml/2.2"
_NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not know, escaped or not (section 2.2)."""


def encode(tables: EventTables) -> bytes:
    """Return a placemark for each event that has a place, with its ellipse, its time and all its columns."""
    rows = [row for row in event_rows(tables.events, tables.epoch) if place_of(row) is not None]
    root = ET.Element("kml", xmlns=_NAMESPACE)
    document = ET.SubElement(root, "Document")
    _text(document, "name", "Boostwatch events")
    styles = {kind: f"kind-{n}" for n, kind in enumerate(dict.fromkeys(row["kind"] for row in rows))}
    for kind, style in styles.items():
        _style(document, kind, style)
    for row in rows:
        _placemark(document, row, styles[row["kind"]])
    ET.indent(root, " ")
    out: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return out + b"\n"


def _text(parent: ET.Element, tag: str, text: object) -> None:
    ET.SubElement(parent, tag).text = _NO_XML.sub("\ufffd", str(text))


def _style(document: ET.Element, kind: str, name: str) -> None:
    style = ET.SubElement(document, "Style", id=name)
    red, green, blue = rgb_of(kind)
    for part, alpha in (("IconStyle", 0xFF), ("LineStyle", 0xFF), ("PolyStyle", 0x50)):
        _text(ET.SubElement(style, part), "color", f"{alpha:02x}{blue:02x}{green:02x}{red:02x}")


def _placemark(document: ET.Element, row: dict[str, Any], style: str) -> None:
    # The schema fixes the order: name, time, style, data, geometry.
    mark = ET.SubElement(document, "Placemark")
    _text(mark, "name", title_of(row))
    start = start_of(row)
    if start is not None:
        _text(ET.SubElement(mark, "TimeSpan"), "begin", start)
    _text(mark, "styleUrl", f"#{style}")
    extended = ET.SubElement(mark, "ExtendedData")
    for column, value in row.items():
        if value is not None:
            data = ET.SubElement(extended, "Data", name=column)
            unit = unit_of(column)
            _text(data, "displayName", f"{column} ({unit})" if unit not in ("", "1") else column)
            _text(data, "value", value)
    rings = rings_of(row)
    geometry = ET.SubElement(mark, "MultiGeometry") if rings else mark
    _text(ET.SubElement(geometry, "Point"), "coordinates", "{:.8f},{:.8f}".format(*(place_of(row) or ())))
    for ring in rings:
        polygon = ET.SubElement(geometry, "Polygon")
        _text(polygon, "tessellate", 1)
        line = ET.SubElement(ET.SubElement(polygon, "outerBoundaryIs"), "LinearRing")
        _text(line, "coordinates", " ".join(f"{longitude:.6f},{latitude:.6f}" for longitude, latitude in ring))

#!/usr/bin/env bash
# Makes the vendored files anew from npm; the same versions give the same bytes, which SHA256SUMS holds.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cp "$here/package.json" "$here/entry.js" "$work"
cd "$work"
npm install --silent --no-audit --no-fund
{
  echo "/*! d3-geo 3.1.2 and d3-array 3.2.5, bundled by esbuild."
  cat node_modules/d3-geo/LICENSE node_modules/d3-array/LICENSE
  echo "*/"
  npx esbuild entry.js --bundle --minify --format=iife --global-name=d3geo --target=es2020 --charset=utf8 --log-level=error
} >"$here/d3-geo.min.js"
cp node_modules/d3-geo/LICENSE "$here/LICENSE-d3-geo"
cp node_modules/d3-array/LICENSE "$here/LICENSE-d3-array"
cp node_modules/world-atlas/LICENSE "$here/LICENSE-world-atlas"
cp node_modules/world-atlas/land-110m.json node_modules/world-atlas/land-50m.json "$here"
cd "$here"
sha256sum d3-geo.min.js land-110m.json land-50m.json >SHA256SUMS

export { geoCircle, geoDistance, geoEqualEarth, geoGraticule, geoInterpolate, geoOrthographic, geoPath } from "d3-geo";

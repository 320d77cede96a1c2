// The map of the form: a click, or the marker dragged, says where the device is.
//
// Markup (macro `position`), inside a <form>:
//   <div data-position-map data-bounds="W,S,E,N" data-query="QUERY" hidden>   shown when the map works
//     <div data-canvas></div>
//   </div>
//   inputs `lat` and `lon` (degrees WGS 84, six decimals), `posizione` (text in any notation, wins over both), `crs`
//
// A point chosen on the map fills lat and lon, empties posizione and crs, and fires `input`, so that live-check.js and
// keep-draft.js see it. live-check.js answers with the event `varco:place` ({lat, lon}), which moves the marker: a position
// typed in any notation is seen at once. The text inputs are the way without mouse and without map.

import { draggableMarker, moving, openMap, readBounds } from './map-style.js';

// Degrees around the territory within which a point is shown.
const FAR = 0.2;

for (const frame of document.querySelectorAll('[data-position-map]')) start(frame);

function start(frame) {
  const fields = frame.closest('form').elements;
  frame.hidden = false;
  let map;
  try {
    map = openMap({
      container: frame.querySelector('[data-canvas]'),
      bounds: readBounds(frame.dataset.bounds),
      query: frame.dataset.query,
      cooperativeGestures: true,
    });
  } catch {
    frame.hidden = true;
    return;
  }
  map.getCanvas().setAttribute('aria-label', 'Mappa della posizione. Con la tastiera usate i campi di testo.');
  map.getCanvas().style.cursor = 'crosshair';
  const marker = draggableMarker();
  const place = (lat, lon) => marker.setLngLat([lon, lat]).addTo(map);
  const choose = ({ lat, lng }) => {
    place(lat, lng);
    fill(fields, lat, lng);
  };
  map.on('click', event => choose(event.lngLat));
  marker.on('dragend', () => choose(marker.getLngLat()));
  follow(frame, fields, map, place);
}

function fill(fields, lat, lon) {
  fields.lat.value = lat.toFixed(6);
  fields.lon.value = lon.toFixed(6);
  fields.posizione.value = '';
  fields.crs.value = '';
  if (fields.metodo_posizione?.value === '') fields.metodo_posizione.value = 'mappa';
  fields.lat.dispatchEvent(new Event('input', { bubbles: true }));
}

/** Shows the point the fields hold, and those the server understands; a point far from the territory moves nothing. */
function follow(frame, fields, map, place) {
  const [[west, south], [east, north]] = readBounds(frame.dataset.bounds) ?? [[-180, -90], [180, 90]];
  const show = (lat, lon) => {
    if (!(lat > south - FAR && lat < north + FAR && lon > west - FAR && lon < east + FAR)) return;
    place(lat, lon);
    if (!map.getBounds().contains([lon, lat]) || map.getZoom() < 13) {
      map.easeTo({ center: [lon, lat], zoom: Math.max(map.getZoom(), 15), ...moving(500) });
    }
  };
  const number = input => parseFloat(input.value.replace(',', '.'));
  show(number(fields.lat), number(fields.lon));
  frame.closest('form').addEventListener('varco:place', event => show(event.detail.lat, event.detail.lon));
}

// Where a device was and where it would be.
//
// Markup:
//   <div data-review-map data-before="LON,LAT" data-after="LON,LAT" hidden>   degrees WGS 84; before may be empty
//     <div data-canvas></div>
//     <p data-status role="status"></p>
//   </div>
//
// The same is said in words above it; without WebGL nothing is shown.

import { openMap } from './map-style.js';

for (const frame of document.querySelectorAll('[data-review-map]')) start(frame);

function start(frame) {
  const status = frame.querySelector('[data-status]');
  const places = [['prima', frame.dataset.before], ['inviato', frame.dataset.after]]
    .map(([name, text]) => ({ name, at: (text ?? '').split(',').map(Number) }))
    .filter(({ at }) => at.length === 2 && at.every(Number.isFinite));
  if (places.length === 0) return;
  frame.hidden = false;
  const lons = places.map(({ at }) => at[0]);
  const lats = places.map(({ at }) => at[1]);
  let map;
  try {
    map = openMap({
      container: frame.querySelector('[data-canvas]'),
      bounds: [[Math.min(...lons), Math.min(...lats)], [Math.max(...lons), Math.max(...lats)]],
      tell: sentence => { status.textContent = sentence; },
      fitBoundsOptions: { padding: 60, maxZoom: 15.5 },
    });
  } catch {
    frame.hidden = true;
    return;
  }
  map.getCanvas().setAttribute('aria-label', 'Mappa della posizione inviata e di quella convalidata');
  map.once('load', () => show(map, places));
}

function show(map, places) {
  const features = places.map(({ name, at }) => ({
    type: 'Feature', properties: { name }, geometry: { type: 'Point', coordinates: at },
  }));
  map.addSource('posizioni', { type: 'geojson', data: { type: 'FeatureCollection', features } });
  const sent = ['==', ['get', 'name'], 'inviato'];
  map.addLayer({ id: 'posizioni', type: 'circle', source: 'posizioni',
    paint: { 'circle-radius': 9, 'circle-color': ['case', sent, '#c8102e', '#ffffff'],
      'circle-stroke-color': ['case', sent, '#ffffff', '#17334f'], 'circle-stroke-width': 3 } });
  map.addLayer({ id: 'quali', type: 'symbol', source: 'posizioni',
    layout: { 'text-field': ['get', 'name'], 'text-font': ['Titillium Web Semi Bold', 'Titillium Web'], 'text-size': 14,
      'text-anchor': 'bottom', 'text-offset': [0, -0.9], 'text-allow-overlap': true },
    paint: { 'text-color': '#17334f', 'text-halo-color': '#ffffff', 'text-halo-width': 2 } });
}

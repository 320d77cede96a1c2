// The map of one reference layer, and of the places of it that no device watches over.
//
// Markup:
//   <div data-reference-map data-bounds="W,S,E,N" data-references='[{"id", "kind", "label"}]'
//        data-places='[{"nome", "lon", "lat"}, …]'>
//     <div data-canvas></div>                    where the map goes; shown once it works
//     <p data-status role="status">              sentences; at first a text and a link to the table, for who has no map
//   </div>
//
// Keys: arrows, + and - move the map. All that it shows stands in the table of the page.

import { addReference, openMap, readBounds, referenceMark } from './map-style.js';

const KEYS = 'Frecce e + − per muovervi; quello che si vede è anche in tabella.';

for (const frame of document.querySelectorAll('[data-reference-map]')) start(frame);

function start(frame) {
  const status = frame.querySelector('[data-status]');
  const tell = sentence => { status.textContent = sentence; };
  frame.dataset.ready = '';
  let map;
  try {
    map = openMap({
      container: frame.querySelector('[data-canvas]'),
      bounds: readBounds(frame.dataset.bounds),
      devices: false,
      tell,
    });
  } catch {
    delete frame.dataset.ready;
    status.firstChild.textContent = 'Questo browser non riesce a disegnare la mappa. ';
    return;
  }
  tell(KEYS);
  const references = JSON.parse(frame.dataset.references);
  frame.append(legend(references));
  map.getCanvas().setAttribute('aria-label', `Mappa di ${references.map(({ label }) => label).join(', ')}. ${KEYS}`);
  map.on('load', () => {
    for (const reference of references) addReference(map, reference, true);
    addPlaces(map, JSON.parse(frame.dataset.places));
  });
}

/** How each layer is drawn, beneath the map. */
function legend(references) {
  const group = document.createElement('ul');
  group.className = 'varco-references';
  group.setAttribute('aria-label', 'Legenda');
  for (const { kind, label } of references) {
    const item = document.createElement('li');
    item.append(referenceMark(kind), ` ${label}`);
    group.append(item);
  }
  return group;
}

function addPlaces(map, places) {
  const features = places.map(({ nome, lon, lat }) => (
    { type: 'Feature', properties: { nome }, geometry: { type: 'Point', coordinates: [lon, lat] } }
  ));
  map.addSource('luoghi', { type: 'geojson', data: { type: 'FeatureCollection', features } });
  map.addLayer({ id: 'luoghi', type: 'circle', source: 'luoghi',
    paint: { 'circle-color': '#a3123a', 'circle-stroke-color': '#ffffff', 'circle-stroke-width': 2, 'circle-radius': 7 } });
}

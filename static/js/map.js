// The big map: the devices of the list, under the same filter.
//
// Markup (macro `map`):
//   <div data-map data-query="QUERY" data-bounds="W,S,E,N" data-rasters='[…]'>
//     <div data-canvas></div>                    where the map goes; shown once it works
//     <aside data-panel tabindex="-1" hidden>    a device: the HTML answered by /dispositivi/ID/scheda
//     <p data-status role="status">              sentences; at first a text and a link to the list, for who has no map
//   </div>
//   <span data-mark="FUNZIONE">                  anywhere: gets the drawing of that function (legend)
//
// data-query is the list's query string and goes on to the tiles. data-rasters are the grounds the administrator
// configured: [{"name", "tiles": ["…{z}/{x}/{y}…"], "attribution", "tileSize", "minzoom", "maxzoom"}]; none is on at first.
// data-references are the reference layers that may be shown: [{"id", "kind", "label"}]; none is on at first either.
// Keys: arrows, + and - move the map; Enter opens what is at its centre; Esc closes the panel and gives the focus back.

import { addReference, drawMark, moving, openMap, readBounds, referenceMark } from './map-style.js';

const KEYS = 'Frecce e + − per muovervi, Invio per aprire il dispositivo al centro.';

for (const place of document.querySelectorAll('[data-mark]')) place.append(drawMark(place.dataset.mark));
for (const frame of document.querySelectorAll('[data-map]')) start(frame);

function start(frame) {
  const status = frame.querySelector('[data-status]');
  const tell = sentence => { status.textContent = sentence; };
  const rasters = JSON.parse(frame.dataset.rasters || '[]');
  frame.dataset.ready = '';
  let map;
  try {
    map = openMap({
      container: frame.querySelector('[data-canvas]'),
      bounds: readBounds(frame.dataset.bounds),
      query: frame.dataset.query,
      rasters,
      tell,
      hash: 'vista',
    });
  } catch {
    delete frame.dataset.ready;
    status.firstChild.textContent = 'Questo browser non riesce a disegnare la mappa. ';
    return;
  }
  tell(KEYS);
  map.getCanvas().setAttribute('aria-label', `Mappa dei dispositivi. ${KEYS}`);
  if (rasters.length > 0) frame.append(groundChooser(map, rasters));
  const references = JSON.parse(frame.dataset.references || '[]');
  if (references.length > 0) frame.append(referenceChooser(map, references));
  listen(map, panelOf(frame, map));
}

function listen(map, panel) {
  const pointer = shape => () => { map.getCanvas().style.cursor = shape; };
  for (const layer of ['gruppi', 'dispositivi']) {
    map.on('mouseenter', layer, pointer('pointer'));
    map.on('mouseleave', layer, pointer(''));
  }
  map.on('click', event => open(map, panel, event.point, 4));
  map.getCanvas().addEventListener('keydown', event => {
    if (event.key === 'Escape') panel.close();
    if (event.key === 'Enter') open(map, panel, map.project(map.getCenter()), 30);
  });
}

/** Opens what is within `reach` pixels of a point of the canvas: a group by going nearer, devices in the panel. */
function open(map, panel, { x, y }, reach) {
  const box = [[x - reach, y - reach], [x + reach, y + reach]];
  const layers = ['gruppi', 'dispositivi'].filter(layer => map.getLayer(layer));
  const found = map.queryRenderedFeatures(box, { layers });
  const devices = new Map(found.filter(one => one.layer.id === 'dispositivi').map(one => [one.properties.id, one.properties]));
  const group = found.find(one => one.layer.id === 'gruppi');
  if (devices.size === 1) panel.show([...devices.keys()][0]);
  else if (devices.size > 1) panel.choose([...devices.values()]);
  else if (group) map.easeTo({ center: group.geometry.coordinates, zoom: map.getZoom() + 2, ...moving(400) });
}

function panelOf(frame, map) {
  const panel = frame.querySelector('[data-panel]');
  // The panel shows the state and the moment that the map shows.
  const wanted = [...new URLSearchParams(frame.dataset.query)].filter(([name]) => ['dati', 'al', 'fotografia'].includes(name));
  const standpoint = wanted.some(([name]) => name !== 'dati') ? `?${new URLSearchParams(wanted)}` : '';
  const close = () => {
    if (panel.hidden) return;
    panel.hidden = true;
    map.getCanvas().focus();
  };
  const fill = (...content) => {
    panel.replaceChildren(button('Chiudi', 'btn btn-outline-primary btn-xs varco-panel-close', close), ...content);
    panel.hidden = false;
    panel.focus();
  };
  const show = async id => {
    try {
      const answer = await fetch(`/dispositivi/${encodeURIComponent(id)}/scheda${standpoint}`);
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      fill(document.createRange().createContextualFragment(await answer.text()));
    } catch {
      fill(paragraph('Il dispositivo non si può leggere adesso. Riprovate; se non basta, accedete di nuovo.'));
    }
  };
  const choose = devices => {
    const list = document.createElement('ul');
    for (const { id, codice } of devices) {
      const item = document.createElement('li');
      item.append(button(codice || id, 'btn btn-link btn-xs', () => show(id)));
      list.append(item);
    }
    fill(paragraph(`Qui ci sono ${devices.length} dispositivi:`), list);
  };
  panel.addEventListener('keydown', event => { if (event.key === 'Escape') close(); });
  return { show, choose, close };
}

function groundChooser(map, rasters) {
  const label = document.createElement('label');
  label.className = 'varco-ground';
  const select = document.createElement('select');
  select.append(new Option('Solo confini', ''), ...rasters.map(({ name }, index) => new Option(name, `raster-${index}`)));
  select.addEventListener('change', () => {
    rasters.forEach((_, index) => {
      const id = `raster-${index}`;
      map.setLayoutProperty(id, 'visibility', id === select.value ? 'visible' : 'none');
    });
  });
  label.append('Sfondo: ', select);
  return label;
}

/** A check box for each reference layer; its tiles are asked for when it is first shown. */
function referenceChooser(map, references) {
  const group = document.createElement('div');
  group.className = 'varco-references';
  group.setAttribute('role', 'group');
  group.setAttribute('aria-labelledby', 'livelli-di-riferimento');
  const heading = document.createElement('span');
  heading.id = 'livelli-di-riferimento';
  heading.textContent = 'Livelli di riferimento';
  group.append(heading);
  for (const reference of references) {
    const box = document.createElement('input');
    box.type = 'checkbox';
    box.className = 'form-check-input';
    const label = document.createElement('label');
    label.append(box, referenceMark(reference.kind), ` ${reference.label}`);
    group.append(label);
    let shown;
    const show = () => {
      shown ??= addReference(map, reference, box.checked);
      for (const layer of shown) map.setLayoutProperty(layer, 'visibility', box.checked ? 'visible' : 'none');
    };
    box.addEventListener('change', () => { if (map.isStyleLoaded() || shown) show(); else map.once('idle', show); });
  }
  return group;
}

function button(words, classes, act) {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = classes;
  made.textContent = words;
  made.addEventListener('click', act);
  return made;
}

function paragraph(words) {
  const made = document.createElement('p');
  made.textContent = words;
  return made;
}

// The board of the campaign as a map: every Comune filled with the colour and the pattern of its state.
//
// Markup:
//   <div data-campaign-map data-bounds="W,S,E,N" data-states='{"ISTAT": "STATE", …}'>
//     <div data-canvas></div>                    where the map goes; shown once it works
//     <aside data-panel tabindex="-1" hidden>    a Comune: its state and a link to its page
//     <p data-status role="status">              sentences; at first a text and a link to the table, for who has no map
//   </div>
//   <span data-swatch="STATE">                   anywhere: gets the pattern of that state (legend)
//   <div data-words="STATE" data-label="…">     what the state is called
//
// Keys: arrows, + and - move the map; Enter opens what is at its centre; Esc closes the panel and gives the focus back.

import { openMap, readBounds } from './map-style.js';

const KEYS = 'Frecce e + − per muovervi, Invio per il Comune al centro.';

// A colour and a pattern for each state: either is enough to tell them apart.
const STATES = {
  vuoto: ['#ffffff', '#5f6b76', 'dots'],
  compilazione: ['#dbe9f9', '#0050a8', 'rising'],
  correzione: ['#fbe0e4', '#a3123a', 'crosses'],
  convalida: ['#fff0cc', '#6b4a00', 'falling'],
  convalidato: ['#d5f0e4', '#00664a', 'lines'],
  dichiarato: ['#00664a', '#00664a', 'plain'],
};

const SIZE = 16;

/** The drawing of a pattern, a square that fits itself on every side, drawn twice as fine. */
function drawPattern(state) {
  const [ground, ink, kind] = STATES[state];
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = SIZE * 2;
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  pen.scale(2, 2);
  pen.fillStyle = ground;
  pen.fillRect(0, 0, SIZE, SIZE);
  pen.strokeStyle = pen.fillStyle = ink;
  pen.lineWidth = 1.4;
  const line = (x, y, toX, toY) => { pen.beginPath(); pen.moveTo(x, y); pen.lineTo(toX, toY); pen.stroke(); };
  if (kind === 'dots') { pen.beginPath(); pen.arc(SIZE / 2, SIZE / 2, 1.5, 0, 2 * Math.PI); pen.fill(); }
  if (kind === 'rising') for (const shift of [-SIZE, 0, SIZE]) line(shift - 1, SIZE + 1, shift + SIZE + 1, -1);
  if (kind === 'falling') for (const shift of [-SIZE, 0, SIZE]) line(shift - 1, -1, shift + SIZE + 1, SIZE + 1);
  if (kind === 'crosses') { line(4, 4, 12, 12); line(12, 4, 4, 12); }
  if (kind === 'lines') line(0, SIZE / 2, SIZE, SIZE / 2);
  return canvas;
}

for (const place of document.querySelectorAll('[data-swatch]')) place.append(drawPattern(place.dataset.swatch));
for (const frame of document.querySelectorAll('[data-campaign-map]')) start(frame);

function start(frame) {
  const status = frame.querySelector('[data-status]');
  const tell = sentence => { status.textContent = sentence; };
  const states = JSON.parse(frame.dataset.states);
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
  map.getCanvas().setAttribute('aria-label', `Mappa dei Comuni per stato del censimento. ${KEYS}`);
  map.on('load', () => paint(map, states));
  const panel = panelOf(frame, map, states);
  map.on('click', event => panel.at(event.point));
  map.getCanvas().addEventListener('keydown', event => {
    if (event.key === 'Escape') panel.close();
    if (event.key === 'Enter') panel.at(map.project(map.getCenter()));
  });
}

function paint(map, states) {
  for (const state of Object.keys(STATES)) {
    const canvas = drawPattern(state);
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    map.addImage(`stato-${state}`, pixels, { pixelRatio: 2 });
  }
  const pairs = Object.entries(states).flatMap(([istat, state]) => [istat, `stato-${state}`]);
  if (pairs.length === 0) return;
  const known = ['in', ['get', 'istat'], ['literal', Object.keys(states)]];
  map.addLayer({ id: 'stati', type: 'fill', source: 'comuni', 'source-layer': 'comuni', filter: known,
    paint: { 'fill-pattern': ['match', ['get', 'istat'], ...pairs, 'stato-vuoto'] } }, 'confini');
}

function panelOf(frame, map, states) {
  const panel = frame.querySelector('[data-panel]');
  const close = () => {
    if (panel.hidden) return;
    panel.hidden = true;
    map.getCanvas().focus();
  };
  const at = point => {
    const found = map.getLayer('stati') ? map.queryRenderedFeatures(point, { layers: ['stati'] }) : [];
    if (found.length === 0) return;
    const { istat, nome } = found[0].properties;
    const heading = document.createElement('h2');
    heading.className = 'h5';
    heading.textContent = nome;
    const words = document.createElement('p');
    words.textContent = document.querySelector(`[data-words="${states[istat]}"]`)?.dataset.label ?? '';
    const link = document.createElement('a');
    link.href = `/enti/${encodeURIComponent(istat)}`;
    link.textContent = 'Vai alla pagina dell’ente';
    const shut = document.createElement('button');
    shut.type = 'button';
    shut.className = 'btn btn-outline-primary btn-xs varco-panel-close';
    shut.textContent = 'Chiudi';
    shut.addEventListener('click', close);
    panel.replaceChildren(shut, heading, words, link);
    panel.hidden = false;
    panel.focus();
  };
  panel.addEventListener('keydown', event => { if (event.key === 'Escape') close(); });
  return { at, close };
}

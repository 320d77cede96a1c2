// Where the rows of a file would be, each marked by what it would do.
//
// Markup:
//   <div data-batch-map data-batch="/importa/ID">
//     <div data-canvas></div>            where the map goes; shown once it works
//     <p data-status role="status">      at first a text and a link to the table, for who has no map
//   </div>
//   <span data-fate="FATE">              anywhere: gets the drawing of that fate (legend)
//
// The points come from ID/punti; Enter or a click opens the page of a row.

import { openMap } from './map-style.js';

// A shape, a sign and a colour for each fate: any one of the three is enough to tell them apart.
const MARKS = {
  nuova: ['circle', '+', '#00664a'],
  modificata: ['square', 'M', '#0050a8'],
  invariata: ['circle', '=', '#4a4a4a'],
  conflitto: ['diamond', '!', '#7a4b00'],
  rifiutata: ['square', '×', '#a3123a'],
  esclusa: ['diamond', '–', '#5f6b76'],
};

const KEYS = 'Frecce e + − per muovervi, Invio per aprire la riga al centro.';

for (const place of document.querySelectorAll('[data-fate]')) place.append(draw(place.dataset.fate));
for (const frame of document.querySelectorAll('[data-batch-map]')) start(frame);

async function start(frame) {
  const status = frame.querySelector('[data-status]');
  const canvas = frame.querySelector('[data-canvas]');
  const tell = sentence => { status.textContent = sentence; };
  let points;
  try {
    const answer = await fetch(`${frame.dataset.batch}/punti`);
    if (!answer.ok) throw new Error(String(answer.status));
    points = await answer.json();
  } catch {
    canvas.setAttribute('aria-busy', 'false');
    return tell('I punti non si possono leggere adesso: ricaricate la pagina.');
  }
  if (points.features.length === 0) {
    canvas.setAttribute('aria-busy', 'false');
    return tell('Nessuna riga ha una posizione che si possa disegnare.');
  }
  frame.dataset.ready = '';
  let map;
  try {
    map = openMap({ container: canvas, bounds: extent(points), tell, fitBoundsOptions: { padding: 40, maxZoom: 16 } });
  } catch {
    delete frame.dataset.ready;
    canvas.setAttribute('aria-busy', 'false');
    return tell('Questo browser non riesce a disegnare la mappa: le righe sono nella tabella qui sotto.');
  }
  tell(KEYS);
  map.getCanvas().setAttribute('aria-label', `Mappa delle righe del file. ${KEYS}`);
  map.once('load', () => show(map, points));
  listen(map, frame);
}

function show(map, points) {
  // What is already in the census is another map.
  for (const layer of ['gruppi', 'quanti', 'dispositivi']) map.setLayoutProperty(layer, 'visibility', 'none');
  for (const fate of Object.keys(MARKS)) {
    const drawing = draw(fate);
    const pixels = drawing.getContext('2d').getImageData(0, 0, drawing.width, drawing.height);
    map.addImage(`esito-${fate}`, pixels, { pixelRatio: 2 });
  }
  map.addSource('righe', { type: 'geojson', data: points });
  map.addLayer({
    id: 'righe',
    type: 'symbol',
    source: 'righe',
    layout: {
      'icon-image': ['concat', 'esito-', ['get', 'esito']],
      'icon-allow-overlap': true,
      // What has to be mended lies on top.
      'symbol-sort-key': ['match', ['get', 'esito'], ['rifiutata', 'conflitto'], 2, ['nuova', 'modificata'], 1, 0],
    },
  });
}

function listen(map, frame) {
  const open = ({ x, y }, reach) => {
    if (!map.getLayer('righe')) return;
    const [found] = map.queryRenderedFeatures([[x - reach, y - reach], [x + reach, y + reach]], { layers: ['righe'] });
    if (found) location.assign(`${frame.dataset.batch}/righe/${found.properties.riga}`);
  };
  map.on('mouseenter', 'righe', () => { map.getCanvas().style.cursor = 'pointer'; });
  map.on('mouseleave', 'righe', () => { map.getCanvas().style.cursor = ''; });
  map.on('click', event => open(event.point, 4));
  map.getCanvas().addEventListener('keydown', event => {
    if (event.key === 'Enter') open(map.project(map.getCenter()), 30);
  });
}

/** The rectangle around the points, never narrower than about a kilometre. */
function extent({ features }) {
  const [west, south, east, north] = features.reduce(
    ([west, south, east, north], { geometry: { coordinates: [x, y] } }) =>
      [Math.min(west, x), Math.min(south, y), Math.max(east, x), Math.max(north, y)],
    [180, 90, -180, -90],
  );
  const margin = 0.005;
  return [[west - margin, south - margin], [east + margin, north + margin]];
}

function draw(fate, size = 22) {
  const [shape, sign, colour] = MARKS[fate] ?? MARKS.invariata;
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = size * 2;
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  pen.translate(size, size);
  const unit = size * 0.72;
  pen.beginPath();
  if (shape === 'circle') pen.arc(0, 0, unit, 0, 2 * Math.PI);
  else if (shape === 'square') pen.rect(-unit * 0.9, -unit * 0.9, unit * 1.8, unit * 1.8);
  else for (const [x, y] of [[0, -1.2], [1.2, 0], [0, 1.2], [-1.2, 0]]) pen.lineTo(x * unit, y * unit);
  pen.closePath();
  pen.lineWidth = size / 5;
  pen.strokeStyle = '#fff';
  pen.stroke();
  pen.fillStyle = colour;
  pen.fill();
  pen.fillStyle = '#fff';
  pen.font = `700 ${size}px sans-serif`;
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  pen.fillText(sign, 0, size * 0.05);
  return canvas;
}

// What the two maps share: how a map is opened, its boundaries, and the marks of devices.
//
// The ground is the municipal boundaries of this server; no address outside the installation is asked for unless its
// administrator configured one (`rasters`). The style names no `glyphs`, so the browser draws the letters itself.
//
// Tiles it expects (vector, geometry in EPSG:3857 tile coordinates):
//   /tiles/comuni/{z}/{x}/{y}.mvt       layer `comuni`: boundaries; layer `nomi`: one point per Comune with `nome`; both say
//                                       with `territorio` whether the installation covers it
//   /tiles/dispositivi/{z}/{x}/{y}.mvt  layer `dispositivi`: points with `id`, `codice`, `funzione`;
//                                       layer `gruppi`: points with `n`, how many devices are there
//   /tiles/riferimenti/{id}/{z}/{x}/{y}.mvt
//                                       layers `punti`, `linee`, `aree`: a reference layer, with `numero` and `nome`
// The second takes the query string of the list. A tile that fails leaves a gap and a sentence, never a broken page;
// one that is not there (404, 204) is empty.

import * as maplibregl from '/static/vendor/maplibre-gl/maplibre-gl.mjs';

maplibregl.setWorkerUrl('/static/vendor/maplibre-gl/maplibre-gl-worker.mjs');

const FONT = ['Titillium Web Semi Bold', 'Titillium Web'];
const INK = '#17334f';
const SVG = 'http://www.w3.org/2000/svg';
const STILL = matchMedia('(prefers-reduced-motion: reduce)');

// A shape, a letter and a colour for each function: any one of the three is enough to tell them apart.
const MARKS = {
  lettura_targhe: ['square', 'T', '#0050a8'],
  ztl: ['square', 'Z', '#7a1fa2'],
  ibrida: ['diamond', 'I', '#00639c'],
  contesto: ['circle', 'C', '#00664a'],
  osservazione: ['circle', 'O', '#5d4a00'],
  velocita: ['triangle', 'V', '#a3123a'],
  semaforo: ['hexagon', 'S', '#a33a00'],
  ambientale: ['hexagon', 'A', '#3b6300'],
  altro: ['diamond', 'x', '#4a4a4a'],
  non_noto: ['circle', '?', '#4a4a4a'],
};

const SHAPES = {
  square: [[-1, -1], [1, -1], [1, 1], [-1, 1]],
  diamond: [[0, -1.25], [1.25, 0], [0, 1.25], [-1.25, 0]],
  triangle: [[0, -1.25], [1.3, 1], [-1.3, 1]],
  hexagon: [[-0.6, -1.1], [0.6, -1.1], [1.2, 0], [0.6, 1.1], [-0.6, 1.1], [-1.2, 0]],
};

const IN_ITALIAN = {
  'Map.Title': 'Mappa',
  'Marker.Title': 'Segnaposto',
  'NavigationControl.ZoomIn': 'Avvicina',
  'NavigationControl.ZoomOut': 'Allontana',
  'NavigationControl.ResetBearing': 'Nord in alto',
  'AttributionControl.ToggleAttribution': 'Fonti',
  'CooperativeGesturesHandler.WindowsHelpText': 'Per ingrandire, tenete premuto Ctrl e ruotate la rotella',
  'CooperativeGesturesHandler.MacHelpText': 'Per ingrandire, tenete premuto ⌘ e ruotate la rotella',
  'CooperativeGesturesHandler.MobileHelpText': 'Per spostare la mappa usate due dita',
};

/** The drawing of a function's mark, `size` CSS pixels wide, drawn twice as fine. */
export function drawMark(funzione, size = 26) {
  const [shape, letter, colour] = MARKS[funzione] ?? MARKS.non_noto;
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = size * 2;
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  pen.translate(size, size);
  const unit = size * 0.68;
  pen.beginPath();
  if (shape === 'circle') pen.arc(0, 0, unit * 1.08, 0, 2 * Math.PI);
  else for (const [x, y] of SHAPES[shape]) pen.lineTo(x * unit, y * unit);
  pen.closePath();
  pen.lineJoin = 'round';
  pen.lineWidth = size / 5;
  pen.strokeStyle = '#fff';
  pen.stroke();
  pen.fillStyle = colour;
  pen.fill();
  pen.fillStyle = '#fff';
  pen.font = `700 ${size * 0.95}px sans-serif`;
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  pen.fillText(letter, 0, shape === 'triangle' ? unit * 0.32 : size * 0.05);
  return canvas;
}

/** `west,south,east,north` in degrees WGS 84 as MapLibre wants it, or undefined. */
export function readBounds(text) {
  const [west, south, east, north] = (text ?? '').split(',').map(Number);
  return Number.isFinite(west + south + east + north) ? [[west, south], [east, north]] : undefined;
}

function tiles(path, query) {
  return [`${location.origin}/tiles/${path}/{z}/{x}/{y}.mvt${query ? `?${query}` : ''}`];
}

function rasterParts(rasters) {
  const sources = {};
  const layers = [];
  rasters.forEach((raster, index) => {
    const id = `raster-${index}`;
    const { tiles, attribution = '', tileSize = 256, minzoom = 0, maxzoom = 22 } = raster;
    sources[id] = { type: 'raster', tiles, attribution, tileSize, minzoom, maxzoom };
    layers.push({ id, type: 'raster', source: id, layout: { visibility: 'none' } });
  });
  return { sources, layers };
}

function style(query, rasters) {
  const ground = rasterParts(rasters);
  const halo = { 'text-halo-color': '#ffffff', 'text-halo-width': 1.6 };
  return {
    version: 8,
    sources: {
      ...ground.sources,
      comuni: { type: 'vector', tiles: tiles('comuni', ''), maxzoom: 12, attribution: 'Confini: ISTAT' },
      dispositivi: { type: 'vector', tiles: tiles('dispositivi', query), maxzoom: 16 },
    },
    layers: [
      { id: 'fondo', type: 'background', paint: { 'background-color': '#e9edf0' } },
      { id: 'comuni', type: 'fill', source: 'comuni', 'source-layer': 'comuni', paint: { 'fill-color': ['case', ['get', 'territorio'], '#fdfdfa', '#eceff0'] } },
      ...ground.layers,
      { id: 'confini', type: 'line', source: 'comuni', 'source-layer': 'comuni',
        paint: { 'line-color': '#7d8b99', 'line-width': ['interpolate', ['linear'], ['zoom'], 8, 0.6, 14, 2] } },
      { id: 'nomi', type: 'symbol', source: 'comuni', 'source-layer': 'nomi', minzoom: 9,
        layout: { 'text-field': ['get', 'nome'], 'text-font': FONT, 'text-size': 13, 'text-padding': 6,
          'text-variable-anchor': ['center', 'top', 'bottom'], 'text-radial-offset': 1.4 },
        paint: { 'text-color': ['case', ['get', 'territorio'], '#35434f', '#5f6b76'], ...halo } },
      { id: 'gruppi', type: 'circle', source: 'dispositivi', 'source-layer': 'gruppi',
        paint: { 'circle-color': INK, 'circle-stroke-color': '#ffffff', 'circle-stroke-width': 2,
          'circle-radius': ['step', ['get', 'n'], 13, 10, 16, 50, 20, 200, 25, 1000, 31] } },
      { id: 'quanti', type: 'symbol', source: 'dispositivi', 'source-layer': 'gruppi',
        layout: { 'text-field': ['to-string', ['get', 'n']], 'text-font': FONT, 'text-size': 13, 'text-allow-overlap': true },
        paint: { 'text-color': '#ffffff' } },
      { id: 'dispositivi', type: 'symbol', source: 'dispositivi', 'source-layer': 'dispositivi',
        layout: { 'icon-allow-overlap': true,
          'icon-image': ['coalesce', ['image', ['concat', 'mark-', ['get', 'funzione']]], ['image', 'mark-non_noto']],
          'text-field': ['step', ['zoom'], '', 15, ['get', 'codice']], 'text-font': FONT, 'text-size': 12,
          'text-anchor': 'top', 'text-offset': [0, 1.1], 'text-optional': true },
        paint: { 'text-color': INK, ...halo } },
    ],
  };
}

/** A style without devices. */
function groundOnly({ sources: { dispositivi: _, ...sources }, layers, ...rest }) {
  return { ...rest, sources, layers: layers.filter(({ source }) => source !== 'dispositivi') };
}

/**
 * Opens a map in `container`. `bounds` as readBounds gives them; `query` filters the devices, which `devices: false` leaves out; `tell(sentence)` is
 * called when tiles cannot be had. The container is `aria-busy` until all there is has been drawn. Throws where the
 * browser has no WebGL.
 */
export function openMap({ container, bounds, query = '', rasters = [], devices = true, tell = () => {}, ...options }) {
  const map = new maplibregl.Map({
    container,
    bounds,
    style: devices ? style(query, rasters) : groundOnly(style(query, rasters)),
    locale: IN_ITALIAN,
    maxZoom: 19,
    dragRotate: false,
    pitchWithRotate: false,
    attributionControl: { compact: false },
    fitBoundsOptions: { padding: 20 },
    ...options,
  });
  const busy = is => () => container.setAttribute('aria-busy', is);
  busy(true)();
  map.on('movestart', busy(true));
  map.on('idle', busy(false));
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  for (const funzione of Object.keys(MARKS)) {
    const canvas = drawMark(funzione);
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    map.once('styledata', () => map.hasImage(`mark-${funzione}`) || map.addImage(`mark-${funzione}`, pixels, { pixelRatio: 2 }));
  }
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), 'top-right');
  map.addControl(new maplibregl.ScaleControl({ unit: 'metric' }), 'bottom-left');
  map.on('error', () => tell('Una parte della mappa non si carica: controllate la connessione e ricaricate la pagina.'));
  return map;
}

// A colour, a width and dashes for each kind of reference layer: colour or dashes are enough to tell lines apart, and the
// chooser shows both. Every colour has at least 3:1 against the ground and the Comuni (WCAG 1.4.11).
const REFERENCES = {
  fibra: ['#7a1fa2', 3, [1, 0]],
  cavidotti: ['#b34700', 3, [2.5, 1.5]],
  strade: ['#6b4a00', 2, [1, 0]],
  arir: ['#a3123a', 2, [1, 0]],
  scuole: ['#00664a', 2, [1, 0]],
  altro: ['#35434f', 2, [1, 2]],
};

/** What a kind of reference layer is drawn with, for legends: a piece of its line, or the circle of its places. */
export function referenceMark(kind) {
  const [colour, width, dashes] = REFERENCES[kind] ?? REFERENCES.altro;
  const mark = document.createElementNS(SVG, 'svg');
  for (const [name, value] of Object.entries({ viewBox: '0 0 36 14', width: 36, height: 14, 'aria-hidden': 'true', class: 'varco-reference-mark' })) {
    mark.setAttribute(name, value);
  }
  const places = ['arir', 'scuole'].includes(kind);
  const shape = document.createElementNS(SVG, places ? 'circle' : 'line');
  const drawn = places
    ? { cx: 18, cy: 7, r: 5, stroke: colour, 'stroke-width': 3, fill: '#ffffff' }
    : { x1: 1, y1: 7, x2: 35, y2: 7, stroke: colour, 'stroke-width': width };
  if (!places && dashes[1] > 0) drawn['stroke-dasharray'] = dashes.map(length => length * width).join(' ');
  for (const [name, value] of Object.entries(drawn)) shape.setAttribute(name, value);
  mark.append(shape);
  return mark;
}

/** Adds the layers of a reference layer `{ id, kind }` beneath the devices; gives their names. Call once the map is loaded. */
export function addReference(map, { id, kind }, visible) {
  const [colour, width, dashes] = REFERENCES[kind] ?? REFERENCES.altro;
  const source = `riferimento-${id}`;
  map.addSource(source, { type: 'vector', tiles: tiles(`riferimenti/${id}`, ''), maxzoom: 16 });
  const below = map.getLayer('gruppi') ? 'gruppi' : undefined;
  const layout = { visibility: visible ? 'visible' : 'none' };
  const added = [];
  const add = (part, type, paint) => {
    const name = `${source}-${part}-${type}`;
    map.addLayer({ id: name, type, source, 'source-layer': part, layout, paint }, below);
    added.push(name);
  };
  add('aree', 'fill', { 'fill-color': colour, 'fill-opacity': 0.2 });
  add('aree', 'line', { 'line-color': colour, 'line-width': width });
  add('linee', 'line', { 'line-color': colour, 'line-width': width, 'line-dasharray': dashes });
  add('punti', 'circle', { 'circle-color': '#ffffff', 'circle-stroke-color': colour, 'circle-stroke-width': 3, 'circle-radius': 5 });
  return added;
}

/** How long a movement of the map takes: none for people who asked for less motion. */
export function moving(milliseconds) {
  return { duration: STILL.matches ? 0 : milliseconds };
}

/** A mark a person can drag, placed nowhere yet. */
export function draggableMarker() {
  return new maplibregl.Marker({ draggable: true, color: '#c8102e' });
}

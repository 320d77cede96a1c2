// The main job in a real browser, on every engine: officers enter devices by the map, by typing and with a mistake that is
// mended; a reviewer finds them in the list and on the map.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { drawn, ENGINES, press, save, screenshot, start, write } from './harness.mjs';

// Two points well inside Abbiategrasso, in degrees WGS 84, far from its border and from the demonstration devices.
const IN_ABBIATEGRASSO = { lat: 45.38, lon: 8.9 };
const ELSEWHERE_THERE = { lat: 45.392, lon: 8.885 };

const main = page => page.locator('main').innerText();

const live = (page, words) => page.locator('#esito-posizione', { hasText: words }).waitFor();

/** Where a map that was opened on `data-bounds` shows a point: pixels of its canvas. */
async function pixel(frame, { lat, lon }) {
  const [west, south, east, north] = (await frame.getAttribute('data-bounds')).split(',').map(Number);
  const { width, height } = await frame.locator('canvas').boundingBox();
  const mercator = (lon, lat) => [lon / 360, -Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) / (2 * Math.PI)];
  const [left, bottom] = mercator(west, south);
  const [right, top] = mercator(east, north);
  const [x, y] = mercator(lon, lat);
  const padding = 20;
  const scale = Math.min((width - 2 * padding) / (right - left), (height - 2 * padding) / (bottom - top));
  return { x: width / 2 + (x - (left + right) / 2) * scale, y: height / 2 + (y - (top + bottom) / 2) * scale };
}

const metres = (one, other) =>
  Math.hypot((one.lat - other.lat) * 111_200, (one.lon - other.lon) * 111_200 * Math.cos((one.lat * Math.PI) / 180));

const position = async page => ({
  lat: Number(await page.inputValue('[name=lat]')),
  lon: Number(await page.inputValue('[name=lon]')),
});

for (const engine of ENGINES) {
  describe(`the census on ${engine}`, () => {
    let app;
    let officer;
    let milano;
    before(async () => {
      app = await start({ engine });
      officer = app.accounts.compilatore;
      const person = { user: 'polizia.milano', name: 'Polizia locale di Milano', role: 'compilatore', body: '015146' };
      milano = app.addPerson({ ...person, password: 'una-password-di-prova' });
    });
    after(() => app?.stop());

    test('an officer enters a device by clicking on the map, first from afar and then nearer', () =>
      app.visit({ as: officer }, async page => {
        await page.goto('/dispositivi/nuovo');
        const frame = page.locator('[data-position-map]');
        const canvas = frame.locator('canvas');
        const scale = await frame.locator('.maplibregl-ctrl-scale').innerText();
        await canvas.click({ position: await pixel(frame, IN_ABBIATEGRASSO) });
        await live(page, 'Abbiategrasso');
        const rough = await position(page);
        assert.ok(metres(rough, IN_ABBIATEGRASSO) < 600, `${JSON.stringify(rough)} is what was clicked, seen from afar`);

        await frame.locator('.maplibregl-ctrl-scale').filter({ hasNotText: scale }).waitFor();
        const { width, height } = await canvas.boundingBox();
        const answer = page.waitForResponse('/dispositivi/controlla');
        await canvas.click({ position: { x: width / 2 + 40, y: height / 2 } });
        await answer;
        const exact = await position(page);
        const moved = metres(rough, exact);
        assert.ok(moved > 20 && moved < 300, `a click 40 pixels beside moves the point a little: ${moved} m`);
        assert.ok(exact.lon > rough.lon, 'and to the east');
        await screenshot(page, `storia-mappa-${engine}`);

        await write(page, {
          codice: 'STORIA-1',
          ente: { label: 'Abbiategrasso' },
          denominazione: 'Varco di via Città, entrata',
          funzione: 'lettura_targhe',
          stato: 'in_esercizio',
        });
        await save(page);
        const text = await main(page);
        assert.match(text, /STORIA-1 · Varco di via Città, entrata/);
        assert.match(text, /Punto sulla mappa/, 'how the position was taken is known');
        assert.doesNotMatch(text, /Scritta come/);
      }));

    test('an officer of Milano types degrees, minutes and seconds and is told at once where that is', () =>
      app.visit({ as: milano }, async page => {
        await page.goto('/dispositivi/nuovo');
        await write(page, { posizione: `45°27'51"N 9°11'24"E` });
        await live(page, /Milano.*confine/s);
        await write(page, { codice: 'STORIA-2', funzione: 'lettura_targhe', stato: 'in_esercizio', ocr: 'a_bordo' });
        await save(page);
        const text = await main(page);
        assert.match(text, /Scritta come «45°27'51"N 9°11'24"E»/);
        assert.match(text, /45,464167 nord, 9,190000 est/);
      }));

    test('a copy on the same spot is noticed, and saved once the officer says why it is right', () =>
      app.visit({ as: milano }, async page => {
        await page.goto('/dispositivi?cerca=STORIA-2');
        await page.getByRole('link', { name: 'STORIA-2', exact: true }).click();
        await page.getByRole('link', { name: 'Duplica' }).click();
        assert.equal(await page.inputValue('[name=codice]'), '', 'a code is nobody else’s');
        assert.equal(await page.inputValue('[name=ocr]'), 'a_bordo');
        await write(page, { codice: 'STORIA-2-BIS' });
        await live(page, /A meno di 30 metri c’è già:\s*STORIA-2 \(Lettura targhe\), a 0 m/);
        const reason = page.locator('[name="conferma.position.too_near"]');
        await reason.fill('Guarda la corsia opposta');
        await save(page);
        const text = await main(page);
        assert.match(text, /STORIA-2-BIS/);
        assert.match(text, /Confermato: Guarda la corsia opposta/);
      }));

    test('exchanged axes are caught, and one click on the proposal mends them', () =>
      app.visit({ as: officer, statuses: [422] }, async page => {
        await page.goto('/dispositivi/nuovo');
        const { lat, lon } = ELSEWHERE_THERE;
        await write(page, {
          codice: 'STORIA-3',
          ente: { label: 'Abbiategrasso' },
          funzione: 'contesto',
          stato: 'in_esercizio',
          lat: String(lon),
          lon: String(lat),
        });
        await page.locator('#esito-posizione .varco-finding-error', { hasText: /scambiat/ }).waitFor();
        assert.equal(await page.locator('#esito .varco-finding-error').count(), 0, 'nothing is said of what is not written yet');
        await press(page, 'Salva');
        await page.locator('#errori', { hasText: /scambiat/ }).waitFor();
        await screenshot(page, `storia-assi-${engine}`);
        await page.locator('#esito-posizione .varco-proposal').click();
        await live(page, 'Abbiategrasso');
        assert.deepEqual(await position(page), ELSEWHERE_THERE);
        assert.equal(await page.inputValue('[name=codice]'), 'STORIA-3', 'what was written is still there');
        await save(page);
        assert.match(await main(page), /STORIA-3/);
      }));

    test('a device is withdrawn and put back, and its history says who, when and what', () =>
      app.visit({ as: officer }, async page => {
        await page.goto('/dispositivi?cerca=STORIA-3');
        await page.getByRole('link', { name: 'STORIA-3', exact: true }).click();
        const address = new URL(page.url()).pathname;
        await press(page, 'Ritira dal censimento');
        await page.getByText('Ritirato dal censimento', { exact: true }).waitFor();
        await page.goto('/dispositivi?cerca=STORIA-3');
        assert.match(await main(page), /Nessun dispositivo corrisponde/);
        await page.goto('/dispositivi?cerca=STORIA-3&ritirati=si');
        await page.getByRole('link', { name: 'STORIA-3', exact: true }).click();
        await press(page, 'Rimetti nel censimento');
        await page.getByRole('link', { name: 'Modifica', exact: true }).click();
        await write(page, { denominazione: 'Piazza della Libertà' });
        assert.equal(await save(page), address);

        const today = new Intl.DateTimeFormat('it-IT', { timeZone: 'Europe/Rome', day: '2-digit', month: '2-digit', year: 'numeric' });
        const lines = await page.locator('.varco-history > li').allInnerTexts();
        assert.equal(lines.length, 4);
        for (const [index, line] of lines.entries()) {
          assert.ok(line.startsWith(`Revisione ${4 - index}, ${today.format(new Date())}`), line);
          assert.match(line, new RegExp(`${officer.user}, dal modulo`));
        }
        const [edited, restored, withdrawn] = lines.map(line => line.replace(/\s+/g, ' '));
        assert.match(edited, /Denominazione vuoto .* Piazza della Libertà/);
        assert.match(restored, /Censimento ritirato .* nel censimento/);
        assert.match(withdrawn, /Censimento nel censimento .* ritirato/);
      }));

    test('the reviewer finds all of them in the list and on the map, and changes none', () =>
      app.visit({ as: app.accounts.validatore }, async page => {
        await page.goto('/dispositivi?cerca=STORIA&dati=lavorazione');
        const codes = await page.locator('tbody th a').allInnerTexts();
        assert.deepEqual(codes.sort(), ['STORIA-1', 'STORIA-2', 'STORIA-2-BIS', 'STORIA-3']);
        await page.getByRole('link', { name: 'Vedi sulla mappa' }).click();
        assert.equal(await page.locator('.varco-count').innerText(), '4 dispositivi');
        for (const code of ['STORIA-1', 'STORIA-3']) {
          await page.goto(`/mappa?cerca=${code}&dati=lavorazione`);
          await drawn(page);
          await page.locator('#mappa canvas').press('Enter');
          await page.locator('[data-panel] h2', { hasText: code }).waitFor();
          await page.keyboard.press('Escape');
          await page.locator('[data-panel]').waitFor({ state: 'hidden' });
        }
        await page.goto('/mappa?cerca=STORIA-2&dati=lavorazione');
        await drawn(page);
        const canvas = page.locator('#mappa canvas');
        const { width, height } = await canvas.boundingBox();
        await canvas.click({ position: { x: width / 2, y: height / 2 } });
        await screenshot(page, `storia-revisore-${engine}`);
        await page.locator('[data-panel]', { hasText: 'Qui ci sono 2 dispositivi' }).waitFor();
        await page.getByRole('button', { name: 'STORIA-2', exact: true }).click();
        await page.locator('[data-panel]').getByRole('link', { name: 'Apri la scheda' }).click();
        assert.match(await main(page), /STORIA-2\b/);
        assert.equal(await page.getByRole('link', { name: 'Modifica' }).count(), 0);
      }));
  });
}

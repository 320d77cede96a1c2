// Files come in through the page, and go out: the spreadsheet that exists, and every way in which one is not right.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { axe, fits, press, screenshot, start } from './harness.mjs';

const SAMPLE = new URL('../data/import/milano_areac_varchi.csv', import.meta.url);
const MILANO = '015146';

const csv = (name, ...lines) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(lines.join('\r\n')) });

const HEADER = 'codice;ente;funzione;stato;lat;lon;note';
const WRONG = csv(
  'con errori.csv',
  HEADER,
  `BUONA-1;${MILANO};contesto;in_esercizio;45,4801;9,1902;Perché no`,
  `SCAMBIATA-1;${MILANO};contesto;in_esercizio;9,1902;45,4811;`,
  `SCONOSCIUTA-1;${MILANO};contestto;in_esercizio;45,4821;9,1902;`,
  `LONTANA-1;${MILANO};contesto;in_esercizio;45,4831;888;`,
);

describe('a file', () => {
  let app;
  let officer;
  before(async () => {
    app = await start({ settings: { upload_mb: 1 } });
    const person = { user: 'polizia.milano', name: 'Polizia locale di Milano', role: 'compilatore', body: MILANO };
    officer = app.addPerson({ ...person, password: 'una-password-di-prova' });
  });
  after(() => app?.stop());

  async function send(page, file, button) {
    await page.goto('/importa');
    await page.setInputFiles('[name=file]', file);
    await Promise.all([page.waitForResponse(answer => answer.request().method() === 'POST'), press(page, button)]);
    await page.waitForLoadState();
  }

  const tally = async page => {
    const pairs = await page.locator('.varco-tallies > div').evaluateAll(all => all.map(one => [one.firstChild.innerText, Number(one.lastChild.innerText)]));
    return Object.fromEntries(pairs);
  };

  // The table of findings as arrays of texts: line, column, value, message, proposal.
  const findings = page =>
    page.getByRole('region', { name: 'Segnalazioni del file' }).locator('tbody tr')
      .evaluateAll(rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim())));

  test('the gates of Milano are tried, then brought in, and are in the list; the second time nothing changes', () =>
    app.visit({ as: officer }, async page => {
      await send(page, SAMPLE.pathname, 'Prova senza salvare');
      await page.getByRole('heading', { name: 'Esito della prova', level: 1 }).waitFor();
      assert.deepEqual(await tally(page), { Righe: 42, Nuove: 42, Modificate: 0, Invariate: 0, Rifiutate: 0 });
      await page.getByRole('row', { name: /^Location/ }).getByText('Ignorata').waitFor();
      await screenshot(page, 'importa-prova-1280');
      await axe(page);
      await page.goto(`/dispositivi?ente=${MILANO}`);
      assert.equal(await page.locator('tbody tr').count(), 0, 'a trial stores nothing');

      await send(page, SAMPLE.pathname, 'Importa');
      await page.getByText('Il file è stato importato.').waitFor();
      assert.equal((await tally(page)).Nuove, 42);
      await page.getByRole('link', { name: 'Vedete i dispositivi' }).click();
      assert.equal(await page.locator('.varco-count').innerText(), '42 dispositivi');

      await send(page, SAMPLE.pathname, 'Importa');
      assert.equal((await tally(page)).Invariate, 42);
    }));

  test('every error of a file is shown by line and column, and nothing of it is stored', () =>
    app.visit({ as: officer, statuses: [422], width: 400 }, async page => {
      await send(page, WRONG, 'Importa');
      await page.getByText('Nulla è stato importato').waitFor();
      await screenshot(page, 'importa-errori-400');
      await axe(page);
      await fits(page);
      const rows = await findings(page);
      const told = (line, column) => rows.find(row => row[0] === line && row[1] === column) ?? assert.fail(`${line} ${column}: ${JSON.stringify(rows)}`);
      assert.match(told('3', 'lat')[3], /scambiat/);
      assert.match(told('3', 'lat')[4], /45,481100 nord/);
      assert.equal(told('4', 'funzione')[2], 'contestto');
      assert.match(told('4', 'funzione')[4], /Contesto/);
      assert.equal(told('5', 'lon')[2], '888');
      await page.goto('/dispositivi?cerca=BUONA-1');
      assert.match(await page.locator('main').innerText(), /Nessun dispositivo corrisponde/);
    }));

  test('the good lines of a file come in alone when the officer says so, and proposals are taken', () =>
    app.visit({ as: officer }, async page => {
      await page.goto('/importa');
      await page.check('[name=parziale]');
      await page.check('[name=proposte]');
      await page.setInputFiles('[name=file]', WRONG);
      await press(page, 'Importa');
      await page.getByText('Le righe buone sono state importate').waitFor();
      assert.deepEqual(await tally(page), { Righe: 4, Nuove: 3, Modificate: 0, Invariate: 0, Rifiutate: 1 });
      await page.goto('/dispositivi?cerca=SCAMBIATA-1');
      await page.getByRole('link', { name: 'SCAMBIATA-1', exact: true }).click();
      await page.getByText('45,481100 nord, 9,190200 est').waitFor();
    }));

  const large = { name: 'grande.csv', mimeType: 'text/csv', buffer: Buffer.alloc(3 * 1_048_576, 'a;b;c\r\n') };

  test('a file that is too large is refused before it travels', () =>
    app.visit({ as: officer }, async page => {
      await page.goto('/importa');
      await page.setInputFiles('[name=file]', large);
      await page.getByText('grande.csv: 3 MB. Si possono inviare file fino a 1 MB: dividetelo in più parti.').waitFor();
      await press(page, 'Importa');
      assert.equal(await page.evaluate(() => document.activeElement.name), 'file', 'nothing was sent');
      assert.equal(new URL(page.url()).pathname, '/importa');
    }));

  test('without JavaScript a file that is too large is refused by the server with words', () =>
    app.visit({ as: officer, javaScript: false, statuses: [413] }, async page => {
      await send(page, large, 'Importa');
      await page.getByText('Il file è più grande di 1 MB').waitFor();
      await screenshot(page, 'importa-grande-1280');
    }));

  test('bytes that are no text, and a file with nothing in it, are refused with words', () =>
    app.visit({ as: officer, statuses: [422] }, async page => {
      const noise = Buffer.from(Array.from({ length: 4_096 }, (_, index) => (index * 7919 + (index >> 3)) % 256));
      for (const buffer of [noise, Buffer.alloc(0)]) {
        await send(page, { name: 'rumore.csv', mimeType: 'text/csv', buffer }, 'Importa');
        const said = await page.locator('.varco-field-error').innerText();
        assert.match(said, /\S+ \S+ \S+/);
        await axe(page);
      }
    }));

  test('without JavaScript a file is tried and brought in', () =>
    app.visit({ as: officer, javaScript: false }, async page => {
      const one = csv('uno.csv', HEADER, `SENZA-SCRIPT;${MILANO};contesto;in_esercizio;45,4841;9,1902;`);
      await send(page, one, 'Prova senza salvare');
      assert.equal((await tally(page)).Nuove, 1);
      await send(page, one, 'Importa');
      await page.getByText('Il file è stato importato.').waitFor();
    }));

  test('what is exported opens: GeoJSON, CSV and shapefile of the filtered list', () =>
    app.visit({ as: app.accounts.validatore }, async page => {
      const download = async name => {
        const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()]);
        return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
      };
      await page.goto('/dispositivi?ente=015002&funzione=contesto');
      const counted = Number((await page.locator('.varco-count').innerText()).split(' ')[0]);
      await page.getByRole('link', { name: 'Esporta' }).last().click();
      await page.getByLabel(/Ultimo stato salvato/).check();

      const geojson = await download(/GeoJSON/);
      assert.match(geojson.name, /\.geojson$/);
      const { type, features } = JSON.parse(geojson.bytes);
      assert.equal(type, 'FeatureCollection');
      assert.equal(features.length, counted);
      const [lon, lat] = features[0].geometry.coordinates;
      assert.ok(lon > 8.8 && lon < 9 && lat > 45.3 && lat < 45.5, `${lon} ${lat} is in Abbiategrasso`);
      assert.ok(features.every(({ properties }) => properties.funzione === 'contesto'));

      const table = await download(/CSV/);
      assert.match(table.name, /\.csv$/);
      assert.match(table.bytes.toString('utf8'), /^\uFEFF?codice[;,]/);
      const archive = await download(/EPSG:32632/);
      assert.match(archive.name, /\.zip$/);
      assert.equal(archive.bytes.subarray(0, 2).toString(), 'PK');
    }));
});

// Files come in through the page, and go out: the spreadsheet that exists, and every way in which one is not right.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { axe, drawn, fits, press, save, screenshot, sendFile, start } from './harness.mjs';

const SAMPLE = new URL('../data/import/milano_areac_varchi.csv', import.meta.url);
const MILANO = '015146';
const SEND = 'Invia e guarda che cosa cambierebbe';

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

  const tally = async page => {
    const pairs = await page.locator('.varco-fates li').evaluateAll(all => all.map(one => one.innerText.trim().split(/\s*\n\s*/)));
    return Object.fromEntries(pairs.map(([number, label]) => [label, Number(number)]));
  };

  const confirm = async (page, button) => {
    await press(page, button);
    await page.getByRole('heading', { name: 'Il file è nel censimento' }).waitFor();
  };

  test('the gates of Milano are looked at, then brought in, and are in the list; the second time nothing changes', () =>
    app.visit({ as: officer }, async page => {
      await sendFile(page, SAMPLE.pathname);
      assert.equal((await tally(page)).Nuove, 42);
      await drawn(page);
      await screenshot(page, 'importa-guarda-1280');
      await axe(page);
      const looked = page.url();
      await page.goto(`/dispositivi?ente=${MILANO}`);
      assert.equal(await page.locator('tbody tr').count(), 0, 'looking stores nothing');
      await page.goto(looked);
      await confirm(page, 'Conferma: 42 nuove');
      await page.getByRole('link', { name: 'Vedi i dispositivi' }).click();
      assert.equal(await page.locator('.varco-count').innerText(), '42 dispositivi');

      await sendFile(page, SAMPLE.pathname);
      assert.equal((await tally(page)).Invariate, 42);
      await page.getByText('Nessuna riga cambierebbe il censimento').waitFor();
      await press(page, 'Abbandona');
      await page.getByText('Abbandonata').waitFor();

      await page.goto(looked);
      await page.getByRole('link', { name: 'Annulla questa importazione' }).click();
      await page.getByText('42 dispositivi').waitFor();
      await press(page, 'Annulla l’importazione');
      await page.getByRole('heading', { name: 'Importazione annullata' }).waitFor();
      await page.goto(`/dispositivi?ente=${MILANO}`);
      assert.equal(await page.locator('tbody tr').count(), 0, 'what was undone is gone');
    }));

  test('an officer accepts proposals, mends a cell where it stands, confirms, and undoes', () =>
    app.visit({ as: officer, width: 400 }, async page => {
      await sendFile(page, WRONG);
      assert.deepEqual(await tally(page), { Nuove: 1, Modificate: 0, Invariate: 0, 'Con errori': 3, 'In conflitto': 0, Escluse: 0 });
      await page.getByText('3 righe non si possono importare').waitFor();
      await drawn(page);
      await screenshot(page, 'importa-errori-400');
      await axe(page);
      await fits(page);
      const row = code => page.getByRole('region', { name: 'Righe del file' }).locator('tbody tr', { hasText: code });
      assert.match(await row('SCAMBIATA-1').innerText(), /scambiat[\s\S]*45,481100 nord/);
      assert.match(await row('LONTANA-1').innerText(), /888/);

      await press(page, /Accetta la proposta per 1 riga\s*: Latitudine e longitudine/);
      await page.getByText('2 righe non si possono importare').waitFor();
      await press(page, 'Usa questi abbinamenti');
      await page.getByText('1 riga non si può importare').waitFor();
      const mended = row('LONTANA-1');
      await mended.getByLabel('Longitudine').fill('9,1912');
      await mended.getByRole('button', { name: 'Correggi' }).click();
      await page.getByRole('button', { name: 'Conferma: 4 nuove' }).waitFor();
      await row('LONTANA-1').getByRole('link').first().click();
      await page.getByText('Nel file: «888»').waitFor();
      await axe(page);
      await fits(page);
      await page.goBack();
      await confirm(page, 'Conferma: 4 nuove');
      await axe(page);
      await fits(page);

      await page.goto('/dispositivi?cerca=SCAMBIATA-1');
      await page.getByRole('link', { name: 'SCAMBIATA-1', exact: true }).click();
      await page.getByText('45,481100 nord, 9,190200 est').waitFor();
      const changed = page.url();
      await page.getByRole('link', { name: 'Modifica' }).click();
      await page.fill('[name=note]', 'Cambiata dopo');
      await save(page);

      await page.goto('/importa');
      await page.getByRole('link', { name: 'con errori.csv' }).first().click();
      await page.getByRole('link', { name: 'Annulla questa importazione' }).click();
      await page.getByText('3 dispositivi').waitFor();
      await page.getByText('1 dispositivo è stato modificato dopo e resta com’è').waitFor();
      await press(page, 'Annulla l’importazione');
      await page.getByRole('heading', { name: 'Importazione annullata' }).waitFor();
      await page.getByRole('link', { name: 'SCAMBIATA-1' }).waitFor();
      await page.goto(changed);
      assert.doesNotMatch(await page.locator('main > p').first().innerText(), /Ritirato/);
    }));

  test('the good lines of a file come in alone when the officer says so, and the others can be taken home', () =>
    app.visit({ as: officer }, async page => {
      await sendFile(page, csv('metà.csv', HEADER, `BUONA-2;${MILANO};contesto;in_esercizio;45,4801;9,1952;`, `CATTIVA-2;${MILANO};boh;in_esercizio;45,4811;9,1962;=1+1`));
      const link = page.getByRole('link', { name: 'Scaricate le righe da correggere' });
      const [file] = await Promise.all([page.waitForEvent('download'), link.click()]);
      const lines = readFileSync(await file.path(), 'utf8').trimEnd().split('\r\n');
      assert.equal(lines[0], `\uFEFF${HEADER};esito;errore;proposta`);
      assert.match(lines[1], /^CATTIVA-2;.*;'=1\+1;Con errori;/);
      assert.equal(lines.length, 2);
      await confirm(page, 'Importa solo la riga buona');
      await page.goto('/dispositivi?cerca=CATTIVA-2');
      assert.match(await page.locator('main').innerText(), /Nessun dispositivo corrisponde/);
    }));

  const large = { name: 'grande.csv', mimeType: 'text/csv', buffer: Buffer.alloc(3 * 1_048_576, 'a;b;c\r\n') };

  test('a file that is too large is refused before it travels', () =>
    app.visit({ as: officer }, async page => {
      await page.goto('/importa');
      await page.setInputFiles('[name=file]', large);
      await page.getByText('grande.csv: 3 MB. Si possono inviare file fino a 1 MB: dividetelo in più parti.').waitFor();
      await press(page, SEND);
      assert.equal(await page.evaluate(() => document.activeElement.name), 'file', 'nothing was sent');
      assert.equal(new URL(page.url()).pathname, '/importa');
    }));

  test('without JavaScript a file that is too large is refused by the server with words', () =>
    app.visit({ as: officer, javaScript: false, statuses: [413] }, async page => {
      await page.goto('/importa');
      await page.setInputFiles('[name=file]', large);
      await press(page, SEND);
      await page.getByText('Il file è più grande di 1 MB').waitFor();
      await screenshot(page, 'importa-grande-1280');
    }));

  test('bytes that are no text, and a file with nothing in it, fail with words', () =>
    app.visit({ as: officer }, async page => {
      const noise = Buffer.from(Array.from({ length: 4_096 }, (_, index) => (index * 7919 + (index >> 3)) % 256));
      for (const buffer of [noise, Buffer.alloc(0)]) {
        await sendFile(page, { name: 'rumore.csv', mimeType: 'text/csv', buffer });
        await page.getByText('Non riuscita').waitFor();
        assert.match(await page.locator('.varco-notice').innerText(), /\S+ \S+ \S+/);
        await axe(page);
      }
    }));

  test('without JavaScript a file is mended and brought in', () =>
    app.visit({ as: officer, javaScript: false }, async page => {
      await sendFile(page, csv('uno.csv', HEADER, `SENZA-SCRIPT;${MILANO};contesto;boh;45,4841;9,1902;`));
      assert.equal((await tally(page))['Con errori'], 1);
      const row = page.locator('tbody tr', { hasText: 'SENZA-SCRIPT' });
      await row.getByLabel('Stato').selectOption('in_esercizio');
      await row.getByRole('button', { name: 'Correggi' }).click();
      await confirm(page, 'Conferma: 1 nuova');
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

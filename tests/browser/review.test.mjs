// From a file to a frozen layer, in a real browser and on every engine: an officer imports and sends, a reviewer sends two
// back and accepts the rest, the officer mends them, the census is frozen, an edit follows; the frozen layer and today's
// differ by that edit alone, and whoever changes the database behind the program's back is found out.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { axe, ENGINES, press, save, screenshot, sendFile, start, write } from './harness.mjs';

const MILANO = '015146';
const CODES = ['GARA-1', 'GARA-2', 'GARA-3', 'GARA-4', 'GARA-5'];

// Five complete plate readers in Milano, far from one another.
const HEADER =
  'codice;denominazione;indirizzo;lat;lon;metodo_posizione;funzione;stato;installazione;marca;modello;ocr;software;connettivita;stato_scntt';
const line = (code, index) =>
  `${code};Varco ${index + 1};via Prova ${index + 1};45,4${60 + 2 * index};9,18;mappa;lettura_targhe;in_esercizio;fissa;Marca;Modello ${index + 1};a_bordo;non_noto;fibra;non_collegato`;
const CENSUS = {
  name: 'censimento.csv',
  mimeType: 'text/csv',
  buffer: Buffer.from([HEADER, ...CODES.map(line)].join('\r\n')),
};

const main = page => page.locator('main').innerText();

const open = async (page, code) => {
  await page.goto(`/dispositivi?cerca=${code}`);
  await page.getByRole('link', { name: code, exact: true }).click();
  await page.getByRole('heading', { level: 1, name: code }).waitFor();
};

for (const engine of ENGINES) {
  describe(`review on ${engine}`, () => {
    let app;
    let officer;
    let reviewer;
    let snapshot;
    before(async () => {
      app = await start({ engine });
      reviewer = app.accounts.validatore;
      const person = { user: 'polizia.milano', name: 'Polizia locale di Milano', role: 'compilatore', body: MILANO };
      officer = app.addPerson({ ...person, password: 'una-password-di-prova' });
    });
    after(() => app?.stop());

    // The layer as a GIS office gets it: features by the body's own code.
    const layer = async (page, query) => {
      const answer = await page.request.get(`/esporta/dispositivi.geojson?ente=${MILANO}${query}`);
      assert.equal(answer.status(), 200, await answer.text());
      const { features } = JSON.parse(await answer.text());
      return Object.fromEntries(features.map(({ properties, geometry }) => [properties.codice, { properties, geometry }]));
    };

    test('an officer brings in the file and sends what it holds', () =>
      app.visit({ as: officer }, async page => {
        await sendFile(page, CENSUS);
        await press(page, 'Conferma: 5 nuove');
        await page.getByRole('heading', { name: 'Il file è nel censimento' }).waitFor();
        await page.goto('/invio');
        await screenshot(page, `convalida-invio-${engine}`);
        await page.getByRole('button', { name: /^Invia i 5 dispositivi pronti/ }).click();
        await page.getByText('5 dispositivi inviati alla convalida.').waitFor();
      }));

    test('nothing of it is published yet', () =>
      app.visit({ as: reviewer }, async page => {
        assert.deepEqual(await layer(page, ''), {});
        assert.deepEqual(Object.keys(await layer(page, '&dati=attesa')), CODES);
      }));

    test('the reviewer sends two back with reasons at the field and accepts the rest', () =>
      app.visit({ as: reviewer, statuses: [422] }, async page => {
        await page.goto('/convalida');
        await page.getByRole('link', { name: 'Milano', exact: true }).click();
        await page.getByRole('link', { name: 'GARA-1', exact: true }).click();
        await screenshot(page, `convalida-dispositivo-${engine}`);
        await press(page, 'Rimanda all’ente');
        await page.getByRole('alert').filter({ hasText: 'serve un motivo' }).waitFor();
        await page.getByLabel('Perché non va: Modello').fill('Sulla targhetta c’è un altro modello');
        await press(page, 'Rimanda all’ente');
        await page.getByRole('heading', { level: 1, name: 'GARA-2' }).waitFor();
        await page.getByLabel('Motivo o commento su tutto il dispositivo').fill('È la stessa foto del precedente: controllate il posto.');
        await press(page, 'Rimanda all’ente');
        await page.getByRole('heading', { level: 1, name: 'GARA-3' }).waitFor();
        await page.goto(`/convalida/${MILANO}`);
        await screenshot(page, `convalida-ente-${engine}`);
        await press(page, 'Convalida tutti i 3 dispositivi');
        await page.getByText('3 convalidati.').waitFor();
        assert.deepEqual(Object.keys(await layer(page, '')), CODES.slice(2));
      }));

    test('the officer finds the reasons, mends, sends again, and the reviewer accepts', async () => {
      await app.visit({ as: officer }, async page => {
        await page.goto('/invio');
        const facts = (await main(page)).replace(/\s+/g, ' ');
        assert.match(facts, /Rimandati da correggere 2/);
        await open(page, 'GARA-1');
        await page.getByRole('link', { name: 'Modello', exact: true }).click();
        const field = page.locator('[name=modello]');
        const help = await page.locator(`#${(await field.getAttribute('aria-describedby')).trim().split(' ').at(-1)}`).innerText();
        assert.match(help, /Sulla targhetta c’è un altro modello/);
        await axe(page);
        await screenshot(page, `convalida-corregge-${engine}`);
        await write(page, { modello: 'Modello giusto' });
        await save(page);
        await press(page, 'Invia alla convalida');
        await page.getByText('Inviato alla convalida.').waitFor();
        await open(page, 'GARA-2');
        assert.match(await main(page), /È la stessa foto del precedente/);
        await page.getByRole('link', { name: 'Modifica', exact: true }).click();
        await write(page, { lat: '45,4625' });
        await save(page);
        await press(page, 'Invia alla convalida');
        await page.getByText('Inviato alla convalida.').waitFor();
      });
      await app.visit({ as: reviewer }, async page => {
        await page.goto(`/convalida/${MILANO}`);
        await press(page, 'Convalida tutti i 2 dispositivi');
        await page.getByText('2 convalidati.').waitFor();
        assert.deepEqual(Object.keys(await layer(page, '')), CODES);
      });
    });

    test('the census is frozen, and its layer stays what it was', () =>
      app.visit({ as: reviewer }, async page => {
        await page.goto('/fotografie');
        await write(page, { nome: 'Capitolato, prima stesura' });
        await press(page, 'Scatta la fotografia');
        await page.getByText('Fotografia scattata').waitFor();
        snapshot = app.command(['snapshot', 'list']).stdout.match(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/)[0];
        assert.deepEqual(await layer(page, `&fotografia=${snapshot}`), await layer(page, ''));
      }));

    test('an edit is a proposal until it is accepted; then the two layers differ by it and by nothing else', async () => {
      let frozen;
      await app.visit({ as: officer }, async page => {
        await open(page, 'GARA-4');
        await page.getByRole('link', { name: 'Modifica', exact: true }).click();
        await write(page, { marca: 'Altra marca' });
        await save(page);
        await press(page, 'Invia alla convalida');
        await page.getByText('Inviato alla convalida.').waitFor();
      });
      await app.visit({ as: reviewer }, async page => {
        frozen = await layer(page, `&fotografia=${snapshot}`);
        assert.deepEqual(await layer(page, ''), frozen, 'what is not accepted is not shown');
        await page.goto(`/convalida/${MILANO}`);
        await page.getByRole('link', { name: 'GARA-4', exact: true }).click();
        const rows = await page.locator('table tbody tr').allInnerTexts();
        assert.equal(rows.length, 1, 'one field differs');
        assert.match(rows[0], /Marca.*Marca.*Altra marca/s);
        await press(page, 'Convalida tutto');
        await page.getByText('Convalidato.').first().waitFor();
        const today = await layer(page, '');
        assert.deepEqual(await layer(page, `&fotografia=${snapshot}`), frozen, 'the snapshot stays');
        const changed = CODES.filter(code => JSON.stringify(today[code]) !== JSON.stringify(frozen[code]));
        assert.deepEqual(changed, ['GARA-4']);
        assert.deepEqual({ ...today['GARA-4'].properties, marca: 'Marca' }, frozen['GARA-4'].properties);
      });
    });

    test('whoever changes the database behind the program’s back is found out, by name', () => {
      const untouched = app.command(['verify']);
      assert.equal(untouched.status, 0, untouched.stdout + untouched.stderr);
      app.tamper("UPDATE revision SET lat = 45.5 WHERE codice = 'GARA-5' AND accepted");
      const found = app.command(['verify']);
      assert.equal(found.status, 1, found.stdout + found.stderr);
      assert.match(found.stdout + found.stderr, /GARA-5/);
    });
  });
}

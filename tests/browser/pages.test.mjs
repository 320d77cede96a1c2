// Every page, at a desk and on a telephone: it answers, it is accessible, it fits, the keyboard reaches all of it, it can
// be read without scripts, and it asks nobody else. A route that answers a page and is not looked at fails here.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { axe, drawn, ENGINES, fits, press, save, screenshot, sendFile, start, walk, write } from './harness.mjs';

// What GET routes answer besides pages.
const NOT_PAGES = [
  '/documenti/{id}',
  '/campagna/solleciti.csv',
  '/compatibilita/dispositivi.csv',
  '/compatibilita/enti.csv',
  '/compatibilita/mancanti.csv',
  '/dispositivi/{id}/scheda',
  '/criteri/{id}/criteri.toml',
  '/esporta/{file}',
  '/fotografie/confronta/differenze.csv',
  '/importa/modello.csv',
  '/importa/modello.xlsx',
  '/interventi/stima.csv',
  '/relazione/{file}',
  '/interventi/stima.xlsx',
  '/lotti/modello.csv',
  '/lotti/{id}/elenco.csv',
  '/prezzi/modello.csv',
  '/prezzi/{id}/elenco.csv',
  '/importa/{id}/avanzamento',
  '/importa/{id}/punti',
  '/importa/{id}/scarti',
  '/salute',
  '/static/{*path}',
  '/storia.csv',
  '/tiles/comuni/{z}/{x}/{y}',
  '/tiles/dispositivi/{z}/{x}/{y}',
  '/tiles/riferimenti/{id}/{z}/{x}/{y}',
  '/riferimenti/distanze.csv',
  '/riferimenti/scoperti.csv',
];

// The pages, who looks at them (nobody signed in without `as`), and how they are reached: by their address, where {id} is
// that of the first line of the list that says `line`, or by the first `link` of the list; then, with scripts, by `act`.
const PAGES = [
  { name: 'accedi', path: '/accedi' },
  { name: 'accedi-rifiutato', path: '/accedi', statuses: [422], act: refusedSignIn },
  { name: 'inizio', path: '/', as: 'compilatore' },
  { name: 'inizio-validatore', path: '/', as: 'validatore' },
  { name: 'dispositivi', path: '/dispositivi', as: 'compilatore' },
  { name: 'dispositivi-filtrati', path: '/dispositivi?funzione=contesto&stato=in_esercizio&segnalazioni=avvisi', as: 'validatore' },
  { name: 'dispositivi-nessuno', path: '/dispositivi?cerca=nessuno+si+chiama+così', as: 'compilatore' },
  { name: 'dispositivo-nuovo', path: '/dispositivi/nuovo', as: 'compilatore' },
  { name: 'dispositivo-nuovo-errori', path: '/dispositivi/nuovo', as: 'compilatore', statuses: [422], act: refusedDevice },
  { name: 'dispositivo', path: '/dispositivi/{id}', as: 'compilatore', list: '/dispositivi?segnalazioni=avvisi' },
  { name: 'dispositivo-altrui', path: '/dispositivi/{id}', as: 'osservatore', list: '/dispositivi' },
  { name: 'dispositivo-modifica', path: '/dispositivi/{id}/modifica', as: 'compilatore', list: '/dispositivi?segnalazioni=avvisi' },
  { name: 'dispositivo-duplica', path: '/dispositivi/{id}/duplica', as: 'compilatore', list: '/dispositivi' },
  { name: 'mappa', path: '/mappa', as: 'validatore' },
  { name: 'mappa-dispositivo', path: '/mappa?cerca=T003&ente=015002', as: 'compilatore', act: openPanel },
  { name: 'invio', path: '/invio', as: 'compilatore' },
  { name: 'convalida', path: '/convalida', as: 'validatore' },
  { name: 'convalida-ente', path: '/convalida/{ente}', as: 'validatore', list: '/convalida' },
  { name: 'convalida-ente-osservatore', path: '/convalida/{ente}', as: 'osservatore', list: '/convalida' },
  { name: 'convalida-dispositivo', path: '/dispositivi/{id}/convalida', as: 'validatore', list: '/dispositivi?dati=attesa' },
  { name: 'siti', path: '/siti', as: 'compilatore' },
  { name: 'sito', path: '/siti/{id}', as: 'compilatore', list: '/siti' },
  { name: 'sito-modifica', path: '/siti/{id}/modifica', as: 'compilatore', list: '/siti' },
  { name: 'riferimenti', path: '/riferimenti', as: 'validatore' },
  { name: 'riferimenti-compilatore', path: '/riferimenti', as: 'compilatore' },
  { name: 'riferimento', path: '/riferimenti/{id}', as: 'validatore', list: '/riferimenti', line: 'Fibra' },
  { name: 'riferimento-ritiro-errori', path: '/riferimenti/{id}', as: 'validatore', list: '/riferimenti', statuses: [422], act: refusedWithdrawal },
  { name: 'riferimento-nuovo', path: '/riferimenti/nuovo', as: 'amministratore' },
  { name: 'riferimento-nuovo-errori', path: '/riferimenti/nuovo', as: 'validatore', statuses: [422], act: refusedLayer },
  { name: 'riferimento-nuovo-meno-recente', path: '/riferimenti/nuovo', as: 'validatore', statuses: [422], act: refusedOlder },
  { name: 'distanze', path: '/riferimenti/distanze', as: 'osservatore' },
  { name: 'distanze-compilatore', path: '/riferimenti/distanze', as: 'compilatore' },
  { name: 'scoperti', path: '/riferimenti/scoperti?raggio=300', as: 'validatore' },
  { name: 'mappa-riferimenti', path: '/mappa', as: 'validatore', act: showReference },
  { name: 'enti', path: '/enti', as: 'validatore' },
  { name: 'enti-compilatore', path: '/enti?cerca=comune', as: 'compilatore' },
  { name: 'ente', path: '/enti/{code}', as: 'compilatore', list: '/enti?adesione=protocollo_firmato' },
  { name: 'ente-osservatore', path: '/enti/{code}', as: 'osservatore', list: '/enti?adesione=nessuna' },
  { name: 'compatibilita', path: '/compatibilita', as: 'validatore' },
  { name: 'compatibilita-ente', path: '/compatibilita?ente=015002', as: 'compilatore' },
  { name: 'compatibilita-nessuno', path: '/compatibilita?al=01/01/2020', as: 'osservatore' },
  { name: 'compatibilita-dispositivi', path: '/compatibilita/dispositivi', as: 'osservatore' },
  { name: 'compatibilita-dispositivi-errori', path: '/compatibilita/dispositivi?risposta=non_noto&esito=da_verificare', as: 'osservatore', status: 422 },
  { name: 'compatibilita-dispositivi-criterio', path: '/compatibilita/dispositivi?criterio=SC-04&risposta=non_noto', as: 'compilatore' },
  { name: 'compatibilita-mancanti', path: '/compatibilita/mancanti', as: 'validatore' },
  { name: 'compatibilita-mancanti-ente', path: '/compatibilita/mancanti?ente=015002&livello=tutti', as: 'compilatore', act: openDetails },
  { name: 'dispositivo-compatibilita', path: '/dispositivi/{id}', as: 'osservatore', list: '/compatibilita/dispositivi?esito=da_verificare', act: openDetails },
  { name: 'campagna', path: '/campagna', as: 'validatore' },
  { name: 'campagna-passata', path: '/campagna?al=01/01/2020', as: 'osservatore' },
  { name: 'campagna-osservatore', path: '/campagna?attesa=ente&ordine=-dispositivi', as: 'osservatore' },
  { name: 'campagna-scadenza-errori', path: '/campagna?stato=compilazione', as: 'validatore', statuses: [422], act: refusedDue },
  { name: 'campagna-mappa', path: '/campagna/mappa', as: 'validatore' },
  { name: 'solleciti', path: '/campagna/solleciti', as: 'validatore' },
  { name: 'dichiarazioni', path: '/enti/{code}/dichiarazioni', as: 'compilatore', list: '/enti?adesione=protocollo_firmato' },
  { name: 'dichiarazioni-fatte', path: '/enti/{code}/dichiarazioni', as: 'osservatore', list: '/campagna?stato=dichiarato' },
  { name: 'dichiarazione', path: '/enti/{code}/dichiarazioni/{id}', as: 'osservatore', list: '/campagna?stato=dichiarato', through: '/enti/{code}/dichiarazioni' },
  { name: 'avvisi', path: '/avvisi', as: 'compilatore' },
  { name: 'ente-adesione', path: '/enti/{code}/adesione', as: 'compilatore', list: '/enti?adesione=protocollo_firmato' },
  { name: 'ente-adesione-errori', path: '/enti/{code}/adesione', as: 'validatore', list: '/enti?adesione=delibera', statuses: [422], act: refusedStep },
  { name: 'ente-patto', path: '/enti/{code}/atti/{kind}', as: 'compilatore', list: '/enti?adesione=protocollo_firmato', kind: 'patto' },
  { name: 'ente-sede', path: '/enti/{code}/sede', as: 'compilatore', list: '/enti?adesione=protocollo_firmato' },
  { name: 'ente-sede-errori', path: '/enti/{code}/sede', as: 'validatore', list: '/enti?adesione=nessuna', statuses: [422], act: refusedSeat },
  { name: 'ente-referente', path: '/enti/{code}/referente', as: 'compilatore', list: '/enti?adesione=protocollo_firmato' },
  { name: 'software', path: '/software', as: 'compilatore' },
  { name: 'software-filtrato', path: '/software?stato=dichiarato', as: 'osservatore' },
  { name: 'software-voce', path: '/software/voce', as: 'validatore', list: '/software?stato=dichiarato', link: /^Targa System$/ },
  { name: 'software-voce-compilatore', path: '/software/voce', as: 'compilatore', list: '/software', link: /^Milestone XProtect$/ },
  { name: 'software-modifica', path: '/software/modifica', as: 'validatore' },
  { name: 'software-modifica-errori', path: '/software/modifica', as: 'amministratore', statuses: [422], act: refusedProduct },
  { name: 'software-scntt', path: '/software/scntt?nome=Selea', as: 'validatore' },
  { name: 'software-scntt-errori', path: '/software/scntt?nome=Selea', as: 'validatore', statuses: [422], act: refusedStanding },
  { name: 'software-proposte', path: '/software/proposte', as: 'validatore' },
  { name: 'software-proposta', path: '/software/voce', as: 'validatore', list: '/software/proposte', link: /^Programma Esempio$/ },
  { name: 'software-proposta-errori', path: '/software/voce', as: 'validatore', list: '/software/proposte', link: /^Programma Esempio$/, statuses: [422], act: refusedMerge },
  { name: 'modelli', path: '/modelli', as: 'osservatore' },
  { name: 'modello', path: '/modelli/voce', as: 'validatore', list: '/modelli?noti=si', link: /^EO-200 LPR$/ },
  { name: 'modello-modifica', path: '/modelli/modifica?marca=Esempio+Ottica&modello=EO-200+LPR', as: 'validatore' },
  { name: 'modello-modifica-errori', path: '/modelli/modifica', as: 'validatore', statuses: [422], act: refusedModel },
  { name: 'doppioni', path: '/doppioni', as: 'validatore' },
  { name: 'doppioni-ente', path: '/doppioni', as: 'compilatore' },
  { name: 'doppione', path: '/doppioni/{left}/{right}', as: 'validatore', list: '/doppioni', link: /^Confronta e decidi/ },
  { name: 'doppione-errori', path: '/doppioni/{left}/{right}', as: 'validatore', list: '/doppioni', link: /^Confronta e decidi/, statuses: [422], act: refusedDecision },
  { name: 'importa', path: '/importa', as: 'compilatore' },
  { name: 'importazione', path: '/importa/{id}', as: 'compilatore', list: '/importa', line: 'da sistemare.csv' },
  { name: 'importazione-filtrata', path: '/importa/{id}?esito=rifiutata', as: 'compilatore', list: '/importa', line: 'da sistemare.csv' },
  { name: 'importazione-fatta', path: '/importa/{id}', as: 'compilatore', list: '/importa', line: 'buono.csv' },
  { name: 'importazione-fallita', path: '/importa/{id}', as: 'compilatore', list: '/importa', line: 'rumore.csv' },
  { name: 'importazione-annulla', path: '/importa/{id}/annulla', as: 'compilatore', list: '/importa', line: 'buono.csv' },
  { name: 'importazione-riga', path: '/importa/{id}/righe/{record}', as: 'compilatore', list: '/importa', line: 'da sistemare.csv', record: 2 },
  { name: 'esporta', path: '/esporta?funzione=contesto', as: 'validatore' },
  { name: 'criteri', path: '/criteri', as: 'validatore' },
  { name: 'criteri-compilatore', path: '/criteri', as: 'compilatore' },
  { name: 'criteri-insieme', path: '/criteri/{id}', as: 'validatore', list: '/criteri' },
  { name: 'criteri-insieme-errori', path: '/criteri/{id}', as: 'validatore', list: '/criteri', statuses: [422], act: refusedForce },
  { name: 'criteri-guida', path: '/criteri/guida', as: 'compilatore' },
  { name: 'criteri-prova', path: '/criteri/prova', as: 'osservatore' },
  { name: 'criteri-prova-variante', path: '/criteri/prova?da={id}', as: 'validatore', list: '/criteri', act: tryVariant },
  { name: 'criteri-prova-errori', path: '/criteri/prova?da={id}', as: 'validatore', list: '/criteri', statuses: [422], act: tryWrong },
  { name: 'criteri-confronto', path: '/criteri/{id}/confronto', as: 'osservatore', list: '/criteri' },
  { name: 'storia', path: '/storia', as: 'osservatore' },
  { name: 'storia-filtrata', path: '/storia?tipo=accesso&dal=01/01/2020', as: 'compilatore' },
  { name: 'storia-nessuno', path: '/storia?persona=nessuno', as: 'amministratore' },
  { name: 'dispositivi-passati', path: '/dispositivi?al=01/01/2020', as: 'compilatore' },
  { name: 'fotografie', path: '/fotografie', as: 'compilatore' },
  { name: 'fotografie-validatore', path: '/fotografie', as: 'validatore' },
  { name: 'fotografie-rifiutata', path: '/fotografie', as: 'validatore', statuses: [422], act: refusedSnapshot },
  { name: 'fotografia', path: '/fotografie/{id}', as: 'osservatore', list: '/fotografie' },
  { name: 'fotografia-verifica', path: '/fotografie/{id}/verifica', as: 'validatore', list: '/fotografie' },
  { name: 'fotografia-confronto', path: '/fotografie/confronta?prima={id}&dopo=oggi', as: 'validatore', list: '/fotografie' },
  { name: 'interventi', path: '/interventi', as: 'validatore' },
  { name: 'interventi-selezione', path: '/interventi?ente=015002&solo_in_esercizio=si&consigliati=si', as: 'osservatore' },
  { name: 'intervento', path: '/interventi/{intervento}', as: 'osservatore', list: '/interventi', link: /^Server periferico/ },
  { name: 'relazione-scelta', path: '/relazione', as: 'osservatore' },
  { name: 'relazione', path: '/relazione?fotografia=oggi', as: 'osservatore' },
  { name: 'prezzi', path: '/prezzi', as: 'osservatore' },
  { name: 'prezzi-errori', path: '/prezzi', as: 'validatore', statuses: [422], act: refusedPrices },
  { name: 'elenco-prezzi-passato', path: '/prezzi/{id}', as: 'validatore', list: '/prezzi', statuses: [422], act: refusedPast },
  { name: 'elenco-prezzi', path: '/prezzi/{id}', as: 'validatore', list: '/prezzi' },
  { name: 'lotti', path: '/lotti', as: 'validatore' },
  { name: 'lotti-prova', path: '/lotti', as: 'validatore', act: triedLots },
  { name: 'divisione', path: '/lotti/{id}', as: 'osservatore', list: '/lotti' },
  { name: 'persone', path: '/persone', as: 'amministratore' },
  { name: 'persona-nuova', path: '/persone/nuova', as: 'amministratore' },
  { name: 'persona-nuova-errori', path: '/persone/nuova', as: 'amministratore', statuses: [422], act: refusedPerson },
  { name: 'persona-modifica', path: '/persone/{id}/modifica', as: 'amministratore', list: '/persone' },
  { name: 'password', path: '/password', as: 'osservatore' },
  { name: 'password-rifiutata', path: '/password', as: 'osservatore', statuses: [422], act: refusedPassword },
  { name: 'accessibilita', path: '/accessibilita' },
  { name: 'errore-400', path: '/dispositivi?colore=rosso', as: 'compilatore', status: 400 },
  { name: 'errore-403', path: '/dispositivi/nuovo', as: 'osservatore', status: 403 },
  { name: 'errore-404', path: '/non-esiste', as: 'osservatore', status: 404 },
];

async function refusedSignIn(page) {
  await page.fill('[name=utente]', 'nessuno');
  await page.fill('[name=password]', 'sbagliata');
  await page.click('main [type=submit]');
  await page.getByRole('alert').waitFor();
}

async function refusedDevice(page) {
  await write(page, { posizione: '9,18 45,46', note: 'Si guarda da rtsp://10.0.0.7/stream1' });
  await press(page, 'Salva');
  await page.locator('#errori').waitFor();
}

async function refusedDue(page) {
  await press(page, 'Stabilisci la scadenza');
  await page.locator('#f-giorno-errore').waitFor();
}

async function refusedPerson(page) {
  await page.click('main [type=submit]');
  await page.locator('#errori').waitFor();
}

async function refusedStep(page) {
  await page.selectOption('[name=passo]', 'delibera');
  await page.setInputFiles('[name=documento]', { name: 'atto.pdf', mimeType: 'application/pdf', buffer: Buffer.from('<html>') });
  await page.getByRole('button', { name: 'Registra il passo' }).click();
  await page.locator('#errori').waitFor();
}

async function refusedSeat(page) {
  await page.fill('[name=posizione]', '9,19 45,4642');
  await page.getByRole('button', { name: 'Registra la sede' }).click();
  await page.locator('#errori').waitFor();
}

async function refusedWithdrawal(page) {
  await press(page, 'Ritira il livello');
  await page.locator('#f-motivo-errore').waitFor();
}

async function refusedLayer(page) {
  const point = coordinates => ({ type: 'Feature', properties: { nome: 'Uno' }, geometry: { type: 'Point', coordinates } });
  const layer = { type: 'FeatureCollection', features: [point([45.46, 9.19]), point([9.19, 45.46]), point([12.5, 41.9])] };
  await page.setInputFiles('[name=file]', { name: 'scuole.geojson', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(layer)) });
  await page.selectOption('[name=tipo]', 'scuole');
  await press(page, 'Carica il livello');
  await page.locator('#errori').waitFor();
}

// Schools as they were long before those in use.
async function refusedOlder(page) {
  const point = { type: 'Feature', properties: { nome: 'Uno' }, geometry: { type: 'Point', coordinates: [9.19, 45.46] } };
  const layer = { type: 'FeatureCollection', features: [point] };
  await page.setInputFiles('[name=file]', { name: 'scuole.geojson', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(layer)) });
  await page.selectOption('[name=tipo]', 'scuole');
  for (const [name, text] of [['nome', 'Di una volta'], ['fonte', 'Prova'], ['licenza', 'Uso interno'], ['data', '01/01/1990']]) {
    await page.fill(`[name=${name}]`, text);
  }
  await press(page, 'Carica il livello');
  await page.locator('#f-meno_recente-errore').waitFor();
}

async function showReference(page) {
  await page.getByLabel(/Fibra ottica/).check();
}

async function refusedSnapshot(page) {
  await page.click('main [type=submit]');
  await page.locator('#errori').waitFor();
}

const table = (name, lines) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(lines.join('\n')) });

async function refusedPrices(page) {
  const lines = ['intervento;prezzo_minimo;prezzo_massimo;sconto', 'servr;1;2;', 'rete;9;2;', 'lettore;;x;'];
  await page.fill('[name=nome]', 'Sbagliato');
  await page.setInputFiles('[name=file]', table('prezzi.csv', lines));
  await page.getByRole('button', { name: 'Carica', exact: true }).click();
  await page.locator('#errori').waitFor();
}

async function triedLots(page) {
  await page.fill('[name=nome]', 'Prova');
  await page.setInputFiles('[name=file]', table('lotti.csv', ['lotto;comune', '1;Rho', '2;Milano']));
  await page.getByRole('button', { name: 'Prova senza caricare' }).click();
  await page.getByText('Il file va bene').waitFor();
}

// A price list and a division in lots, in force.
const loadTables = app =>
  app.visit({ as: app.accounts.validatore }, async page => {
    const prices = [
      'intervento;prezzo_minimo;prezzo_massimo;fonte',
      'lettore;1.500,00;3.200,00;Analisi di mercato',
      'server;18.000,00;35.000,00;Analisi di mercato',
      'rete;900,00;2.400,50;',
      'connettore;12.000,00;48.000,00;',
    ];
    const lots = ['lotto;comune;zona', '3;;Ovest', ';Abbiategrasso;Ovest', ';Magenta;Ovest', '3 bis;Milano;'];
    for (const [path, file] of [['/prezzi', table('prezzi.csv', prices)], ['/lotti', table('lotti.csv', lots)]]) {
      await page.goto(path);
      await page.fill('[name=nome]', 'Gara, prima stesura');
      await page.setInputFiles('[name=file]', file);
      await page.getByRole('button', { name: 'Carica', exact: true }).click();
      await page.getByText('Caricato. Perché valga').waitFor();
      await press(page, 'Metti in vigore da questo giorno');
      await page.getByText('il giorno è registrato').waitFor();
    }
  });

async function refusedPast(page) {
  await page.fill('[name=giorno]', '2020-01-01');
  await press(page, 'Metti in vigore da questo giorno');
  await page.locator('#f-passato-errore').waitFor();
}

async function refusedForce(page) {
  await page.fill('[name=giorno]', '');
  await press(page, 'Metti in vigore da questo giorno');
  await page.locator('#errori').waitFor();
}

// The set that is in force with another wish: of those that lack it, the outcome is another one.
async function tryVariant(page) {
  const text = await page.inputValue('#f-testo');
  await page.fill('#f-testo', text.replace('"ocr fra (a_bordo, su_server)"', '"ocr = su_server e marca noto"'));
  await press(page, 'Prova');
  await page.locator('#esito').waitFor();
  await page.locator('.varco-why').first().locator('summary').click();
}

async function tryWrong(page) {
  const text = await page.inputValue('#f-testo');
  await page.fill('#f-testo', text.replace('ocr fra', 'ocrr fra').replaceAll('grado = "A"', 'grado = "Z"'));
  await press(page, 'Prova');
  await page.locator('#errori').waitFor();
}

async function refusedDecision(page) {
  await press(page, 'Registra la decisione');
  await page.locator('#errori').waitFor();
}

async function refusedProduct(page) {
  await page.fill('[name=produttore]', 'rtsp://10.0.0.7/stream1');
  await press(page, 'Registra');
  await page.locator('#errori').waitFor();
}

async function refusedStanding(page) {
  await page.selectOption('[name=stato]', 'attestato');
  await press(page, 'Registra');
  await page.locator('#errori').waitFor();
}

async function refusedMerge(page) {
  await page.selectOption('[name=voce]', '');
  await press(page, 'Unisci alla voce');
  await page.locator('#errori').waitFor();
}

async function refusedModel(page) {
  await page.fill('[name=risoluzione_mp]', 'moltissima');
  await press(page, 'Registra');
  await page.locator('#errori').waitFor();
}

async function refusedPassword(page) {
  await page.fill('[name=attuale]', 'sbagliata');
  await page.fill('[name=nuova]', 'una-password-lunga');
  await page.fill('[name=ripetuta]', 'una-password-lunga');
  await page.click('main [type=submit]');
  await page.getByRole('alert').first().waitFor();
}

async function openDetails(page) {
  await page.evaluate(() => document.querySelectorAll('main details').forEach(one => { one.open = true; }));
}

async function openPanel(page) {
  await page.locator('#mappa canvas').press('Enter');
  await page.locator('[data-panel] h2').waitFor();
}

// A snapshot of what the example data have accepted.
const takeSnapshot = app =>
  app.visit({ as: app.accounts.validatore }, async page => {
    await page.goto('/fotografie');
    await page.fill('[name=nome]', 'Capitolato, prima stesura');
    await press(page, 'Scatta la fotografia');
    await page.getByText('Fotografia scattata').waitFor();
  });

const visit = (app, { as, status, statuses = [] }, options, look) =>
  app.visit({ as: app.accounts[as], statuses: status ? [status, ...statuses] : statuses, ...options }, look);

// Files that were sent, as the list of imports has them: one that came in, one to be mended, one that cannot be read.
async function sendFiles(app) {
  const csv = (name, ...lines) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(lines.join('\r\n')) });
  const header = 'codice;denominazione;lat;lon;funzione;stato;Uso interno';
  const good = csv('buono.csv', header, 'PAGINE-1;Piazza;45,4001;8,9167;contesto;in_esercizio;');
  const bad = csv(
    'da sistemare.csv',
    header,
    'PAGINE-2;Via;45,4011;8,9177;contesto;in_esercizio;',
    'PAGINE-3;Viale;8,9190;45,4020;contesto;boh;una nota',
    'PAGINE-4;Ponte;45,4040;888;contestto;in_esercizio;',
    'PAGINE-1;Piazza Nuova;;;;;',
  );
  const noise = { name: 'rumore.csv', mimeType: 'text/csv', buffer: Buffer.from([0, 1, 2, 0, 255, 254, 0, 7]) };
  await app.visit({ as: app.accounts.compilatore }, async page => {
    await sendFile(page, good, '015002');
    await press(page, /^Conferma/);
    await page.getByText('Il file è nel censimento').waitFor();
    for (const file of [bad, noise]) await sendFile(page, file, '015002');
  });
}

async function open(page, { path, list, link, through, line = '', record = '', kind = '', status = 200 }) {
  let address = path;
  if (link) {
    await page.goto(list);
    address = await page.getByRole('link', { name: link }).first().getAttribute('href');
  } else if (list) {
    await page.goto(list);
    const href = await page.locator('tbody tr', { hasText: line }).locator('a').first().getAttribute('href');
    const [, , own] = href.split('?')[0].split('/');
    address = path.replace('{id}', own).replace('{code}', own).replace('{ente}', own).replace('{record}', record).replace('{kind}', kind);
    if (through) {
      await page.goto(through.replace('{code}', own));
      address = await page.locator('tbody a').first().getAttribute('href');
    }
  }
  const answer = await page.goto(address);
  assert.equal(answer.status(), status, address);
  const { pathname, search } = new URL(page.url());
  assert.equal(decodeURI(pathname + search).replaceAll('+', ' '), address.replaceAll('+', ' '), 'the page was left for another');
}

test('lines of fibre and of ducts differ in colour and dashes, and every layer stands out from the ground', () => {
  const style = readFileSync(new URL('../../static/js/map-style.js', import.meta.url), 'utf8');
  const table = style.slice(style.indexOf('const REFERENCES'), style.indexOf('};', style.indexOf('const REFERENCES')));
  const kinds = Object.fromEntries([...table.matchAll(/(\w+): \['(#\w{6})', [\d.]+, (\[[\d., ]+\])\]/g)].map(([, kind, ...drawn]) => [kind, drawn]));
  assert.equal(Object.keys(kinds).length, 6);
  const [fibre, ducts] = [kinds.fibra, kinds.cavidotti];
  assert.ok(fibre[0] !== ducts[0] && fibre[1] !== ducts[1], `${fibre} ${ducts}`);
  const drawn = Object.values(kinds).map(String);
  assert.equal(new Set(drawn).size, drawn.length, 'two kinds are drawn alike');
  const light = hex => [1, 3, 5].map(at => parseInt(hex.slice(at, at + 2), 16) / 255)
    .map(part => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  for (const ground of ['#e9edf0', '#fdfdfa', '#eceff0']) {
    assert.ok(style.includes(ground), ground);
    for (const [kind, [colour]] of Object.entries(kinds)) {
      const contrast = (light(ground) + 0.05) / (light(colour) + 0.05);
      assert.ok(contrast >= 3, `${kind} on ${ground}: ${contrast}`);
    }
  }
});

test('every route that answers a page is looked at', () => {
  const table = readFileSync(new URL('../../src/web/routes.rs', import.meta.url), 'utf8');
  const routes = [...table.matchAll(/\b(?:reads|shows)\(\s*"([^"]+)"/g)].map(match => match[1]);
  const known = new Set([...NOT_PAGES, ...PAGES.map(({ path }) => path.split('?')[0])]);
  assert.ok(routes.length > NOT_PAGES.length, 'the table of routes can be read');
  assert.deepEqual(routes.filter(route => !known.has(route)), []);
});

describe('every page', () => {
  let app;
  before(async () => {
    app = await start();
    await sendFiles(app);
    await takeSnapshot(app);
    await loadTables(app);
  });
  after(() => app?.stop());

  for (const entry of PAGES) {
    const look = async (page, width) => {
      await open(page, entry);
      await drawn(page);
      await entry.act?.(page);
      await drawn(page);
      await screenshot(page, `${entry.name}-${width}`);
      await axe(page);
      await fits(page);
    };
    test(`${entry.name} is accessible and the keyboard reaches all of it`, () =>
      visit(app, entry, {}, async page => {
        await look(page, 1280);
        await walk(page);
      }));
    test(`${entry.name} is accessible and fits at 400 px`, () => visit(app, entry, { width: 400 }, page => look(page, 400)));
    test(`${entry.name} can be read without JavaScript`, () =>
      visit(app, entry, { javaScript: false }, async page => {
        await open(page, entry);
        assert.notEqual(await page.locator('main h1').innerText(), '');
      }));
  }

  test('the first Tab offers to skip to the content', () =>
    app.visit({ as: app.accounts.compilatore }, async page => {
      await page.goto('/dispositivi');
      await page.keyboard.press('Tab');
      const link = page.getByRole('link', { name: 'Vai al contenuto' });
      assert.ok((await link.boundingBox()).height > 10, 'the link shows when it has the focus');
      await page.keyboard.press('Enter');
      assert.equal(await page.evaluate(() => document.activeElement.id), 'contenuto');
      await page.keyboard.press('Tab');
      assert.ok(await page.evaluate(() => document.activeElement.closest('main') !== null), 'the next stop is in the content');
    }));

  test('without JavaScript a device is saved, found, read, withdrawn and put back', () =>
    app.visit({ as: app.accounts.compilatore, javaScript: false, statuses: [422] }, async page => {
      await page.goto('/dispositivi/nuovo');
      await page.fill('[name=codice]', 'SENZA-SCRIPT');
      await press(page, 'Salva');
      assert.match(await page.locator('#errori').innerText(), /cose da correggere/);
      assert.equal(await page.inputValue('[name=codice]'), 'SENZA-SCRIPT');

      const ente = { label: 'Abbiategrasso' };
      await write(page, { posizione: `45°24'00"N 8°55'00"E`, ente, funzione: 'contesto', stato: 'in_esercizio' });
      await press(page, 'Controlla senza salvare');
      assert.match(await page.locator('#esito-posizione').innerText(), /Abbiategrasso/);
      await save(page);
      assert.match(await page.locator('main h1').innerText(), /SENZA-SCRIPT/);

      await page.goto('/dispositivi');
      await page.fill('[name=cerca]', 'senza-script');
      await press(page, 'Filtra');
      assert.match(await page.locator('.varco-count').innerText(), /^un dispositivo$/i);
      await page.getByRole('link', { name: 'SENZA-SCRIPT', exact: true }).click();
      await press(page, 'Ritira dal censimento');
      assert.match(await page.locator('main').innerText(), /Ritirato dal censimento/);
      await press(page, 'Rimetti nel censimento');
      assert.doesNotMatch(await page.locator('main > p').first().innerText(), /Ritirato/);
    }));
});

test('every page answers on PostgreSQL', { skip: !ENGINES.includes('postgres') }, async () => {
  const app = await start({ engine: 'postgres' });
  try {
    await sendFiles(app);
    await takeSnapshot(app);
    await loadTables(app);
    for (const entry of PAGES) await visit(app, entry, {}, page => open(page, entry));
  } finally {
    await app.stop();
  }
});

// What somebody typed survives: a window that is closed, a session that ends, a colleague who was quicker.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { press, save, signIn, start, write } from './harness.mjs';

const DRAFTS = "Object.keys(localStorage).filter(key => key.startsWith('varco:bozza:'))";

const TYPED = {
  codice: 'PERDUTO-1',
  ente: { label: 'Abbiategrasso' },
  posizione: `45°23'00"N 8°54'00"E`,
  funzione: 'contesto',
  stato: 'in_esercizio',
  note: 'Riga uno\nPerché no? È così & «basta»',
};

describe('what is typed survives', () => {
  let app;
  let officer;
  before(async () => {
    app = await start();
    officer = app.accounts.compilatore;
  });
  after(() => app?.stop());

  const kept = async page => {
    for (const [name, value] of Object.entries({ ...TYPED, ente: '015002' })) {
      assert.equal(await page.inputValue(`main [name=${name}]`), value, name);
    }
  };

  // Typing is put aside after a pause; what is waited for is the draft with the last word in it.
  const putAside = (page, words) =>
    page.waitForFunction(text => Object.values(localStorage).some(draft => draft.includes(text)), words);

  test('a page closed before saving: the browser offers what was there, and forgets it once saved', () =>
    app.visit({ as: officer }, async page => {
      await page.goto('/dispositivi/nuovo');
      await write(page, TYPED);
      await page.check('[name=protocolli][value=onvif]');
      await putAside(page, 'onvif=true');
      await page.reload();
      assert.equal(await page.inputValue('[name=codice]'), '');
      await page.getByRole('region', { name: 'Bozza ritrovata' }).waitFor();
      await press(page, 'Ripristina');
      await kept(page);
      assert.ok(await page.isChecked('[name=protocolli][value=onvif]'));
      assert.ok(!(await page.isChecked('[name=protocolli][value=rtsp]')));
      await save(page);
      assert.deepEqual(await page.evaluate(DRAFTS), []);
      await page.goto('/dispositivi/nuovo');
      assert.equal(await page.getByText('Abbiamo ritrovato').count(), 0);
    }));

  test('signing out takes every draft out of a shared computer', () =>
    app.visit({}, async page => {
      await signIn(page, officer);
      await page.goto('/dispositivi/nuovo');
      await write(page, { note: 'Da non lasciare qui' });
      await putAside(page, 'Da non lasciare qui');
      await page.locator('.varco-user summary').click();
      await Promise.all([page.waitForURL('/accedi'), press(page, 'Esci')]);
      assert.deepEqual(await page.evaluate(DRAFTS), []);
    }));

  test('a draft is not offered to whoever signs in next', () =>
    app.visit({}, async page => {
      await signIn(page, officer);
      await page.goto('/dispositivi/nuovo');
      await write(page, { note: 'Di un altro' });
      await putAside(page, 'Di un altro');
      await page.context().clearCookies();
      await signIn(page, app.accounts.validatore);
      assert.deepEqual(await page.evaluate(DRAFTS), []);
    }));

  test('a session that ends is said while typing, and the form comes back after signing in', () =>
    app.visit({ statuses: [401] }, async page => {
      await signIn(page, officer);
      await page.goto('/dispositivi/nuovo');
      await page.context().clearCookies();
      await write(page, { ...TYPED, codice: 'PERDUTO-2' });
      await page.getByText('La sessione è finita').waitFor();
      await press(page, 'Salva');
      await page.getByText('quello che avete scritto non è andato perso').waitFor();
      await write(page, { utente: officer.user, password: officer.password });
      await press(page, 'Accedi');
      await page.getByText('Non è ancora salvato').waitFor();
      assert.equal(await page.inputValue('[name=codice]'), 'PERDUTO-2');
      await save(page);
    }));

  test('without JavaScript a lost session gives the form back too, also after a wrong password', () =>
    app.visit({ javaScript: false, statuses: [401, 422] }, async page => {
      await signIn(page, officer);
      await page.goto('/dispositivi/nuovo');
      await write(page, { ...TYPED, codice: 'PERDUTO-3' });
      await page.check('[name=protocolli][value=onvif]');
      await page.check('[name=protocolli][value=rtsp]');
      await page.context().clearCookies();
      await press(page, 'Salva');
      await write(page, { utente: officer.user, password: 'sbagliata' });
      await press(page, 'Accedi');
      await write(page, { utente: officer.user, password: officer.password });
      await press(page, 'Accedi');
      await page.getByText('Non è ancora salvato').waitFor();
      assert.equal(await page.inputValue('[name=codice]'), 'PERDUTO-3');
      assert.equal(await page.inputValue('[name=note]'), TYPED.note);
      assert.ok(await page.isChecked('[name=protocolli][value=rtsp]'));
      await save(page);
      assert.match(await page.locator('main').innerText(), /PERDUTO-3/);
    }));

  test('of two people who edit the same device the second is told, and keeps what they wrote', async () => {
    const person = { user: 'vice.comandante', name: 'Vice comandante', role: 'compilatore', body: '015002' };
    const colleague = app.addPerson({ ...person, password: 'una-password-di-prova' });
    await app.visit({ as: officer, statuses: [422] }, async mine => {
      await mine.goto('/dispositivi/nuovo');
      await write(mine, { ...TYPED, codice: 'CONTESO-1' });
      const device = await save(mine);
      await mine.goto(`${device}/modifica`);
      await app.visit({ as: colleague }, async theirs => {
        await theirs.goto(`${device}/modifica`);
        await write(theirs, { denominazione: 'Come la chiama il vice' });
        await save(theirs);
      });
      await write(mine, { denominazione: 'Come la chiama il comandante' });
      await press(mine, 'Salva');
      await mine.locator('#errori', { hasText: 'vice.comandante' }).waitFor();
      assert.equal(await mine.inputValue('[name=denominazione]'), 'Come la chiama il comandante');
      await mine.goto(device);
      assert.match(await mine.locator('main').innerText(), /Come la chiama il vice/);
    });
  });

  test('neither checking nor signing in again hides that somebody else saved in the meantime', async () => {
    const person = { user: 'agente', name: 'Agente', role: 'compilatore', body: '015002' };
    const colleague = app.addPerson({ ...person, password: 'una-password-di-prova' });
    await app.visit({ javaScript: false, statuses: [401, 422] }, async mine => {
      await signIn(mine, officer);
      await mine.goto('/dispositivi/nuovo');
      await write(mine, { ...TYPED, codice: 'CONTESO-2' });
      const device = await save(mine);
      await mine.goto(`${device}/modifica`);
      await app.visit({ as: colleague }, async theirs => {
        await theirs.goto(`${device}/modifica`);
        await write(theirs, { denominazione: 'Come la chiama l’agente' });
        await save(theirs);
      });
      await press(mine, 'Controlla senza salvare');
      await mine.context().clearCookies();
      await press(mine, 'Salva');
      await write(mine, { utente: officer.user, password: officer.password });
      await press(mine, 'Accedi');
      await press(mine, 'Salva');
      await mine.locator('#errori', { hasText: 'agente ha modificato' }).waitFor();
      await save(mine);
    });
  });
});

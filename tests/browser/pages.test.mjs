// Every page, at a desk and on a telephone: it answers, it is accessible, it fits, and it asks nobody else.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { axe, ENGINES, fits, screenshot, signIn, start } from './harness.mjs';

// The pages and who looks at them; nobody is signed in where there is no role.
const PAGES = [
  { path: '/accedi' },
  { path: '/', role: 'compilatore' },
  { path: '/dispositivi', role: 'compilatore' },
  { path: '/dispositivi/nuovo', role: 'compilatore' },
  { path: '/mappa', role: 'compilatore' },
  { path: '/siti', role: 'compilatore' },
  { path: '/importa', role: 'compilatore' },
  { path: '/esporta', role: 'validatore' },
];

const WIDTHS = [1280, 400];

const name = path => path.slice(1).replaceAll('/', '-') || 'inizio';

async function open(app, page, { path, role }) {
  if (role) await signIn(page, app.accounts[role]);
  const answer = await page.goto(path, { waitUntil: 'networkidle' });
  assert.equal(answer.status(), 200, path);
  assert.equal(new URL(page.url()).pathname, path, 'the page was left for another');
}

describe('every page', () => {
  let app;
  before(async () => {
    app = await start();
  });
  after(() => app?.stop());

  for (const entry of PAGES) {
    for (const width of WIDTHS) {
      test(`${entry.path} is accessible and fits at ${width} px`, () =>
        app.visit({ width }, async page => {
          await open(app, page, entry);
          await screenshot(page, `${name(entry.path)}-${width}`);
          await axe(page);
          await fits(page);
        }));
    }
    test(`${entry.path} can be read without JavaScript`, () =>
      app.visit({ javaScript: false }, async page => {
        await open(app, page, entry);
        assert.notEqual(await page.locator('main h1').innerText(), '');
      }));
  }
});

test('every page answers on PostgreSQL', { skip: !ENGINES.includes('postgres') }, async () => {
  const app = await start({ engine: 'postgres' });
  try {
    for (const entry of PAGES) await app.visit({}, page => open(app, page, entry));
  } finally {
    await app.stop();
  }
});

// What a browser test stands on: the application on a fresh demonstration database, and Chromium looking at it.
//
// A visit fails when the page writes an error to the console, breaks the content security policy, throws, or asks
// another host for anything: every test checks that, whatever else it is about. Nothing waits for a time to pass;
// what is waited for is a line, an answer or an element.
//
//     const app = await start();                      // or start({ engine: 'postgres', settings: { upload_mb: 1 } })
//     await app.visit({ width: 400, as: app.accounts.compilatore }, async page => {
//       await page.goto('/dispositivi');
//       await axe(page);
//       await screenshot(page, 'dispositivi-400');
//     });
//     app.command(['verify']);                         // the program's own commands: status, stdout, stderr
//     await app.stop();
//
// Run by `make test`, or alone once `cargo build` has been: node --test tests/browser/pages.test.mjs

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BINARY = process.env.VARCO_BINARY ?? join(ROOT, 'target/debug/varco');
const SCREENSHOTS = join(ROOT, 'target/screenshots');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const ROLES = ['compilatore', 'validatore', 'osservatore', 'amministratore'];

/** The database engines tests can run on: PostgreSQL when `make test` has started one. */
export const ENGINES = process.env.VARCO_TEST_POSTGRES ? ['sqlite', 'postgres'] : ['sqlite'];

/**
 * A fresh database with the demonstration data, the application serving it on a free port, and a browser.
 * `accounts` has `{ role, user, password }` by role; `settings` are those an operator may write.
 */
export async function start({ engine = 'sqlite', settings = {} } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'varco-browser-'));
  const undo = [() => rmSync(folder, { recursive: true, force: true })];
  const stop = async () => {
    while (undo.length) await undo.pop()();
  };
  try {
    const database = engine === 'postgres' ? postgresDatabase(undo) : `sqlite://${join(folder, 'varco.db')}`;
    const run = { cwd: folder, env: environment(database, settings), encoding: 'utf8' };
    execFileSync(BINARY, ['migrate'], run);
    const accounts = demoAccounts(execFileSync(BINARY, ['seed', '--demo'], run));
    const server = await serve(run);
    undo.push(server.stop);
    const browser = await launch();
    undo.push(() => browser.close());
    const app = { url: server.url, accounts, browser, sessions: new Map(), stop };
    app.visit = (options, look) => visit(app, options, look);
    app.addPerson = person => addPerson(run, person);
    app.command = words => spawnSync(BINARY, words, run);
    app.tamper = statement => tamper(database, statement);
    return app;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Adds somebody as an administrator does, on the command line; gives their account. */
function addPerson(run, { user, name, role, body, password }) {
  const words = ['user', 'add', user, '--name', name, '--role', role, ...(body ? ['--body', body] : [])];
  execFileSync(BINARY, words, { ...run, input: `${password}\n` });
  return { role, user, password };
}

/** Changes the database behind the program's back. */
function tamper(database, statement) {
  const [client, ...options] = database.startsWith('sqlite://')
    ? ['sqlite3', database.slice('sqlite://'.length), statement]
    : ['psql', '--quiet', '--dbname', database, '--command', statement];
  execFileSync(client, options);
}

/**
 * Opens a page of its own, lets `look(page)` use it, and fails if anything went wrong in it.
 *
 * `as`: the account to be signed in with, in a session that visits share, so none of them may end it; nobody without it.
 * `width`, `height`: the window in CSS pixels; `javaScript: false` looks as a browser without scripts;
 * `statuses`: error statuses (such as 422 for a form with errors) that this visit means to meet.
 */
async function visit(app, { as, width = 1280, height = 900, javaScript = true, statuses = [] }, look) {
  if (as && !app.sessions.has(as.user)) {
    const signed = async page => {
      await signIn(page, as);
      return page.context().storageState();
    };
    app.sessions.set(as.user, await visit(app, {}, signed));
  }
  const context = await app.browser.newContext({
    baseURL: app.url,
    storageState: as && app.sessions.get(as.user),
    viewport: { width, height },
    javaScriptEnabled: javaScript,
    locale: 'it-IT',
    timezoneId: 'Europe/Rome',
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(15_000);
  const problems = [];
  const note = problem => problems.push(problem.slice(0, 600));
  context.on('console', message => {
    if (message.type() === 'error' && !meant(message.text(), statuses)) {
      note(`console: ${message.text()} (${message.location().url})`);
    }
  });
  context.on('weberror', error => note(`exception: ${error.error().stack}`));
  context.on('request', request => {
    const address = new URL(request.url());
    if (address.protocol.startsWith('http') && address.origin !== app.url) note(`request to ${request.url()}`);
  });
  try {
    const page = await context.newPage();
    const result = await look(page);
    assert.equal(problems.length, 0, `at ${page.url()}\n${problems.join('\n')}`);
    return result;
  } finally {
    await context.close();
  }
}

/** Signs in through the page everybody uses. */
export async function signIn(page, account) {
  await page.goto('/accedi');
  await page.fill('[name=utente]', account.user);
  await page.fill('[name=password]', account.password);
  await Promise.all([
    page.waitForURL(address => address.pathname !== '/accedi'),
    page.locator('form:has([name=password]) [type=submit]').click(),
  ]);
}

/** Presses the button that is called like that, and nothing more. */
export async function press(page, name) {
  await page.getByRole('button', { name, exact: true }).click();
}

/** Writes into the page's form as a person does, whatever kind of field it is; texts may be those of `selectOption`. */
export async function write(page, values) {
  for (const [name, value] of Object.entries(values)) {
    const field = page.locator(`main [name="${name}"]`);
    if ((await field.evaluate(one => one.tagName)) === 'SELECT') await field.selectOption(value);
    else await field.fill(value);
  }
}

/** Saves a device's form and gives the address of the device. */
export async function save(page) {
  await Promise.all([page.waitForURL(/\?salvato=/), press(page, 'Salva')]);
  return new URL(page.url()).pathname;
}

/** Sends a file for a body, whose code is needed by who writes for several; resolves on the page that shows it. */
export async function sendFile(page, file, body) {
  await page.goto('/importa');
  await page.setInputFiles('[name=file]', file);
  const bodies = page.locator('select[name=ente]');
  if (body && (await bodies.count()) > 0) await bodies.selectOption(body);
  await Promise.all([page.waitForURL(/\/importa\/[0-9a-f-]{36}$/), press(page, 'Invia e guarda che cosa cambierebbe')]);
  await page.locator('#esito-file, .varco-notice').first().waitFor();
}

/** Resolves when the page's map, if it has one, shows everything it has, so that what is on it can be opened. */
export async function drawn(page) {
  await page.waitForFunction(() => !document.querySelector('[data-canvas]:not([aria-busy=false])'));
}

/** Fails with every accessibility violation axe-core finds in the page as it is now. */
export async function axe(page) {
  // Evaluated through the debugger, so the page's content security policy stays as strict as it is.
  await page.evaluate(AXE);
  const violations = await page.evaluate(async () => (await globalThis.axe.run()).violations);
  const report = violations.flatMap(({ id, help, nodes }) =>
    nodes.map(node => `${id}: ${help}\n    ${node.html}\n    ${node.failureSummary.replaceAll('\n', '\n    ')}`),
  );
  assert.equal(report.length, 0, `accessibility of ${page.url()}\n${report.join('\n')}`);
}

/** Fails when the page can be scrolled sideways: text must reflow in a narrow window (WCAG 1.4.10). */
export async function fits(page) {
  const [content, room] = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return [scrollWidth, clientWidth];
  });
  assert.ok(content <= room, `${page.url()} is ${content} px wide in a window of ${room} px`);
}

/**
 * Walks through the page with Tab, from its first stop: fails when something that can be used is skipped, comes out of
 * order, or does not show that it has the focus.
 */
export async function walk(page) {
  const count = await page.evaluate(() => {
    const usable = 'a[href], button, input, select, textarea, summary, canvas, [tabindex]';
    const unchosen = one => one.type === 'radio' && !one.checked && document.querySelector(`[name="${one.name}"]:checked`);
    // What takes the focus only from a script is no stop, unless it is something people use.
    const stop = one => one.tabIndex >= 0 || (!one.matches('[tabindex]:not(a, button, input, select, textarea)') && !one.closest('[aria-hidden=true]'));
    const stops = [...document.querySelectorAll(usable)].filter(
      one => stop(one) && !one.disabled && one.checkVisibility({ visibilityProperty: true }) && !unchosen(one),
    );
    // What was used last has the focus still, and at rest nothing has it.
    document.activeElement?.blur();
    const look = one => ['outlineStyle', 'outlineColor', 'boxShadow', 'borderColor'].map(name => getComputedStyle(one)[name]).join();
    globalThis.stops = stops.map(one => ({ one, rest: look(one) }));
    globalThis.walked = [];
    globalThis.addEventListener('focusin', ({ target }) => {
      const stop = globalThis.stops.find(({ one }) => one === target);
      globalThis.walked.push(target);
      if (stop) stop.shown = look(target) !== stop.rest;
    });
    stops[0].focus();
    return stops.length;
  });
  const reached = () => page.evaluate(() => globalThis.walked.length);
  // A date is one field of several stops, so there may be more of them than fields.
  for (let left = count - 1, limit = 2 * count; left > 0 && limit > 0; left = count - (await reached())) {
    for (limit -= left; left > 0; left--) await page.keyboard.press('Tab');
  }
  const { order, wanted, unseen } = await page.evaluate(() => {
    const words = one => one.outerHTML.slice(0, 120);
    return {
      order: globalThis.walked.map(words),
      wanted: globalThis.stops.map(({ one }) => words(one)),
      unseen: globalThis.stops.filter(({ shown }) => shown === false).map(({ one }) => words(one)),
    };
  });
  assert.deepEqual(order, wanted, `stops of the keyboard in ${page.url()}`);
  assert.deepEqual(unseen, [], `stops of the keyboard in ${page.url()} that do not show the focus`);
}

/** Stores what the page looks like, whole, as target/screenshots/NAME.png. */
export async function screenshot(page, name) {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true, animations: 'disabled' });
}

// Chromium reports a failed answer on the console, also the one a test is about.
function meant(text, statuses) {
  const status = /^Failed to load resource: the server responded with a status of (\d+)/.exec(text)?.[1];
  return statuses.includes(Number(status));
}

function environment(database, settings) {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('VARCO_'));
  const configured = Object.entries({ ...settings, database }).map(([name, value]) => [`VARCO_${name.toUpperCase()}`, String(value)]);
  return Object.fromEntries([...inherited, ...configured]);
}

function demoAccounts(output) {
  const lines = output.split('\n').map(line => line.split('\t'));
  const accounts = lines.filter(fields => fields.length === 3 && ROLES.includes(fields[0]));
  const byRole = Object.fromEntries(accounts.reverse().map(([role, user, password]) => [role, { role, user, password }]));
  assert.deepEqual(ROLES.filter(role => !byRole[role]), [], `roles without a demonstration account in:\n${output}`);
  return byRole;
}

function postgresDatabase(undo) {
  const server = process.env.VARCO_TEST_POSTGRES;
  assert.ok(server, 'VARCO_TEST_POSTGRES is not set: `make test` starts a server and sets it');
  const name = `varco_browser_${process.pid}_${Date.now()}`;
  const psql = statement => execFileSync('psql', ['--quiet', '--dbname', server, '--command', statement]);
  psql(`CREATE DATABASE ${name}`);
  undo.push(() => psql(`DROP DATABASE ${name} WITH (FORCE)`));
  const address = new URL(server);
  address.pathname = `/${name}`;
  return address.href;
}

// Resolves when the server has said where it listens; fails with what it said instead.
async function serve({ cwd, env }) {
  const child = spawn(BINARY, ['serve', '--listen', '127.0.0.1:0'], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = () => child.kill('SIGKILL');
  process.on('exit', kill);
  const log = [];
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(signal ?? code));
  });
  createInterface({ input: child.stderr }).on('line', line => log.push(line));
  const said = new Promise(resolve => {
    createInterface({ input: child.stdout }).on('line', line => {
      log.push(line);
      const address = /^Varco ascolta su (http:\/\/\S+?)\/?$/.exec(line)?.[1];
      if (address) resolve(address);
    });
  });
  const url = await Promise.race([
    said,
    ended.then(end => assert.fail(`varco serve ended (${end}) before it listened:\n${log.join('\n')}`)),
  ]);
  const stop = async () => {
    child.kill('SIGTERM');
    const end = await ended;
    process.off('exit', kill);
    assert.equal(end, 0, `varco serve must end well when it is told to:\n${log.join('\n')}`);
  };
  return { url, stop };
}

function launch() {
  const executablePath = process.env.CHROMIUM ?? execFileSync(join(ROOT, 'tools/find-chromium'), { encoding: 'utf8' }).trim();
  return chromium.launch({
    executablePath,
    args: [
      ...(process.getuid() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--use-angle=swiftshader',
      '--enable-unsafe-swiftshader',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // Whatever a page asks for elsewhere does not even get an address.
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ],
  });
}

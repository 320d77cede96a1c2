// The findings while the form is being filled: the same rules as at saving, asked of the server.
//
// Markup:
//   <form data-live-check data-check-url="URL">   its fields are posted to URL, at most every 300 ms
//   <… id="esito">                                what the form is told: missing data, findings, verdict
//
// URL answers 200 with an HTML fragment of one element:
//   <div data-lat="…" data-lon="…" data-words="…">   degrees WGS 84 of the point as understood, absent when there is none;
//     <div data-into="ID">…</div>                    data-words: one sentence read aloud when it changes
//     …                                              data-into parts replace what is in #ID; the rest replaces #esito
//   </div>
// Nothing is replaced where the focus is: it waits until the person leaves it. A lost session is said, not hidden.

const PAUSE = 300;

// Elements whose new content waits for the focus to leave, with what ends the wait.
const waiting = new Map();

for (const form of document.querySelectorAll('form[data-live-check]')) start(form);

function start(form) {
  const voice = document.createElement('p');
  voice.className = 'visually-hidden';
  voice.setAttribute('role', 'status');
  form.append(voice);
  const board = document.getElementById('esito');
  let timer;
  let asking = new AbortController();
  const ask = async () => {
    asking = new AbortController();
    board.setAttribute('aria-busy', 'true');
    try {
      const { signal } = asking;
      show(form, voice, await check(form, signal));
      board.removeAttribute('aria-busy');
    } catch (problem) {
      if (problem.name === 'AbortError') return;
      board.removeAttribute('aria-busy');
      say(voice, problem.sentence ?? 'Il controllo non risponde: potete continuare a scrivere e salvare.');
      voice.className = 'alert alert-warning varco-voice';
    }
  };
  const later = event => {
    if (event.target.type === 'file') return;
    clearTimeout(timer);
    asking.abort();
    for (const wait of waiting.values()) wait.abort(); // What they hold is older than what was just typed.
    timer = setTimeout(ask, PAUSE);
  };
  form.addEventListener('input', later);
  form.addEventListener('submit', () => { clearTimeout(timer); asking.abort(); });
}

async function check(form, signal) {
  const answer = await fetch(form.dataset.checkUrl, { method: 'POST', body: new URLSearchParams(new FormData(form)), signal });
  if (answer.redirected || answer.status === 401 || answer.status === 403) {
    throw Object.assign(new Error('session'), {
      sentence: 'La sessione è finita. Continuate pure: quando salvate vi chiediamo di accedere e ritrovate tutto quello che avete scritto.',
    });
  }
  if (!answer.ok) throw new Error(String(answer.status));
  return new DOMParser().parseFromString(await answer.text(), 'text/html').body.firstElementChild;
}

function show(form, voice, fragment) {
  for (const part of fragment.querySelectorAll('[data-into]')) {
    part.remove();
    replace(document.getElementById(part.dataset.into), part);
  }
  replace(document.getElementById('esito'), fragment);
  voice.classList.add('visually-hidden');
  say(voice, fragment.dataset.words ?? '');
  const lat = parseFloat(fragment.dataset.lat);
  const lon = parseFloat(fragment.dataset.lon);
  if (Number.isFinite(lat + lon)) form.dispatchEvent(new CustomEvent('varco:place', { detail: { lat, lon } }));
}

function replace(target, source) {
  if (!target) return;
  const put = () => target.replaceChildren(...source.childNodes);
  waiting.get(target)?.abort();
  if (!target.contains(document.activeElement)) return put();
  const wait = new AbortController();
  waiting.set(target, wait);
  target.addEventListener('focusout', event => {
    if (target.contains(event.relatedTarget)) return;
    wait.abort();
    put();
  }, { signal: wait.signal });
}

function say(voice, sentence) {
  if (voice.textContent !== sentence) voice.textContent = sentence;
}

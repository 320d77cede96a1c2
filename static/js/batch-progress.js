// The work at a file, as it goes on; when it is over, the page with what came of it.
//
// Markup:
//   <section data-progress="URL">      URL answers a fragment that takes the place of what is in it:
//     <div data-now data-percent="N">  data-over when the work is over; data-percent when it is known
//   <p role="status" data-voice>       is told every tenth of the way
//
// Without this script the page asks for itself again every few seconds.

const PAUSE = 1_000;

for (const section of document.querySelectorAll('[data-progress]')) ask(section);

async function ask(section) {
  try {
    const answer = await fetch(section.dataset.progress);
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const now = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('[data-now]');
    if (now.dataset.over !== undefined) return location.reload();
    section.replaceChildren(now);
    tell(Number(now.dataset.percent));
  } catch {
    section.querySelector('[data-now]').lastElementChild.textContent = 'Il server non risponde: ricaricate la pagina tra poco.';
  }
  setTimeout(() => ask(section), PAUSE);
}

function tell(percent) {
  const voice = document.querySelector('[data-voice]');
  const words = Number.isFinite(percent) ? `${Math.floor(percent / 10) * 10} per cento` : '';
  if (voice.textContent !== words) voice.textContent = words;
}

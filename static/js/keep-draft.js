// What is being typed survives a lost session, a crash and a closed window.
//
// Markup:
//   <body data-person="NAME">         who is signed in; what somebody else left in this browser is deleted
//   <form data-draft-key="KEY">       kept while it is typed in; offered again when the form is opened
//   <… data-saved-draft="KEY">        on the page after a save that succeeded: forgets KEY
//   <form data-clear-drafts>          signing out: forgets everything, because these computers are shared
//
// Kept in this browser only (localStorage), for at most seven days. Hidden fields (so the CSRF token), passwords and files
// are never kept.

const PREFIX = 'varco:bozza:';
const DAYS = 7;
const PAUSE = 500;

const person = document.body.dataset.person ?? '';
const drafts = openStorage();

if (drafts) {
  sweep();
  for (const mark of document.querySelectorAll('[data-saved-draft]')) drafts.removeItem(PREFIX + mark.dataset.savedDraft);
  for (const form of document.querySelectorAll('form[data-clear-drafts]')) form.addEventListener('submit', () => sweep(true));
  for (const form of document.querySelectorAll('form[data-draft-key]')) keep(form, PREFIX + form.dataset.draftKey);
}

/** The browser's storage, or null where the person or the administration has switched it off. */
function openStorage() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

function read(key) {
  try {
    return JSON.parse(drafts.getItem(key));
  } catch {
    return null;
  }
}

function sweep(everything = false) {
  const oldest = Date.now() - DAYS * 24 * 60 * 60 * 1000;
  for (const key of Object.keys(drafts).filter(name => name.startsWith(PREFIX))) {
    const draft = read(key);
    if (everything || draft?.person !== person || !(draft.when > oldest)) drafts.removeItem(key);
  }
}

function keepable(field) {
  return field.name && !['hidden', 'password', 'file', 'submit', 'button', 'fieldset'].includes(field.type);
}

function valuesOf(form) {
  const values = [];
  for (const field of form.elements) {
    if (!keepable(field)) continue;
    const choice = field.type === 'checkbox' || field.type === 'radio';
    values.push([field.name, choice ? `${field.value}=${field.checked}` : field.value]);
  }
  return values;
}

function keep(form, key) {
  const draft = read(key);
  if (draft && JSON.stringify(draft.values) !== JSON.stringify(valuesOf(form))) offer(form, key, draft);
  let timer;
  const save = () => {
    try {
      drafts.setItem(key, JSON.stringify({ person, when: Date.now(), values: valuesOf(form) }));
    } catch {
      clearTimeout(timer); // The storage is full: typing goes on, only the safety net is missing.
    }
  };
  form.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(save, PAUSE);
  });
  form.addEventListener('submit', () => {
    clearTimeout(timer);
    save();
  });
}

function offer(form, key, draft) {
  const when = new Intl.DateTimeFormat('it-IT', { dateStyle: 'long', timeStyle: 'short' }).format(draft.when);
  const box = document.createElement('section');
  box.className = 'alert alert-info varco-draft';
  box.setAttribute('aria-label', 'Bozza ritrovata');
  const words = document.createElement('p');
  words.textContent = `Abbiamo ritrovato quello che stavate scrivendo il ${when}.`;
  const answer = (label, classes, act) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = `btn btn-sm ${classes}`;
    button.textContent = label;
    button.addEventListener('click', () => { box.remove(); act(); });
    return button;
  };
  box.append(
    words,
    answer('Ripristina', 'btn-primary', () => restore(form, draft.values)),
    answer('Scarta', 'btn-outline-primary', () => drafts.removeItem(key)),
  );
  form.prepend(box);
}

function restore(form, values) {
  const waiting = new Map();
  for (const [name, value] of values) waiting.set(name, [...(waiting.get(name) ?? []), value]);
  let first;
  for (const field of form.elements) {
    if (!keepable(field) || !waiting.has(field.name)) continue;
    first ??= field;
    const kept = waiting.get(field.name);
    if (field.type === 'checkbox' || field.type === 'radio') field.checked = kept.includes(`${field.value}=true`);
    else field.value = kept.shift() ?? field.value;
  }
  if (!first) return;
  first.dispatchEvent(new Event('input', { bubbles: true }));
  first.focus();
}

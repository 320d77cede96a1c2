// A file about to be sent: its size is shown, and one that is too big is refused before it travels.
//
// Markup (macro `upload`), inside a <form>:
//   <input type="file" data-upload data-limit="BYTES">
//   <p data-upload-words role="status"></p>            in the same .varco-field
//
// The server refuses it too; this only saves the wait.

const amount = new Intl.NumberFormat('it-IT', { maximumFractionDigits: 1 });

for (const input of document.querySelectorAll('input[data-upload]')) {
  input.addEventListener('change', () => look(input));
  input.form.addEventListener('submit', event => {
    if (look(input)) return;
    event.preventDefault();
    input.focus();
  });
}

/** Says what was chosen; false when it cannot be sent. */
function look(input) {
  const words = input.closest('.varco-field').querySelector('[data-upload-words]');
  const [file] = input.files;
  const limit = Number(input.dataset.limit);
  const refused = Boolean(file) && file.size > limit;
  words.toggleAttribute('data-refused', refused);
  if (refused) input.setAttribute('aria-invalid', 'true');
  else input.removeAttribute('aria-invalid');
  if (!file) words.textContent = '';
  else if (refused) words.textContent = `${file.name}: ${size(file.size)}. Si possono inviare file fino a ${size(limit)}: dividetelo in più parti.`;
  else words.textContent = `${file.name}: ${size(file.size)}.`;
  return !refused;
}

/** Bytes in words, counted by 1,024 as the officers' file manager does. */
function size(bytes) {
  if (bytes < 1_024) return `${bytes} byte`;
  return bytes < 1_024 ** 2 ? `${amount.format(bytes / 1_024)} kB` : `${amount.format(bytes / 1_024 ** 2)} MB`;
}

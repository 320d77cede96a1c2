// The filters of a list: an address with only what was chosen, and no hidden filter.
//
// Markup:
//   <form data-filters method="get">   empty fields stay out of the address, so it can be read and passed on
//     <details data-more>              opens by itself when a filter inside it is in use
//
// Choosing does not submit: the list changes when the person says so (WCAG 3.2.2).

for (const form of document.querySelectorAll('form[data-filters]')) {
  form.addEventListener('formdata', event => {
    for (const [name, value] of [...event.formData]) if (value === '') event.formData.delete(name);
  });
  for (const more of form.querySelectorAll('[data-more]')) {
    more.open ||= [...more.querySelectorAll('input, select')].some(field =>
      field.type === 'checkbox' || field.type === 'radio' ? field.checked : field.value !== '');
  }
}

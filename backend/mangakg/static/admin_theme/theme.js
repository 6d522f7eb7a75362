// What every page of the admin shares: a ready-made reason goes into the text that is sent, where
// it can be changed.
'use strict';

document.addEventListener('change', (event) => {
  const radio = event.target;
  if (!(radio instanceof HTMLInputElement) || radio.name !== 'ready') return;
  const text = radio.form?.elements.namedItem('reason');
  // In a batch every uploader gets the words in their own language: only the server knows them.
  if (text instanceof HTMLTextAreaElement && radio.closest('#review')) {
    text.value = radio.dataset.text ?? '';
  }
});

// Keys on the pages of a case and of a person. Without this script the same buttons work.
'use strict';

const byId = (id) => document.getElementById(id);

function openPanel(id) {
  const panel = byId(id);
  if (!panel) return false;
  for (const other of document.querySelectorAll('.act-panel[open]')) other.open = false;
  panel.open = true;
  panel.querySelector('textarea')?.focus();
  panel.scrollIntoView({ block: 'nearest' });
  return true;
}

function follow(id) {
  const link = byId(id);
  link?.click();
  return Boolean(link);
}

// A key that the review page has too does the same there.
const KEYS = {
  d: () => openPanel('dismiss-panel'),
  t: () => openPanel('take-down-panel'),
  r: () => openPanel('reject-panel'),
  c: () => openPanel('acted-panel'),
  p: () => follow('open-person'),
  w: () => follow('warn'),
  s: () => follow('strike'),
  b: () => follow('ban'),
  e: () => follow('delete-uploads'),
  n: () => follow('next'),
  '?': () => {
    byId('keys')?.showModal();
    return Boolean(byId('keys'));
  },
};

// The key as it is on a Latin keyboard: most moderators here type on a Cyrillic one.
function keyOf(event) {
  if (/^[a-z0-9?]$/i.test(event.key)) return event.key.toLowerCase();
  return /^Key[A-Z]$/.test(event.code) ? event.code.slice(3).toLowerCase() : event.key;
}

addEventListener('keydown', (event) => {
  if (byId('keys')?.open) return;
  const field = event.target.closest?.('textarea, input, select');
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && field?.form) {
    event.preventDefault();
    field.form.requestSubmit();
  } else if (event.key === 'Escape') {
    const panel = document.querySelector('.act-panel[open]');
    if (panel) {
      panel.open = false;
      panel.querySelector('summary').focus();
    }
  } else if (!field && !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat) {
    if (KEYS[keyOf(event)]?.()) event.preventDefault();
  }
});

const help = byId('help');
if (help) {
  help.hidden = false;
  help.addEventListener('click', () => byId('keys').showModal());
}

// A form that is on its way is not sent twice.
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = 'yes';
});
addEventListener('pageshow', () => {
  for (const form of document.forms) delete form.dataset.sent;
});

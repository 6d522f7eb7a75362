// What every page of the admin shares: a ready-made reason goes into the text that is sent, where
// it can be changed; and a button that undoes goes when the server would refuse it.
'use strict';

document.addEventListener('change', (event) => {
  const radio = event.target;
  if (!(radio instanceof HTMLInputElement) || radio.name !== 'ready') return;
  const text = radio.form?.elements.namedItem('reason');
  // In a batch every uploader gets the words in their own language: only the server knows them.
  if (text instanceof HTMLTextAreaElement && radio.closest('#review, #case')) {
    text.value = radio.dataset.text ?? '';
  }
});

addEventListener('DOMContentLoaded', () => {
  for (const button of document.querySelectorAll('.messagelist .undo')) {
    setTimeout(() => button.remove(), Number(button.dataset.seconds) * 1000);
  }
});

// The menu of the header closes when something else is clicked, and by Escape.
const menu = () => document.getElementById('user-menu');

document.addEventListener('click', (event) => {
  if (menu()?.open && !menu().contains(event.target)) menu().open = false;
});

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || !menu()?.open) return;
  menu().open = false;
  menu().querySelector('summary').focus();
});

// --- A field in several languages: one tab a language -------------------------------------------

function makeTabs(map) {
  const rows = [...map.querySelectorAll('.language-row')];
  const list = document.createElement('div');
  list.className = 'language-tabs';
  list.setAttribute('role', 'tablist');
  const show = (chosen) => {
    rows.forEach((row, at) => {
      row.hidden = at !== chosen;
      list.children[at].setAttribute('aria-selected', String(at === chosen));
      list.children[at].tabIndex = at === chosen ? 0 : -1;
    });
  };
  rows.forEach((row, at) => {
    const tab = document.createElement('button');
    const field = row.querySelector('input, textarea');
    tab.type = 'button';
    tab.setAttribute('role', 'tab');
    const tell = () => {
      tab.textContent = row.querySelector('.language-name').textContent + (field.value ? '' : ' –');
    };
    tell();
    field.addEventListener('input', tell);
    tab.addEventListener('click', () => show(at));
    list.append(tab);
  });
  list.addEventListener('keydown', (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const next = (rows.findIndex((row) => !row.hidden) + by + rows.length) % rows.length;
    show(next);
    list.children[next].focus();
  });
  map.dataset.tabs = '';
  map.prepend(list);
  const own = rows.findIndex((row) => row.querySelector(`[lang="${document.documentElement.lang}"]`));
  show(Math.max(own, 0));
}

// --- A cover: dropped onto its place, and seen before it is sent --------------------------------

function takeCovers(box) {
  const field = box.querySelector('input[type="file"]');
  const drop = box.querySelector('.drop');
  const preview = () => {
    const file = field.files[0];
    if (!file?.type.startsWith('image/')) return;
    const reader = new FileReader();
    reader.addEventListener('load', () => {
      const picture = box.querySelector('img') ?? new Image();
      picture.alt ||= file.name;
      picture.src = reader.result;
      box.querySelector('.no-cover')?.replaceWith(picture);
    });
    reader.readAsDataURL(file);
  };
  field.addEventListener('change', preview);
  drop.addEventListener('dragover', (event) => {
    event.preventDefault();
    drop.classList.add('is-over');
  });
  for (const end of ['dragleave', 'drop']) {
    drop.addEventListener(end, () => drop.classList.remove('is-over'));
  }
  drop.addEventListener('drop', (event) => {
    event.preventDefault();
    if (!event.dataTransfer.files.length) return;
    field.files = event.dataTransfer.files;
    preview();
  });
}

addEventListener('DOMContentLoaded', () => {
  document.querySelectorAll('.language-map').forEach(makeTabs);
  document.querySelectorAll('.cover-box').forEach(takeCovers);
  // Django names the fields of a table by the heads of its columns only.
  for (const field of document.querySelectorAll('.tabular td :is(input, select, textarea)')) {
    const cell = field.closest('td');
    const column = [...cell.classList].find((name) => name.startsWith('field-'))?.slice(6);
    const head = field.closest('table').querySelector(`thead .column-${column}`);
    const words = (head ?? cell.closest('table').querySelector('thead th:last-child'))?.textContent;
    if (field.type !== 'hidden' && words?.trim()) field.setAttribute('aria-label', words.trim());
  }
  for (const field of document.querySelectorAll('.vDateField, .vTimeField, [type="date"], [type="time"]')) {
    const words = field.closest('.form-row')?.querySelector('label, legend')?.textContent.trim();
    const own = field.previousSibling?.textContent?.trim() ?? '';
    if (words) field.setAttribute('aria-label', `${words} ${own}`.trim());
  }
  const search = document.getElementById('searchbar');
  search?.setAttribute('aria-label', search.form.querySelector('[type="submit"]')?.value ?? '');
});

// Pickers are built by a script of Django's, whenever it comes, and it names none of them.
function namePickers() {
  for (const picker of document.querySelectorAll('.form-row .select2-container')) {
    const words = picker.closest('.form-row').querySelector('label')?.textContent.trim();
    if (!words) continue;
    for (const part of picker.querySelectorAll(
      '[role="combobox"], [role="searchbox"], [role="textbox"]',
    )) {
      part.setAttribute('aria-label', words);
      part.removeAttribute('aria-labelledby');
    }
  }
}

addEventListener('DOMContentLoaded', () => {
  namePickers();
  new MutationObserver(namePickers).observe(document.body, { childList: true, subtree: true });
});

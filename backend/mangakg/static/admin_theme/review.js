// The review page: keys, the next upload loaded ahead, and opened the moment a decision is taken.
// Without this script the same forms work, with a page load each.
'use strict';

const FRESH_MS = 8 * 60 * 1000; // signed picture addresses live ten minutes
const AHEAD = 4; // pictures of the next upload that are loaded ahead

let ahead = null; // { url, page: Promise<Document>, at }
let isBusy = false;
let renewedAt = 0;

const review = () => document.getElementById('review');
const pages = () => [...document.querySelectorAll('#strip > .page[data-number]')];
const byId = (id) => document.getElementById(id);

async function fetchPage(url) {
  const answer = await fetch(url, { credentials: 'same-origin', headers: { Accept: 'text/html' } });
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  if (!page.getElementById('review')) throw new Error('not a review page');
  return page;
}

function loadAhead() {
  const url = review()?.dataset.nextUrl;
  if (!url) {
    ahead = null;
    return;
  }
  if (ahead?.url === url && Date.now() - ahead.at < FRESH_MS) return;
  const page = fetchPage(url);
  ahead = { url, page, at: Date.now() };
  page
    .then((next) => {
      const pictures = [...next.querySelectorAll('#strip img')].slice(0, AHEAD);
      for (const picture of pictures) new Image().src = picture.getAttribute('src');
      document.documentElement.dataset.ahead = url;
    })
    .catch(() => {
      ahead = null;
    });
}

// `now` is what the server said after a decision: the page loaded ahead is a decision older.
async function open(url, { push = true, now = null } = {}) {
  let next = null;
  try {
    const isReady = ahead?.url === url && Date.now() - ahead.at < FRESH_MS;
    next = await (isReady ? ahead.page : fetchPage(url));
  } catch {
    location.assign(url); // the empty queue, a login page: the browser shows it
    return;
  }
  ahead = null;
  delete document.documentElement.dataset.ahead;
  review().replaceWith(document.adoptNode(next.getElementById('review')));
  if (now) {
    review().dataset.nextUrl = now.after;
    review().dataset.waiting = now.waiting;
    if (now.after) byId('next')?.setAttribute('href', now.after);
    else byId('next')?.remove();
  }
  document.title = next.title;
  if (push) history.pushState(null, '', review().dataset.here);
  scrollTo(0, 0);
  start();
  byId('review-title').focus({ preventScroll: true });
}

function start() {
  const waiting = review().dataset.waiting;
  const badge = byId('waiting-badge');
  if (badge && waiting !== undefined) {
    badge.dataset.waiting = waiting;
    const number = badge.querySelector('b');
    if (number) number.textContent = waiting;
  }
  byId('help').hidden = false;
  showPlace();
  // Time for the pictures of this upload first.
  if (document.readyState === 'complete') loadAhead();
  else addEventListener('load', loadAhead, { once: true });
}

function say(sentence, { isError = false, isShownElsewhere = false } = {}) {
  const toast = byId('toast');
  const news = byId('review-news');
  if (isError) toast.textContent = sentence;
  toast.hidden = !isError;
  news.classList.toggle('visually-hidden', isError || isShownElsewhere);
  news.textContent = sentence;
}

// --- Undoing a decision -------------------------------------------------------------------------

let undoTimer = 0;

// Half a second less than the server allows: the answer took its time to come.
function offerUndo(sentence, address, seconds) {
  const toast = byId('undo-toast');
  toast.querySelector('p').textContent = sentence;
  toast.querySelector('button').setAttribute('formaction', address);
  toast.hidden = false;
  const end = performance.now() + (seconds - 0.5) * 1000;
  clearInterval(undoTimer);
  const tick = () => {
    const left = Math.ceil((end - performance.now()) / 1000);
    toast.querySelector('b').textContent = String(left);
    if (left <= 0) closeUndo();
  };
  undoTimer = setInterval(tick, 250);
  tick();
}

function closeUndo() {
  clearInterval(undoTimer);
  byId('undo-toast').hidden = true;
}

function wordsOf(form) {
  const words = new FormData(form);
  // A ready-made reason was copied into the text, and perhaps changed there: the text counts.
  if (words.get('reason')) words.delete('ready');
  return words;
}

async function send(form, { stay = false, action = form.action } = {}) {
  if (isBusy) return;
  isBusy = true;
  review().setAttribute('aria-busy', 'true');
  try {
    const answer = await fetch(action, {
      method: 'POST',
      body: wordsOf(form),
      credentials: 'same-origin',
      headers: { Accept: 'application/json' },
    });
    if (!answer.headers.get('Content-Type')?.startsWith('application/json')) {
      throw new Error(`answered ${answer.status}`);
    }
    const now = await answer.json();
    // What cannot be undone any more leaves the work in sight as it is.
    const isOver = answer.ok || (answer.status === 409 && form.id !== 'undo-form');
    say(now.message, { isError: !answer.ok, isShownElsewhere: Boolean(now.undo) });
    if (now.undo) offerUndo(now.message, now.undo, now.undo_seconds);
    else closeUndo();
    if (isOver) await open(now.next, { push: !stay, now });
  } catch {
    say(review().dataset.wordsFailed, { isError: true });
  } finally {
    isBusy = false;
    review()?.removeAttribute('aria-busy');
  }
}

// --- Where one is in the strip ---------------------------------------------------------------

function currentIndex() {
  const line = innerHeight / 3;
  let index = 0;
  pages().forEach((page, at) => {
    if (page.getBoundingClientRect().top <= line) index = at;
  });
  return index;
}

function showPlace() {
  const now = byId('page-now');
  if (now && pages().length) now.textContent = String(currentIndex() + 1);
}

function step(by) {
  const all = pages();
  const target = all[Math.min(Math.max(currentIndex() + by, 0), all.length - 1)];
  target?.scrollIntoView({ block: 'start', behavior: 'instant' });
  showPlace();
}

// --- Pictures whose address ran out -----------------------------------------------------------

async function renewPictures() {
  if (Date.now() - renewedAt < 30_000) return;
  renewedAt = Date.now();
  const fresh = await fetchPage(review().dataset.here);
  for (const page of fresh.querySelectorAll('#strip > .page[data-number]')) {
    const picture = byId(page.id)?.querySelector('img');
    const source = page.querySelector('img').getAttribute('src');
    if (picture && picture.getAttribute('src') !== source) picture.src = source;
  }
}

// --- Hands ------------------------------------------------------------------------------------

function openRejection() {
  const panel = byId('reject-panel');
  if (!panel) return;
  panel.open = true;
  (panel.querySelector('input[name="ready"]') ?? byId('reason')).focus();
  panel.scrollIntoView({ block: 'nearest' });
}

const KEYS = {
  a: () => byId('approve-form')?.requestSubmit(),
  r: openRejection,
  u: () => byId('undo-toast').hidden || byId('undo-toast').querySelector('button').click(),
  n: () => byId('next')?.click(),
  j: () => step(1),
  k: () => step(-1),
  x: () => {
    const box = pages()[currentIndex()]?.querySelector('input[name="page"]');
    if (box) box.checked = !box.checked;
  },
  '?': () => byId('keys').showModal(),
};

// The key as it is on a Latin keyboard: most moderators here type on a Cyrillic one.
function keyOf(event) {
  if (/^[a-z0-9?]$/i.test(event.key)) return event.key.toLowerCase();
  return /^Key[A-Z]$/.test(event.code) ? event.code.slice(3).toLowerCase() : event.key;
}

function chooseReason(key) {
  const reason = byId('reject-panel').querySelectorAll('input[name="ready"]')[(key + 9) % 10];
  reason?.click();
  return Boolean(reason);
}

addEventListener('keydown', (event) => {
  const isText = event.target instanceof HTMLTextAreaElement;
  const isRejecting = Boolean(byId('reject-panel')?.open);
  if (byId('keys').open) return;
  // Enter on a page's box would send the rejection that the box may belong to.
  if (event.key === 'Enter' && event.target.name === 'page') event.preventDefault();
  if (isRejecting && event.key === 'Escape') {
    byId('reject-panel').open = false;
    byId('reject').focus();
  } else if (isRejecting && event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    byId('reject-form').requestSubmit();
  } else if (!isText && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const key = keyOf(event);
    if (isRejecting && /^[0-9]$/.test(key)) {
      if (chooseReason(Number(key))) event.preventDefault();
      return;
    }
    const act = isRejecting && key !== '?' ? null : KEYS[key];
    if (act && (!event.repeat || key === 'j' || key === 'k')) {
      event.preventDefault();
      act();
    }
  }
});

document.addEventListener('submit', (event) => {
  const form = event.target;
  if (event.submitter?.id === 'delete-pages') {
    event.preventDefault();
    void send(form, { stay: true, action: event.submitter.formAction });
  } else if (form.id === 'approve-form' || form.id === 'reject-form') {
    event.preventDefault();
    void send(form);
  } else if (form.id === 'undo-form') {
    event.preventDefault();
    void send(form, { action: event.submitter.formAction });
  }
});

document.addEventListener('click', (event) => {
  const link = event.target.closest?.('#next');
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    void open(link.getAttribute('href'));
  } else if (event.target.closest?.('#help')) {
    byId('keys').showModal();
  } else if (event.target.id === 'toast') {
    event.target.hidden = true;
  }
});

document.addEventListener(
  'error',
  (event) => {
    if (event.target instanceof HTMLImageElement && event.target.closest('#strip')) {
      renewPictures().catch(() => {});
    }
  },
  true,
);

let isPlaceDue = false;
addEventListener(
  'scroll',
  () => {
    if (isPlaceDue) return;
    isPlaceDue = true;
    requestAnimationFrame(() => {
      isPlaceDue = false;
      showPlace();
    });
  },
  { passive: true },
);

addEventListener('popstate', () => {
  void open(location.href, { push: false });
});

start();

const names = ['queries', 'streams'];
const narrow = matchMedia('(max-width: 63.99rem)');
const calm = matchMedia('(prefers-reduced-motion: reduce)');
const waiting = new Map();
const shown = new Set();

addEventListener('hashchange', show);
show();

/** Does something when a view is shown for the first time; at once, if it has been. */
export function whenFirstShown(name, action) {
  if (shown.has(name)) action();
  else waiting.set(name, action);
}

/** What the address says of a view behind its name: '#streams/a/b' says 'a/b'; '' if it shows another view. */
export function detailOf(name) {
  const [view, ...detail] = location.hash.slice(1).split('/');
  return view === name ? detail.join('/') : '';
}

/** On a screen that has no room for both, what was asked gives way to what comes. */
export function showResults(name) {
  if (!narrow.matches) return;
  document.querySelector(`#${name}-view .strip`).scrollIntoView({ behavior: calm.matches ? 'auto' : 'smooth' });
}

// The address says which view is seen, so that it can be linked to and the back button works.
function show() {
  const [named] = location.hash.slice(1).split('/');
  const name = names.includes(named) ? named : names[0];
  for (const other of names) document.getElementById(`${other}-view`).hidden = other !== name;
  for (const link of document.querySelectorAll('nav a')) {
    if (link.hash === `#${name}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }

  shown.add(name);
  waiting.get(name)?.();
  waiting.delete(name);
}

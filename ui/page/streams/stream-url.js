/** The address of a stream's path; null if no stream can have it, since a browser would make another path of it. */
export function urlOf(path, root) {
  const names = path.split('/');
  if (names.some((name) => name === '' || name === '.' || name === '..')) return null;
  return new URL(`streams/${names.map(encodeURIComponent).join('/')}`, root);
}

/** The path that an address of the page names; '' if it can't be read. */
export function pathInAddress(detail) {
  try {
    return decodeURIComponent(detail);
  } catch {
    return '';
  }
}

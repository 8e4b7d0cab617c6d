const alert = document.getElementById('alert');

/** Says what went wrong: a title, and sentences; all as text, wherever they come from. */
export function showProblem(title, ...details) {
  const heading = Object.assign(document.createElement('h2'), { textContent: title });
  const lines = details.filter(Boolean).map((detail) => Object.assign(document.createElement('p'), { textContent: detail }));
  alert.replaceChildren(heading, ...lines);
}

export function clearProblem() {
  alert.replaceChildren();
}

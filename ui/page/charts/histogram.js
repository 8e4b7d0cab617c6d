const mostBins = 24;

/** How many of some numbers are in each of some ranges that are equally wide, as { xs, ys }: the ranges' middles, and the counts. */
export function histogram(numbers) {
  const least = numbers.reduce((a, b) => Math.min(a, b), Infinity);
  const most = numbers.reduce((a, b) => Math.max(a, b), -Infinity);
  const areWhole = numbers.every(Number.isInteger);
  const width = roundUp((most - least) / mostBins, areWhole);
  const first = Math.floor(least / width);
  const ys = new Array(Math.floor(most / width) - first + 1).fill(0);
  for (const number of numbers) ys[Math.floor(number / width) - first]++;
  // A range of one whole number is named by it, and not by what lies between two of them.
  const middle = areWhole && width === 1 ? 0 : width / 2;
  return { xs: ys.map((_, index) => (first + index) * width + middle), ys };
}

// Below this, doubles have fewer and fewer digits, and in the end no power of ten is as small as they are.
const leastWidth = 1e-300;

// 1, 2 or 5 with some zeros: people can read such ranges.
function roundUp(width, isWhole) {
  if (!(width > leastWidth)) return 1;
  const unit = 10 ** Math.floor(Math.log10(width));
  const step = [1, 2, 5, 10].find((factor) => factor * unit >= width) * unit;
  return isWhole ? Math.max(1, Math.ceil(step)) : step;
}

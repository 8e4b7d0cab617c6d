// Imported before uPlot, which asks for the number format of the browser's language as it loads. A browser may have one that is no language
// tag, such as "C" or "en-US@posix": then that would throw, and the page would show nothing at all.
try {
  Intl.getCanonicalLocales(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-US', configurable: true });
}

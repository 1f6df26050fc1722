/** Calls back whenever colours may have changed: light, dark, more contrast, forced colours, the page's own switch. */
export function watchTheme(changed: () => void): () => void {
  const queries = ['(prefers-color-scheme: dark)', '(forced-colors: active)', '(prefers-contrast: more)'].map((query) => globalThis.matchMedia(query));
  for (const query of queries) query.addEventListener('change', changed);
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme', 'class'] });
  return () => {
    observer.disconnect();
    for (const query of queries) query.removeEventListener('change', changed);
  };
}

/** Calls back whenever a pixel of the page is another number of pixels of the display: nothing else need change with it. */
export function watchScale(changed: () => void): () => void {
  let query: MediaQueryList;
  const told = (): void => {
    watch();
    changed();
  };
  const watch = (): void => {
    query = globalThis.matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    query.addEventListener('change', told, { once: true });
  };
  watch();
  return () => query.removeEventListener('change', told);
}

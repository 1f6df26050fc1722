/** Light or dark: as the system is, until one chooses; the choice is kept. */
const KEY = 'pagefault.theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

function chosen(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function apply(): void {
  document.documentElement.dataset['theme'] = chosen() ?? (dark.matches ? 'dark' : 'light');
}

export function useTheme(): void {
  apply();
  dark.addEventListener('change', apply);
}

export function switchTheme(): void {
  const other = document.documentElement.dataset['theme'] === 'dark' ? 'light' : 'dark';
  document.documentElement.dataset['theme'] = other;
  try {
    localStorage.setItem(KEY, other);
  } catch {
    // Then it lasts as long as the page.
  }
  dispatchEvent(new Event('themechange'));
}

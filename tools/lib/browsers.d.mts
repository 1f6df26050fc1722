export const chromeFlags: string[];
export function findBrowsers(): { chrome: string | null; chromedriver: string | null; firefox: string | null; geckodriver: string | null };

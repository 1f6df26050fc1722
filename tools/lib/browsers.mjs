// Browsers and their drivers: found where they usually are, or on Debian as root installed.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { answers, collect, output, run, say } from './run.mjs';
import { cacheFolder, install } from './setup.mjs';

const CHROME_FLAGS = [
  '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-quic', '--force-device-scale-factor=1', '--font-render-hinting=none',
];
export const chromeFlags = CHROME_FLAGS;
const GECKODRIVER = '0.37.1';

function first(candidates) {
  for (const candidate of candidates) {
    if (!candidate) continue;
    if (candidate.includes('/') || candidate.includes('\\')) {
      if (existsSync(candidate)) return candidate;
    } else {
      const found = output(process.platform === 'win32' ? 'where' : 'which', [candidate]);
      if (found) return found.split('\n')[0].trim();
    }
  }
  return null;
}

/** Paths of browsers and drivers, null for what is missing. */
export function findBrowsers() {
  const driver = join(cacheFolder(), `geckodriver-${GECKODRIVER}`, 'bin', process.platform === 'win32' ? 'geckodriver.exe' : 'geckodriver');
  return {
    chrome: first([process.env.CHROME, 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable',
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', 'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe']),
    chromedriver: first([process.env.CHROMEDRIVER, 'chromedriver']),
    firefox: first([process.env.FIREFOX, 'firefox-esr', 'firefox', '/Applications/Firefox.app/Contents/MacOS/firefox',
      'C:\\Program Files\\Mozilla Firefox\\firefox.exe']),
    geckodriver: first([process.env.GECKODRIVER, driver, 'geckodriver']),
  };
}

/** Installs what is missing where that may be done: Debian, as root. */
export async function installBrowsers() {
  const found = findBrowsers();
  const missing = [!found.chrome && 'chromium', !found.chromedriver && 'chromium-driver', !found.firefox && 'firefox-esr'].filter(Boolean);
  const debian = process.platform === 'linux' && existsSync('/etc/debian_version') && process.getuid() === 0 && answers('apt-get');
  if (missing.length > 0 && debian) {
    say(`installing ${missing.join(', ')} (apt-get)`);
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    await collect('apt-get', ['update'], { env });
    const { status, text } = await collect('apt-get', ['install', '-y', '--no-install-recommends', ...missing], { env });
    if (status !== 0) console.log(text.split('\n').slice(-5).join('\n'));
  }
  if (!findBrowsers().geckodriver && findBrowsers().firefox && answers('cargo')) {
    say(`building geckodriver ${GECKODRIVER} (once per user, about three minutes)`);
    const folder = join(cacheFolder(), `geckodriver-${GECKODRIVER}`);
    const building = `${folder}.partial`;
    await run('cargo', ['install', '--locked', 'geckodriver', '--version', GECKODRIVER, '--root', building], { what: 'building geckodriver' });
    install(join(building, 'bin', 'geckodriver'), join(folder, 'bin', 'geckodriver'));
    rmSync(building, { recursive: true, force: true });
  }
  return findBrowsers();
}

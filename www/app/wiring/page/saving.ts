/** What leaves the page: pictures, and what is needed to see a crash again. */
import { saveText } from '../../interface/open/files.ts';
import type { Crash } from '../../model/model.ts';
import { words } from '../../texts/page.ts';

export async function savePicture(of: 'svg' | 'png', svg: string): Promise<void> {
  const { pngOf, saveBlob } = await import('../picture.ts');
  if (of === 'svg') saveBlob(new Blob([svg], { type: 'image/svg+xml' }), 'memory.svg');
  else saveBlob(await pngOf(svg), 'memory.png');
}

/** Onto the clipboard, or into a file where that may not be written. */
export async function copyReproduction({ position, message, text }: Crash, say: (sentence: string) => void): Promise<void> {
  const all = `${words.crashReport(position, message)}\n${navigator.userAgent}\n\n${text}`;
  try {
    await navigator.clipboard.writeText(all);
    say(words.copied);
  } catch {
    saveText(all, 'pagefault-crash.txt');
  }
}

/** What is dropped, and how a script is called when it is saved. */
import { words } from '../../texts/page.ts';

/** Whether something dragged can be opened. */
export const hasFiles = (data: Pick<DataTransfer, 'types'> | null): boolean => data?.types.includes('Files') ?? false;

/** The bytes of files. Throws a sentence for people: of a folder there are none. */
export function readFiles(files: readonly File[]): Promise<{ readonly name: string; readonly bytes: Uint8Array }[]> {
  return Promise.all(files.map(async (file) => {
    const bytes = await file.arrayBuffer().catch(() => Promise.reject(new Error(words.notRead(file.name))));
    return { name: file.name, bytes: new Uint8Array(bytes) };
  }));
}

/** Dropped on the page: files wherever they fall, text only where nothing else takes it. */
export function watchDrops(target: HTMLElement | Window, { files, over }: { readonly files: (files: readonly File[]) => void; readonly over: (is: boolean) => void }): () => void {
  const controller = new AbortController();
  const options = { capture: true, signal: controller.signal };
  let depth = 0;
  const on = (type: string, then: (event: DragEvent) => void) => target.addEventListener(type, (event) => {
    if (!hasFiles((event as DragEvent).dataTransfer)) return;
    // The editor would put the text in where it fell.
    event.preventDefault();
    event.stopPropagation();
    then(event as DragEvent);
  }, options);
  on('dragenter', () => {
    if (++depth === 1) over(true);
  });
  on('dragleave', () => {
    if (--depth === 0) over(false);
  });
  on('dragover', (event) => {
    event.dataTransfer!.dropEffect = 'copy';
  });
  on('drop', (event) => {
    depth = 0;
    over(false);
    const dropped = [...(event.dataTransfer?.files ?? [])];
    if (dropped.length > 0) files(dropped);
  });
  return () => controller.abort();
}

/** Pasted where nothing takes it: in no field, in no dialog, not in the editor. */
export function watchPastes(target: Document, { files, text }: { readonly files: (files: readonly File[]) => void; readonly text: (text: string) => void }): () => void {
  const controller = new AbortController();
  target.addEventListener('paste', (event) => {
    const into = event.target instanceof Element ? event.target : null;
    if (event.defaultPrevented || target.querySelector('dialog[open]') || into?.closest('input, textarea, select, [contenteditable]:not([contenteditable=false])')) return;
    const pasted = [...(event.clipboardData?.files ?? [])];
    const words = event.clipboardData?.getData('text/plain') ?? '';
    if (pasted.length === 0 && words.trim() === '') return;
    event.preventDefault();
    if (pasted.length > 0) files(pasted);
    else text(words);
  }, { signal: controller.signal });
  return () => controller.abort();
}

/** A name for a script: of its first comment, in letters that every system takes. */
export function fileName(text: string, kind = 'script'): string {
  const title = text.match(/^\s*(?:#|\/\/)\s*(.+)$/m)?.[1] ?? '';
  const plain = title.normalize('NFKD').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 48).replace(/-$/, '');
  const suffix = kind === 'script' ? 'pf' : kind === 'maps' || kind === 'smaps' ? kind : 'log';
  return `${plain || (kind === 'script' ? 'script' : 'log')}.${suffix}`;
}

/** Gives a text to the user as a file. */
export function saveText(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain;charset=utf-8' }));
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  // The download may begin a moment later.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** When a script was kept, for people: the time today, the day before. */
export function whenWords(when: number, now: number, today: (time: string) => string, locale = 'en'): string {
  const [then, at] = [new Date(when), new Date(now)];
  return then.toDateString() === at.toDateString()
    ? today(then.toLocaleTimeString(locale, { hour: '2-digit', minute: '2-digit' }))
    : then.toLocaleDateString(locale, { day: 'numeric', month: 'short', year: then.getFullYear() === at.getFullYear() ? undefined : 'numeric' });
}

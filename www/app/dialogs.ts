/** Where a log is pasted, and help. */
import { html, type TemplateResult } from 'lit';

export interface Accept {
  readonly text: (text: string, maps: string) => void;
  readonly files: (files: readonly File[]) => void;
  readonly say: (sentence: string) => void;
}

const close = (event: Event) => (event.target as HTMLElement).closest('dialog')!.close();

export function showDialog(id: 'paste' | 'help'): void {
  (document.getElementById(id) as HTMLDialogElement).showModal();
}

export function closeDialogs(): void {
  for (const dialog of document.querySelectorAll<HTMLDialogElement>('dialog[open]')) dialog.close();
}

/** A command to run on one's own machine. */
function command(text: string, accept: Accept): TemplateResult {
  const copy = async (event: Event) => {
    const code = (event.currentTarget as HTMLElement).previousElementSibling!;
    try {
      await navigator.clipboard.writeText(text);
      accept.say('Copied.');
    } catch {
      // Where the clipboard is closed, it is selected to be copied by hand.
      getSelection()?.selectAllChildren(code);
      accept.say('It is selected: copy it with Ctrl+C.');
    }
  };
  return html`<div class="command"><code tabindex="0">${text}</code><button type="button" aria-label="Copy: ${text}" @click=${copy}>Copy</button></div>`;
}

function recipe(accept: Accept): TemplateResult {
  return html`
    <p>On a Linux machine, the memory calls of a program:</p>
    ${command('strace -f -e trace=%memory,%process,openat,close -o log.txt PROGRAM', accept)}
    <p class="quiet">Without <code>-o</code> strace prints on standard error: pasted from the terminal it is read as well.</p>
    <p>The address space of a process that runs; smaps says also what it costs:</p>
    ${command('cat /proc/PID/maps', accept)}
    ${command('cat /proc/PID/smaps', accept)}`;
}

export function dialogs(accept: Accept): TemplateResult {
  const submit = (event: SubmitEvent) => {
    const data = new FormData(event.target as HTMLFormElement);
    accept.text(String(data.get('log') ?? ''), String(data.get('maps') ?? ''));
  };
  const choose = (event: Event) => {
    const input = event.target as HTMLInputElement;
    accept.files([...(input.files ?? [])]);
    input.value = '';
  };
  return html`
    <dialog id="paste" aria-labelledby="paste-title"><form method="dialog" @submit=${submit}>
      <h2 id="paste-title">Open a log, maps or a script</h2>
      <p>Paste it as it is: the output of <code>strace</code>, <code>qemu -strace</code> or <code>perf trace</code>, the text of <code>/proc/PID/maps</code> or <code>smaps</code>. Files can be dropped anywhere on the page, several of one <code>strace -ff</code> together. Everything stays in this browser.</p>
      <label>Log, script or maps<textarea name="log" rows="7" required spellcheck="false"></textarea></label>
      <label>First <code>/proc/PID/maps</code> of a log, if you have them <textarea name="maps" rows="3" spellcheck="false"></textarea></label>
      <p class="quiet">Without them a layout is taken that fits the log's addresses.</p>
      <details><summary>How to make one</summary>${recipe(accept)}</details>
      <div class="actions"><label class="files">Choose files …<input type="file" multiple @change=${choose} /></label><button type="button" @click=${close}>Cancel</button><button class="primary">Replay</button></div>
    </form></dialog>
    <dialog id="help" aria-labelledby="help-title"><form method="dialog">
      <h2 id="help-title">pagefault</h2>
      <p>Linux's memory manager in a browser tab. A script is a text of system calls and accesses as strace prints them; the machine that runs it is emulated down to the bits of its page tables, and behaves as Linux 6.18.</p>
      <table class="keys"><tbody>
        <tr><th scope="row"><kbd>]</kbd> <kbd>[</kbd></th><td>step, step back</td></tr>
        <tr><th scope="row"><kbd>Home</kbd> <kbd>End</kbd></th><td>start, end (on the slider)</td></tr>
        <tr><th scope="row"><kbd>Tab</kbd></th><td>through VMAs, pages and frames; <kbd>Enter</kbd> selects</td></tr>
        <tr><th scope="row"><kbd>/</kbd></th><td>type a call</td></tr>
        <tr><th scope="row"><kbd>F8</kbd></th><td>the next error (in the script)</td></tr>
      </tbody></table>
      <h4>Your own programs</h4>
      ${recipe(accept)}
      <p class="quiet">Everything runs in your browser; nothing is uploaded.</p>
      <div class="actions"><button class="primary">Close</button></div>
    </form></dialog>`;
}

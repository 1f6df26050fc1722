// Page faults of a guest in the v86 emulator (`v86_faults.S`): answers lines `NAME COUNT` with the nanoseconds
// that one fault took, over so many passes of 1,024 faults.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { V86 } from 'v86';

const FAULTS_A_PASS = 1024;
const PORT = 0xe9;

const guest = readFileSync(new URL('v86_faults.bin', import.meta.url));
const emulator = new V86({
  wasm_path: fileURLToPath(new URL('v86.wasm', import.meta.resolve('v86'))),
  memory_size: 32 << 20, vga_memory_size: 1 << 20, autostart: false,
  multiboot: { buffer: new Uint8Array(guest).buffer },
  disable_keyboard: true, disable_mouse: true, disable_speaker: true,
});
await new Promise((ready) => emulator.add_listener('emulator-loaded', ready));

let pass = () => {};
emulator.v86.cpu.io.register_write(PORT, {}, () => pass());

/** Nanoseconds a fault, from the end of one pass to the end of the pass `passes` later. */
function measure(passes) {
  return new Promise((done) => {
    let seen = 0;
    let start = 0n;
    pass = () => {
      if (seen === 0) start = process.hrtime.bigint();
      if (seen++ < passes) return;
      const taken = Number(process.hrtime.bigint() - start);
      pass = () => {};
      void emulator.stop().then(() => done(taken / passes / FAULTS_A_PASS));
    };
    void emulator.run();
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(await measure(Number(line.split(' ')[1])));
}
process.exit(0);

// What a machine finds when it starts: busybox, the harness, the kernel's modules, the scripts at the paths they have
// here, and the program that runs the command.
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ROOT, SetupError, output } from '../lib/run.mjs';

const quoted = (word) => `'${word.replaceAll("'", "'\\''")}'`;

/** The first program. What the command prints goes out over the first line to the host, the files it wrote over the
 * second: size and path, then the content; at the end the exit status. The harness makes its folder on the disk. */
function init({ words, modules, roots, asIs }) {
  const settings = asIs ? '' : `
echo 4096 > /proc/sys/vm/mmap_min_addr
echo 8192 > /sys/class/block/vda/queue/read_ahead_kb
echo madvise > /sys/kernel/mm/transparent_hugepage/defrag
echo never > /sys/kernel/mm/transparent_hugepage/shmem_enabled
[ ! -e /sys/module/damon_stat/parameters/enabled ] || echo N > /sys/module/damon_stat/parameters/enabled
`;
  return `#!/bin/sh
export PATH=/bin HOME=/ TMPDIR=/disk
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir /dev/shm
mount -t tmpfs shm /dev/shm
for module in ${modules.map((m) => m.name).join(' ')}; do insmod /modules/$module.ko; done
${settings}
mount -t ext4 -o noinit_itable /dev/vda /disk || poweroff -f
cd ${quoted(process.cwd())}
touch /start
( sleep 0.1; ${words.map(quoted).join(' ')} ) < /dev/null > /dev/vport0p1 2>&1
status=$?
find ${roots.map(quoted).join(' ')} -type f -newer /start > /written
{
  while read -r file; do stat -c '%s %n' "$file"; cat "$file"; done < /written
  echo "status $status"
} > /dev/vport0p2
poweroff -f
`;
}

/** Files and folders of an archive in the format that kernels unpack ("newc" of cpio). */
class Archive {
  #pieces = [];
  #known = new Set(['/']);

  /** A folder, with those above it. */
  folder(path) {
    if (this.#known.has(path)) return;
    this.folder(dirname(path));
    this.#known.add(path);
    this.#entry(path, 0o040755, Buffer.alloc(0));
  }

  file(path, content, mode = 0o100644) {
    if (this.#known.has(path)) return;
    this.folder(dirname(path));
    this.#known.add(path);
    this.#entry(path, mode, Buffer.from(content));
  }

  program(path, content) {
    this.file(path, content, 0o100755);
  }

  link(path, target) {
    this.file(path, target, 0o120777);
  }

  /** A file or folder of the host, at the path that it has there. */
  copy(path) {
    if (!statSync(path).isDirectory()) return this.file(path, readFileSync(path));
    this.folder(path);
    for (const name of readdirSync(path)) this.copy(join(path, name));
  }

  #entry(path, mode, content) {
    const name = path.slice(1);
    const fields = [this.#known.size, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0];
    const head = `070701${fields.map((n) => n.toString(16).padStart(8, '0')).join('')}${name}\0`;
    for (const part of [Buffer.from(head, 'latin1'), content]) this.#pieces.push(part, Buffer.alloc(-part.length & 3));
  }

  end() {
    this.#entry('/TRAILER!!!', 0, Buffer.alloc(0));
    return Buffer.concat(this.#pieces);
  }
}

/** The static busybox of the host. */
function busybox() {
  const places = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'busybox'));
  const path = places.find((place) => output(place, ['--list']) !== null);
  if (!path) throw new SetupError('busybox is not installed: a static one is needed (Debian calls it busybox-static).');
  const content = readFileSync(path);
  if (content.includes('/ld-linux')) throw new SetupError(`${path} needs shared libraries: a static one is needed (Debian calls it busybox-static).`);
  return { content, applets: output(path, ['--list']).split('\n') };
}

/** Writes the archive. */
export async function packMachine(target, { kernel, harness, words, files, asIs }) {
  const archive = new Archive();
  const { content, applets } = busybox();
  for (const name of ['/proc', '/sys', '/dev', '/tmp', '/disk', '/modules', process.cwd()]) archive.folder(name);
  archive.program('/bin/busybox', content);
  for (const applet of applets) archive.link(`/bin/${applet}`, 'busybox');
  archive.program('/bin/pagefault-oracle', readFileSync(harness));
  for (const { name, content: module } of kernel.modules) archive.file(`/modules/${name}.ko`, module);
  for (const file of files) archive.copy(file);
  const roots = [...new Set([process.cwd(), ROOT, ...files])];
  archive.program('/init', init({ words, modules: kernel.modules, roots, asIs }));
  writeFileSync(target, gzipSync(archive.end(), { level: 1 }));
}

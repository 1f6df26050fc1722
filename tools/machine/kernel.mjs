// Finding a kernel and the few modules of it that a machine needs.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SetupError } from '../lib/run.mjs';

/** What the disk, its file system and the lines to the host need, in an order in which they can be loaded. What a
 * kernel has built in has no file. */
const MODULES = [
  'virtio', 'virtio_ring', 'virtio_pci_modern_dev', 'virtio_pci_legacy_dev', 'virtio_pci', 'virtio_blk', 'virtio_console',
  'crc16', 'crc32c_generic', 'crc32c-cryptoapi', 'mbcache', 'jbd2', 'ext4',
];
const UNPACKERS = { '.xz': 'xz', '.zst': 'zstd', '.gz': 'gzip' };

/** The kernel at a path: the file to boot, and its modules by name, in order. */
export function findKernel(path) {
  if (!existsSync(path)) throw new SetupError(`There is no kernel at ${path}.`);
  if (!statSync(path).isDirectory()) return { image: path, modules: [] };
  const boot = join(path, 'boot');
  const images = existsSync(boot) ? readdirSync(boot).filter((name) => name.startsWith('vmlinuz')) : [];
  if (images.length !== 1) throw new SetupError(`${boot}: one vmlinuz is wanted there, ${images.length} are.`);
  const version = images[0].slice('vmlinuz-'.length);
  const folder = [join(path, 'usr', 'lib', 'modules', version), join(path, 'lib', 'modules', version)].find(existsSync);
  const files = folder ? readdirSync(folder, { recursive: true }).filter((name) => /\.ko(\.\w+)?$/.test(name)) : [];
  const named = new Map(files.map((name) => [basename(name).replace(/\.ko.*$/, ''), join(folder, name)]));
  const modules = MODULES.filter((name) => named.has(name)).map((name) => ({ name, content: unpack(named.get(name)) }));
  return { image: join(boot, images[0]), modules };
}

function unpack(file) {
  const tool = UNPACKERS[Object.keys(UNPACKERS).find((ending) => file.endsWith(ending))];
  if (!tool) return readFileSync(file);
  const { status, stdout } = spawnSync(tool, ['-dc', file], { maxBuffer: 1 << 28 });
  if (status !== 0) throw new SetupError(`${file} could not be unpacked: is ${tool} installed?`);
  return stdout;
}

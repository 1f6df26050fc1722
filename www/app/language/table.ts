/** The core's own table of calls, constants and settings (`crate/examples/language.rs` prints it), by name. */
import table from './table.json' with { type: 'json' };

export interface CallEntry {
  readonly name: string;
  readonly parameters: readonly string[];
  /** How many must be given. */
  readonly required: number;
  /** The chapter of the manual; null for what is no system call. */
  readonly section: number | null;
}

export interface ConstantEntry {
  readonly name: string;
  /** Hexadecimal: it may have 64 bits. */
  readonly value: string;
  /** What it begins with, together with others. */
  readonly group: string;
}

export interface SettingEntry {
  readonly name: string;
  /** What may stand behind it, if that is a choice. */
  readonly keys: readonly string[];
}

export const CALLS: readonly CallEntry[] = table.calls;
export const CONSTANTS: readonly ConstantEntry[] = table.constants;
export const SETTINGS: readonly SettingEntry[] = table.settings;

const calls = new Map(CALLS.map((call) => [call.name, call]));
const constants = new Map(CONSTANTS.map((constant) => [constant.name, constant]));

export const callOf = (name: string): CallEntry | undefined => calls.get(name);
export const constantOf = (name: string): ConstantEntry | undefined => constants.get(name);

/** `mremap(addr, old_length, new_length, flags, [new_addr])`, in pieces: one of them may be marked. */
export function signatureParts({ name, parameters, required }: CallEntry): { readonly text: string; readonly parameter: number | null }[] {
  const parts: { text: string; parameter: number | null }[] = [{ text: `${name}(`, parameter: null }];
  parameters.forEach((parameter, index) => {
    if (index > 0) parts.push({ text: ', ', parameter: null });
    parts.push({ text: index < required ? parameter : `[${parameter}]`, parameter: index });
  });
  parts.push({ text: ')', parameter: null });
  return parts;
}

export const signature = (call: CallEntry): string => signatureParts(call).map(({ text }) => text).join('');

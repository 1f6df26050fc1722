/** Builds the harness that asks the live kernel, and runs a command of it. */
export function oracle(args: readonly string[], options?: { readonly show?: boolean; readonly timeout?: number }): Promise<{ readonly status: number | null; readonly text: string }>;

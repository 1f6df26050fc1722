/** How the panes share the room: sizes as fractions, remembered, never below what a pane can be used with. No DOM. */

export type SplitName = 'script' | 'inspector' | 'story';

/** A divider: the share of the pane that it sizes, and what it may be. */
export interface SplitRule {
  readonly share: number;
  readonly least: number;
  readonly most: number;
  /** The smallest size in pixels. */
  readonly pixels: number;
}

export const SPLITS: Readonly<Record<SplitName, SplitRule>> = {
  script: { share: 0.23, least: 0.12, most: 0.5, pixels: 200 },
  inspector: { share: 0.24, least: 0.14, most: 0.5, pixels: 240 },
  story: { share: 0.25, least: 0.1, most: 0.6, pixels: 110 },
};

/** A share within its bounds, given the size of the whole in pixels. */
export function within(name: SplitName, share: number, whole: number): number {
  const { least, most, pixels } = SPLITS[name];
  const floor = whole > 0 ? Math.min(most, Math.max(least, pixels / whole)) : least;
  return Math.min(most, Math.max(floor, share));
}

/** What was remembered, as far as it makes sense. */
export function remembered(text: string | null): Record<SplitName, number> {
  const shares = Object.fromEntries(Object.entries(SPLITS).map(([name, { share }]) => [name, share])) as Record<SplitName, number>;
  try {
    const known = JSON.parse(text ?? '{}') as Partial<Record<SplitName, unknown>>;
    for (const name of Object.keys(shares) as SplitName[]) {
      const share = known[name];
      if (typeof share === 'number' && Number.isFinite(share)) shares[name] = within(name, share, 0);
    }
  } catch {
    // What cannot be read is not remembered.
  }
  return shares;
}

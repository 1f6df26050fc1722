import { expect, test } from 'vitest';
import { MOST_LINE, hasWideLine, longestLine } from './width.ts';

test('a line that is too long is found wherever it stands', () => {
  const long = 'x'.repeat(MOST_LINE);
  const short = 'y\n'.repeat(1000);
  for (const [text, isWide] of [['', false], [long, false], [`${long}x`, true], [`${short}${long}\n${short}`, false], [`${short}${long}x\n${short}`, true], [`${short}${long}\n${long}`, false], [`${long}\n${long}x`, true], ['\n'.repeat(3 * MOST_LINE), false]] as const) {
    expect(hasWideLine(text)).toBe(isWide);
    expect(longestLine(text) > MOST_LINE).toBe(isWide);
  }
});

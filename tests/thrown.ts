/** What a body throws, to be looked at; `undefined` if it throws nothing. */
export function thrown(body: () => unknown): unknown {
  try {
    body();
  } catch (error) {
    return error;
  }
  return undefined;
}

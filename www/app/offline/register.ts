/** Keeps the page for when there is no network. Where that is not allowed it works as before. */
export async function keepForOffline(): Promise<void> {
  if (!('serviceWorker' in navigator) || !import.meta.env.PROD) return;
  try {
    await navigator.serviceWorker.register('./offline.js', { updateViaCache: 'none' });
  } catch {
    // A private window, a policy, or a plain http site.
  }
}

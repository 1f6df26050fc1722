export function serve(folder: string): Promise<{ url: string; stop: () => Promise<void> }>;

export function serve(folder: string, options?: { readonly under?: string; readonly headers?: Readonly<Record<string, string>> }): Promise<{ url: string; stop: () => Promise<void> }>;

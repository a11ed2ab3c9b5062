/** A module of the user's own that is not what it is to be. */
export class ModuleError extends Error {
  constructor(kind: string, url: string, reason: string) {
    super(`${kind} module ${url}: ${reason}`);
    this.name = 'ModuleError';
  }
}

/** The default export of a module, if it has the form that `form` puts into words. Throws ModuleError. */
export async function importDefault<T extends object>(
  kind: string,
  url: string,
  hasForm: (value: object) => value is T,
  form: string,
): Promise<T> {
  const { default: value } = await importModule(kind, url);
  if (typeof value === 'object' && value !== null && hasForm(value)) return value;
  throw new ModuleError(kind, url, `its default export must be ${form}`);
}

async function importModule(kind: string, url: string): Promise<{ default?: unknown }> {
  try {
    return await import(url);
  } catch (error) {
    throw new ModuleError(kind, url, error instanceof Error ? error.message : String(error));
  }
}

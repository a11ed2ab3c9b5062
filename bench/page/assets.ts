import { readFileSync } from 'node:fs';

/** The page's script and style are built into dist/: beside this module when it is built too, next to bench/ when it is not. */
export function asset(name: 'bench-page.js' | 'bench-page.css'): string {
  const here = import.meta.url;
  return readFileSync(new URL(here.endsWith('.ts') ? `../../dist/${name}` : `./${name}`, here), 'utf8');
}

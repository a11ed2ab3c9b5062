/** Markup that cannot be broken by what is put into it: every text between the tags is escaped, unless it is markup itself. */

export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = Html | string | number | readonly Part[];

export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(
    strings.map((text, index) => text + (index < parts.length ? markup(parts[index]) : '')).join(''),
  );
}

export const NOTHING = new Html('');

/** Data for a script to read: no text in it ends the element, or begins a comment. */
export function json(value: unknown): Html {
  return new Html(JSON.stringify(value).replaceAll('<', '\\u003c'));
}

/** What no document may contain, however it is escaped; lone surrogates too. */
const UNPRINTABLE = /[^\P{C}\t\n\r\p{Cf}\p{Co}]/gu;

function markup(part: Part): string {
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map(markup).join('');
  return escaped(String(part));
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string): string {
  return text
    .replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? character)
    .replaceAll(UNPRINTABLE, '\ufffd');
}

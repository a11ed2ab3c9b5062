/** So much of XML as JUnit files have. Throws at what is not well-formed. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', '#10': '\n' };
const TOKEN = /<\?xml [^<>]*\?>|<(\/?)([\w.-]+)((?:\s+[\w.-]+="[^"<]*")*)\s*(\/?)>|[^<]+/gy;

export function parsed(xml: string): Element[] {
  const root: Element = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  let end = 0;
  for (const token of xml.matchAll(TOKEN)) {
    const [whole, closing, name, attributes, empty] = token;
    const parent = open[open.length - 1];
    end = token.index + whole.length;
    if (name === undefined) {
      if (!whole.startsWith('<?')) parent.text += plain(whole);
    } else if (closing === '/') {
      if (open.pop()?.name !== name) throw new Error(`</${name}> at ${token.index} closes another element`);
    } else {
      const element = { name, attributes: attributesOf(attributes ?? ''), children: [], text: '' };
      parent.children.push(element);
      if (empty !== '/') open.push(element);
    }
  }
  if (end !== xml.length) throw new Error(`not well-formed at ${end}: ${xml.slice(end, end + 40)}`);
  if (open.length !== 1) throw new Error(`${open[open.length - 1].name} is not closed`);
  return root.children;
}

function attributesOf(text: string): Record<string, string> {
  const found = [...text.matchAll(/([\w.-]+)="([^"]*)"/g)];
  return Object.fromEntries(found.map(([, name, value]) => [name, plain(value)]));
}

function plain(text: string): string {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const control = code < 0x20 && !['\t', '\n', '\r'].includes(character);
    if (control || (code >= 0xd800 && code <= 0xdfff) || code === 0xffff)
      throw new Error(`there is no character ${code.toString(16)} in XML`);
  }
  return text.replaceAll(/&([^;]*);?/g, (whole, name: string) => {
    const character = ENTITIES[name];
    if (character === undefined) throw new Error(`${whole} is no entity`);
    return character;
  });
}

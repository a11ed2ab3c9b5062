import { DASHES } from '../palette.ts';

/** Colours of the page's style, as a canvas needs them. */
export interface Theme {
  readonly background: string;
  readonly muted: string;
  readonly hairline: string;
  readonly mark: string;
  readonly lines: readonly string[];
  readonly font: string;
}

export function themeOf(element: HTMLElement): Theme {
  const style = getComputedStyle(element);
  const color = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    background: color('paper'),
    muted: color('muted'),
    hairline: color('hairline'),
    mark: color('mark'),
    lines: DASHES.map((_, index) => color(`line-${index}`)),
    font: `12px ${style.fontFamily}`,
  };
}

/** The report as one page that needs nothing else: style, script and data are in it, and it loads nothing. */
import { createHash } from 'node:crypto';
import type { Comparison } from '../compare.ts';
import { countStandings, goalsInWords, judgeGoals, SPREAD_EXPLAINED, showNumber } from '../figures.ts';
import type { BenchReport, BenchResult, Environment } from '../results.ts';
import { asset } from './assets.ts';
import { comparisonSection } from './comparison.ts';
import { DRAWN_EXPLAINED, goalTable } from './goals.ts';
import { Html, html, json, NOTHING } from './html.ts';
import { matrix } from './matrix.ts';
import { colorsOf } from './palette.ts';
import { linePlot } from './plots.ts';
import { anchorOf, benchSection } from './section.ts';

export function htmlReport(report: BenchReport, comparison?: Comparison): string {
  const linePlots = report.benches.flatMap(({ plots }) => plots.filter((plot) => plot.kind === 'lines'));
  const colors = colorsOf(linePlots);
  const plotsOf = ({ plots }: BenchResult) =>
    plots.map((plot) => {
      if (plot.kind === 'matrix') return matrix(plot);
      const index = linePlots.indexOf(plot);
      return linePlot(plot, index, colors[index]);
    });
  const data = json(linePlots.map((plot, index) => ({ plot, colors: colors[index] })));
  return document(
    report,
    html`${header(report)}
<div class="columns">
${navigation(report, comparison !== undefined)}
<main id="main">
${overview(report)}
${comparison === undefined ? NOTHING : comparisonSection(comparison)}
${report.benches.map((bench) => benchSection(bench, plotsOf(bench)))}
</main>
</div>
<script type="application/json" id="plots">${data}</script>`,
  );
}

function document({ environment }: BenchReport, body: Html): string {
  // No text in a script may end it.
  const script = asset('bench-page.js').replaceAll(/<(?=\/script|!--)/gi, '\\x3c');
  const hash = createHash('sha256').update(script).digest('base64');
  // Whatever stands in a report, nothing but this script runs, and nothing is loaded.
  const policy = `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'`;
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta http-equiv="Content-Security-Policy" content="${policy}" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="color-scheme" content="light dark" />
<link rel="icon" href="data:," />
<title>ringswap bench, ${environment.date.slice(0, 10)}</title>
<style>
${new Html(asset('bench-page.css'))}
</style>
</head>
<body>
<a class="skip" href="#main">Skip to the results</a>
${body}
<script>${new Html(script)}</script>
</body>
</html>
`.text;
}

function header(report: BenchReport): Html {
  const { verdict, benches, seconds, quick, environment } = report;
  const checked = (what: string) =>
    benches.reduce((sum, { ledger: { of = 'frame', frames } }) => sum + (of === what ? frames : 0), 0);
  const swaps = benches.reduce((sum, { ledger }) => sum + ledger.swaps, 0);
  const counts = countStandings(report);
  const goals = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const tiles: [name: string, value: Html][] = [
    ['ledger', html`<span class="${verdict}">${verdict === 'pass' ? 'pass' : 'FAIL'}</span>`],
    ['goals met', html`${counts.met}<span class="of"> of ${goals}</span>`],
    ['frames checked', html`${compact(checked('frame'))}`],
    ...(checked('block') > 0
      ? [['blocks checked', html`${compact(checked('block'))}`] satisfies [string, Html]]
      : []),
    ['swaps', html`${compact(swaps)}`],
    ['measured in', html`${minutes(seconds)}`],
  ];
  return html`<header>
<p class="brand">ringswap <span>bench</span></p>
<h1>Benchmark report</h1>
<p class="when">${quick ? 'A quick run' : 'A full run'} of ringswap ${environment.ringswap}, <time datetime="${environment.date}">${environment.date.slice(0, 16).replace('T', ' ')} UTC</time></p>
<dl class="tiles">${tiles.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
</header>`;
}

function navigation({ benches }: BenchReport, compared: boolean): Html {
  const links = benches.map((bench) => {
    const missed = judgeGoals(bench).filter(({ standing }) => standing === 'missed').length;
    const failed = bench.ledger.verdict === 'fail';
    const flag = failed ? 'ledger failed' : missed > 0 ? `${missed} missed` : '';
    return html`<li><a href="#${anchorOf(bench)}">${bench.title}</a>${flag === '' ? NOTHING : html` <span class="flag">${flag}</span>`}</li>`;
  });
  return html`<nav aria-label="Benches"><ol>
<li><a href="#overview">Overview</a></li>
${compared ? html`<li><a href="#comparison">Comparison</a></li>` : NOTHING}
${links}
</ol></nav>`;
}

function overview(report: BenchReport): Html {
  const goals = report.benches.flatMap((bench) =>
    judgeGoals(bench).map((judged) => ({
      ...judged,
      bench: { title: bench.title, anchor: anchorOf(bench) },
    })),
  );
  return html`<section id="overview">
<h2>Overview</h2>
<p class="lead">${report.verdict === 'pass' ? 'No ledger found a violation' : 'A ledger found violations: figures of that bench mean nothing'}; ${goalsInWords(report)}.</p>
${goalTable('All goals', goals)}
<p class="note">${SPREAD_EXPLAINED} ${DRAWN_EXPLAINED}</p>
${environmentList(report.environment)}
</section>`;
}

function environmentList({ node, v8, platform, cpu, cores, memoryBytes, load, stolenMs }: Environment): Html {
  const facts: [string, string][] = [
    ['processor', `${cores} cores of ${cpu}`],
    ['memory', showNumber(memoryBytes, 'bytes')],
    ['platform', platform],
    ['Node', `${node}, V8 ${v8}`],
    ['load before, after', load.map((average) => average.toFixed(2)).join(', ')],
    ['longest time off its core', `${showNumber(stolenMs, 'ms')} in a second that only watched the clock`],
  ];
  return html`<h3>Measured on</h3>
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** `1.37 billion`: large counts are read as magnitudes. */
function compact(count: number): string {
  return count.toLocaleString('en-US', {
    notation: 'compact',
    compactDisplay: 'long',
    maximumSignificantDigits: 3,
  });
}

function minutes(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

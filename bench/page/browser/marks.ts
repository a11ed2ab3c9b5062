import type uPlot from 'uplot';
import type { LinePlot } from '../../results.ts';
import type { Theme } from './theme.ts';

/** More than this would hide the lines: they become short strokes at the foot of the plot. */
const WHOLE_MOST = 60;
const FOOT = 10;

/** Draws the moments below the lines. */
export function marks({ marks }: LinePlot, theme: Theme): (chart: uPlot) => void {
  return (chart) => {
    if (marks === undefined) return;
    const { ctx, bbox } = chart;
    const ratio = devicePixelRatio;
    const bottom = bbox.top + bbox.height;
    const whole = marks.at.length <= WHOLE_MOST;
    const top = whole ? bbox.top : bottom - FOOT * ratio;
    ctx.save();
    ctx.strokeStyle = theme.mark;
    ctx.lineWidth = ratio;
    ctx.setLineDash(whole ? [3 * ratio, 3 * ratio] : []);
    ctx.beginPath();
    for (const at of marks.at) {
      const x = Math.round(chart.valToPos(at, 'x', true)) + 0.5;
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.moveTo(x, top);
      ctx.lineTo(x, bottom);
    }
    ctx.stroke();
    ctx.restore();
  };
}

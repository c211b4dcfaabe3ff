// Drawers of small multiples: values of a node over time, as curves, bands, boxes or horizons.

/** @import { Context } from "./drawing.js" */
/** @import { Box, Drawer } from "./row_drawers.js" */
/** @import { Numbers, Row } from "./rows.js" */
/** @import { TimeAxis } from "./time_axis.js" */
import { drawRun, fillRun, runs } from "./column_runs.js"
import { Track } from "./column_track.js"
import { strokeThrough } from "./drawing.js"
import { drawScale, heightOf, transform } from "./multiple_scale.js"
import { clipTo, drawEdge, drawGround } from "./row_drawers.js"
import { LIGHT_SERIES, pale, theme, themed } from "./theme.js"
import { number } from "./ticks.js"

// Shades of horizons, from the palest to the farthest.
const HORIZON = {
  light: {
    up: ["#c6dcec", "#7fb2d6", "#2f7fb5", "#0b4f7d", "#062c47"],
    down: ["#fbdcc4", "#f3ac78", "#d9722e", "#a3480f", "#5f2705"],
  },
  dark: {
    up: ["#123a58", "#1f6ea3", "#4aa6dc", "#a3daf8", "#f4fbff"],
    down: ["#4a2411", "#8a3f14", "#d9722e", "#ffb37a", "#ffe9d6"],
  },
}

/**
 * The colour of one of a row's series.
 *
 * @param {Row} row
 * @param {number} [place]
 */
export function seriesColour(row, place = 0) {
  return themed(row.series?.[place]?.colour || LIGHT_SERIES[0])
}

/** @type {Drawer} */
function drawTraces(context, axis, row, data, box) {
  drawScale(context, axis, row, box)
  const y = heightOf(row, box)
  for (const [place, { array }] of data.entries()) {
    const track = new Track(axis, row, array.length)
    context.strokeStyle = seriesColour(row, place)
    context.lineWidth = 1.5
    for (const run of runs(track, [array])) drawRun(context, track, run, array, y)
  }
}

/**
 * Draw a pale band from least to greatest, a darker one between the quartiles, the median a line.
 *
 * @type {Drawer}
 */
function drawSpread(context, axis, row, data, box) {
  drawScale(context, axis, row, box)
  const y = heightOf(row, box)
  const [least, q1, median, q3, most] = data.map(({ array }) => array)
  const track = new Track(axis, row, median.length)
  const colour = seriesColour(row)
  for (const run of runs(track, [least, q1, median, q3, most])) {
    fillRun(context, track, run, [least, most], y, pale(colour, theme.extremes))
    fillRun(context, track, run, [q1, q3], y, pale(colour, theme.quartiles))
    context.strokeStyle = theme.isDark ? theme.ink : theme.median
    context.lineWidth = 1.4
    drawRun(context, track, run, median, y)
  }
}

/**
 * Draw a box between the quartiles and whiskers to the extremes; every n-th of crowded places.
 *
 * @type {Drawer}
 */
function drawBoxes(context, axis, row, data, box) {
  drawScale(context, axis, row, box)
  const y = heightOf(row, box)
  const [least, q1, median, q3, most] = data.map(({ array }) => array)
  const track = new Track(axis, row, median.length)
  const wide = track.edge(track.from + 1) - track.edge(track.from)
  const half = Math.min(9, Math.max(3.6, wide * 0.32))
  const colour = seriesColour(row)
  for (const place of track.apart(11)) {
    if (!Number.isFinite(median[place])) continue
    const x = track.centre(place)
    context.strokeStyle = theme.faint
    context.lineWidth = 1
    strokeThrough(context, [
      [x, y(least[place])],
      [x, y(most[place])],
    ])
    context.fillStyle = theme.paper
    const top = y(q3[place])
    const height = Math.max(1.5, y(q1[place]) - top)
    context.fillRect(x - half, top, 2 * half, height)
    context.fillStyle = pale(colour, 0.45)
    context.fillRect(x - half, top, 2 * half, height)
    context.fillStyle = theme.isDark ? theme.ink : theme.median
    context.fillRect(x - half, y(median[place]) - 0.75, 2 * half, 1.5)
  }
}

/**
 * Fold heights into bands; a darker band is farther from zero. Negative values hang from above in
 * another colour, so that both sides of zero use the whole height.
 *
 * @type {Drawer}
 */
function drawHorizons(context, axis, row, data, box) {
  drawGround(context, axis, box)
  const values = data[0].array
  const track = new Track(axis, row, values.length)
  const isSigned = row.low < 0
  const t = transform(row)
  const base = isSigned ? 0 : t(row.low)
  const reach = (isSigned ? Math.max(t(row.high), -t(row.low)) : t(row.high)) - base || 1
  clipTo(context, axis, box)
  for (let band = 0; band < row.bands; band += 1) {
    for (let place = track.from; place <= track.to; place += 1) {
      if (!Number.isFinite(values[place])) continue
      const far = (t(values[place]) - base) / reach
      const part = Math.min(1, Math.max(0, Math.abs(far) * row.bands - band))
      if (!part) continue
      const height = part * box.height
      const left = track.edge(place)
      const top = far < 0 ? box.top : box.top + box.height - height
      context.fillStyle = horizonShade(far < 0, band, row.bands)
      context.fillRect(left, top, track.edge(place + 1) - left + 0.5, height)
    }
  }
  context.restore()
  drawEdge(context, axis, box)
  nameHorizon(context, axis, row, box)
}

/**
 * The colour of a band. With few bands the middle shades are easier to see than the palest.
 *
 * @param {boolean} isDown
 * @param {number} band
 * @param {number} bands
 */
function horizonShade(isDown, band, bands) {
  const { up, down } = HORIZON[theme.isDark ? "dark" : "light"]
  const step = bands === 1 ? 2 : Math.round((band * 4) / Math.max(1, bands - 1))
  return (isDown ? down : up)[Math.min(4, step)]
}

/**
 * @param {Context} context
 * @param {TimeAxis} axis
 * @param {{ low: number, high: number }} row
 * @param {Box} box
 */
function nameHorizon(context, axis, { low, high }, box) {
  const isSigned = low < 0
  const end = isSigned ? `±${number(Math.max(high, -low))}` : number(high)
  context.fillStyle = theme.faint
  context.textAlign = "right"
  context.fillText(end, axis.left - 6, box.top + 7)
  if (box.height < 26) return
  context.fillText(number(isSigned ? 0 : low), axis.left - 6, box.top + box.height - 6)
}

/**
 * Draw shares over rising thresholds; a higher threshold is darker.
 *
 * @type {Drawer}
 */
function drawShares(context, axis, row, data, box) {
  drawScale(context, axis, row, box)
  const y = heightOf(row, box)
  const names = HORIZON[theme.isDark ? "dark" : "light"].up
  for (const [place, { array }] of data.entries()) {
    const track = new Track(axis, row, array.length)
    /** @type {Numbers["array"]} */
    const floor = new Float32Array(array.length).fill(row.low)
    const colour = names[Math.min(4, Math.round((place * 4) / Math.max(1, data.length - 1)))]
    for (const run of runs(track, [array])) {
      fillRun(context, track, run, [floor, array], y, colour)
    }
  }
}

/** Drawers by the kind of row. @type {Record<string, Drawer>} */
export const MULTIPLE_DRAWERS = {
  traces: drawTraces,
  spread: drawSpread,
  boxes: drawBoxes,
  horizons: drawHorizons,
  shares: drawShares,
}

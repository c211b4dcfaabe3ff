// Drawers: each draws one kind of row into the row's box on the canvas.

/** @import { Context } from "./drawing.js" */
/** @import { Numbers, Row, ScaleRow, Series, Tables } from "./rows.js" */
/** @import { TimeAxis } from "./time_axis.js" */
import { Track } from "./column_track.js"
import { fillShape, strokeThrough } from "./drawing.js"
import { lengthOf } from "./rows.js"
import { pale, theme, themed } from "./theme.js"
import { ticksOf } from "./ticks.js"

/** @typedef {{ top: number, height: number }} Box */
/**
 * @typedef {(
 *   context: Context, axis: TimeAxis, row: any, data: Numbers[], box: Box, tables: Tables
 * ) => void} Drawer
 */

// Least pixels between two ticks with labels.
const TICKS_APART = 12

/**
 * A palette's 256 colours for the page's theme.
 *
 * @param {Tables} tables
 * @param {string} palette
 */
export function tableOf(tables, palette) {
  return tables[palette][theme.isDark ? "dark" : "light"]
}

/** @type {WeakMap<Row, { canvas: OffscreenCanvas, table: Uint32Array }>} */
const painted = new WeakMap()

/**
 * Numbers [y][x], or of one line, as a canvas of that many pixels, made once for each row and
 * palette.
 *
 * @param {Row} row
 * @param {Numbers} numbers
 * @param {Uint32Array} table
 * @param {(value: number) => number} [level] a number's place in the palette
 */
export function picture(row, { array, shape }, table, level = (value) => value) {
  const kept = painted.get(row)
  if (kept && kept.table === table) return kept.canvas
  const width = Math.max(1, lengthOf(shape))
  const height = shape.length > 1 ? Math.max(1, shape[0]) : 1
  const canvas = new OffscreenCanvas(width, height)
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"))
  const image = context.createImageData(width, height)
  const pixels = new Uint32Array(image.data.buffer)
  for (let i = 0; i < array.length; i += 1) pixels[i] = table[level(array[i])]
  context.putImageData(image, 0, 0)
  painted.set(row, { canvas, table })
  return canvas
}

/**
 * Frame a row's box.
 *
 * @param {Context} context
 * @param {TimeAxis} axis
 * @param {Box} box
 */
export function drawEdge(context, axis, box) {
  context.strokeStyle = theme.line
  context.lineWidth = 1
  context.strokeRect(axis.left - 0.5, Math.round(box.top) - 0.5, axis.span + 1, box.height + 1)
}

/**
 * Fill a row's box with the paper's colour, and frame it.
 *
 * @param {Context} context
 * @param {TimeAxis} axis
 * @param {Box} box
 */
export function drawGround(context, axis, box) {
  context.fillStyle = theme.paper
  context.fillRect(axis.left, box.top, axis.span, box.height)
  drawEdge(context, axis, box)
}

/**
 * Clip drawing to a row's box until the context is restored.
 *
 * @param {Context} context
 * @param {TimeAxis} axis
 * @param {Box} box
 */
export function clipTo(context, axis, box) {
  context.save()
  context.beginPath()
  context.rect(axis.left, box.top, axis.span, box.height)
  context.clip()
}

/**
 * Draw a level line across a row's box.
 *
 * @param {Context} context
 * @param {TimeAxis} axis
 * @param {number} y
 */
export function drawLevel(context, axis, y) {
  strokeThrough(context, [
    [axis.left, y],
    [axis.end, y],
  ])
}

/** @type {Drawer} */
function drawImage(context, axis, row, data, box, tables) {
  context.imageSmoothingEnabled = false
  const track = new Track(axis, row, lengthOf(data[0].shape))
  track.blit(context, picture(row, data[0], tableOf(tables, row.palette)), box)
  drawEdge(context, axis, box)
  if (row.threshold) drawTriangles(context, axis, row, data[2].array, box.top + box.height)
}

/**
 * Anomalies, as [place, images]: the places with at least `threshold` anomalous images.
 *
 * @param {Row} row
 * @param {Numbers["array"] | number[]} counts
 * @returns {[number, number][]}
 */
export function marksOf({ threshold }, counts) {
  if (!threshold) return []
  const all = Array.from(counts, (count, place) => /** @type {[number, number]} */ ([place, count]))
  return all.filter(([, count]) => count >= threshold)
}

/**
 * Draw a triangle for each anomaly under a line, larger for more anomalous images. Of those
 * that would cover each other, draw the largest.
 *
 * @param {Context} context
 * @param {TimeAxis} axis
 * @param {Row} row
 * @param {Numbers["array"]} counts
 * @param {number} bottom
 */
export function drawTriangles(context, axis, row, counts, bottom) {
  const track = new Track(axis, row, counts.length)
  const width = Math.max((track.step * axis.span) / axis.count, 4)
  const apart = new Map()
  for (const [place, count] of marksOf(row, counts)) {
    if (place < track.from || place > track.to) continue
    const x = track.centre(place)
    const slot = Math.floor(x / 3)
    if (!(apart.get(slot)?.count >= count)) apart.set(slot, { x, count })
  }
  context.fillStyle = theme.ink
  for (const { x, count } of apart.values()) {
    const size = Math.min(7, 3 + 1.2 * Math.log2(count))
    const half = Math.min(size, width) * 0.75
    const y = bottom + 1
    fillShape(context, [
      [x, y],
      [x - half, y + size],
      [x + half, y + size],
    ])
  }
}

/**
 * Trace a triangle that points at a line of a picture, from its left.
 *
 * @param {Context} context
 * @param {number} x
 * @param {number} y
 */
export function tracePointer(context, x, y) {
  context.beginPath()
  context.moveTo(x, y)
  context.lineTo(x - 6, y - 4)
  context.lineTo(x - 6, y + 4)
  context.closePath()
}

/**
 * Convert a value to its height in a row's box.
 *
 * @param {ScaleRow} row
 * @param {Box} box
 */
export function verticalScale(row, box) {
  const log = Boolean(row.log)
  const low = log ? Math.log10(row.low) : row.low
  const high = log ? Math.log10(row.high) : row.high
  const span = high > low ? high - low : 1
  const top = box.top + 4
  const height = box.height - 8
  return (/** @type {number} */ value) => {
    const v = log ? Math.log10(Math.max(value, row.low)) : value
    return top + height * (1 - (Math.min(Math.max(v, low), high) - low) / span)
  }
}

/**
 * Draw the box of a row of curves: its background, and its ticks with labels.
 *
 * @param {Context} context
 * @param {TimeAxis} axis
 * @param {ScaleRow} row
 * @param {Box} box
 */
function drawFrame(context, axis, row, box) {
  drawGround(context, axis, box)
  const y = verticalScale(row, box)
  context.fillStyle = theme.faint
  context.strokeStyle = theme.grid
  context.textAlign = "right"
  let last = Number.POSITIVE_INFINITY
  for (const [tick, text] of ticksOf(row, box.height)) {
    drawLevel(context, axis, Math.round(y(tick)) + 0.5)
    const at = Math.min(box.top + box.height - 6, Math.max(box.top + 6, y(tick)))
    if (last - at < TICKS_APART) continue
    context.fillText(text, axis.left - 8, at)
    last = at
  }
}

/**
 * Draw a line through points, interrupted by gaps. A point without neighbours is a dot.
 *
 * @param {Context} context
 * @param {([number, number] | null)[]} points
 * @param {string} colour
 * @param {number} width
 */
function drawLine(context, points, colour, width) {
  const isGap = (/** @type {number} */ place) => !points[place]
  context.strokeStyle = context.fillStyle = colour
  context.lineWidth = width
  context.beginPath()
  points.forEach((point, place) => {
    if (point) context[isGap(place - 1) ? "moveTo" : "lineTo"](...point)
  })
  context.stroke()
  points.forEach((point, place) => {
    if (!point || !isGap(place - 1) || !isGap(place + 1)) return
    context.beginPath()
    context.arc(...point, width + 1, 0, 2 * Math.PI)
    context.fill()
  })
}

/**
 * @param {Row} row
 * @param {number} value
 */
function canShow(row, value) {
  return Number.isFinite(value) && !(row.log && value <= 0)
}

/** @type {Drawer} */
function drawLines(context, axis, row, data, box) {
  drawFrame(context, axis, row, box)
  const y = verticalScale(row, box)
  data.forEach(({ array }, place) => {
    const series = row.series[place]
    const track = new Track(axis, row, array.length)
    // Missing values leave no gap: outcomes may be rarer than snapshots.
    /** @type {[number, number][]} */
    const points = []
    for (let at = track.from; at <= track.to; at += 1) {
      if (canShow(row, array[at])) points.push([track.centre(at), y(array[at])])
    }
    drawLine(context, points, themed(series.colour), series.width || 1.4)
  })
}

/**
 * Draw scalars at their iterations: the recorded line pale, the smoothed one over it. Each series
 * has three arrays: places in columns, values, smoothed values.
 *
 * @type {Drawer}
 */
function drawCurves(context, axis, row, data, box) {
  drawFrame(context, axis, row, box)
  const y = verticalScale(row, box)
  clipTo(context, axis, box)
  row.series.forEach((/** @type {Series} */ series, /** @type {number} */ place) => {
    const [at, raw, smooth] = data.slice(3 * place, 3 * place + 3).map(({ array }) => array)
    const colour = themed(series.colour)
    /** @param {Numbers["array"]} values @returns {([number, number] | null)[]} */
    const pointsOf = (values) =>
      Array.from(at, (column, i) =>
        canShow(row, values[i]) ? [axis.centre(column), y(values[i])] : null,
      )
    if (row.smoothed) drawLine(context, pointsOf(raw), pale(colour, 0.32), 1)
    drawLine(context, pointsOf(smooth), colour, 1.5)
  })
  context.restore()
}

/**
 * Draw a diamond for each finding, coloured by severity.
 *
 * @type {Drawer}
 */
function drawMarks(context, axis, row, _data, box) {
  /** @type {Record<string, string>} */
  const colours = { error: theme.pick, warning: theme.warn, info: theme.faint }
  const y = box.top + box.height / 2
  context.strokeStyle = theme.line
  drawLevel(context, axis, y)
  for (const { column, severity } of row.marks) {
    if (!axis.shows(column)) continue
    const x = axis.centre(column)
    context.fillStyle = colours[severity] || colours.info
    fillShape(context, [
      [x, y - 5],
      [x + 4.5, y],
      [x, y + 5],
      [x - 4.5, y],
    ])
  }
}

/** Drawers by the kind of row. @type {Record<string, Drawer>} */
export const ROW_DRAWERS = {
  image: drawImage,
  lines: drawLines,
  marks: drawMarks,
  curves: drawCurves,
}

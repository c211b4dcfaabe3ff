// Drawers of rows whose vertical axis has filters or the bins of a histogram: pixels and ridges.

/** @import { Context } from "./drawing.js" */
/** @import { Box, Drawer } from "./row_drawers.js" */
/** @import { Row, Tables } from "./rows.js" */
/** @import { TimeAxis } from "./time_axis.js" */
import { Track } from "./column_track.js"
import { fitted } from "./drawing.js"
import { clipTo, drawEdge, drawGround, picture, tableOf, tracePointer } from "./row_drawers.js"
import { seriesColour } from "./small_multiples.js"
import { pale, theme } from "./theme.js"

/** A mark on a filter: its line, and the kind of mark. */
/** @typedef {[line: number, kind: "top" | "common" | "picked"]} FilterMark */

/**
 * @typedef {Row & {
 *   palette: string, y_ticks?: [share: number, text: string][],
 *   colours?: [low: string, high: string, title: string],
 * }} PixelRow
 */

const TICKS_APART = 11
// Drawing order of marks that cover each other.
const ORDER = { top: 0, common: 1, picked: 2 }
// Pixels between ridges, and the width of the widest one.
const RIDGES_APART = 30
const RIDGE_REACH = 46

/**
 * @param {Context} context
 * @param {TimeAxis} axis
 * @param {PixelRow} row
 * @param {Box} box
 */
function drawSideTicks(context, axis, row, box) {
  /** @type {number[]} */
  const taken = []
  const room = row.id.startsWith("filters:") ? 12 : 6
  context.fillStyle = theme.faint
  context.textAlign = "right"
  for (const [share, text] of row.y_ticks || []) {
    const wanted = Math.max(box.top + 6, box.top + share * box.height)
    const at = Math.min(box.top + box.height - 5, wanted)
    if (taken.some((other) => Math.abs(other - at) < TICKS_APART)) continue
    taken.push(at)
    context.fillText(text, axis.left - room, at)
  }
}

/** @type {Drawer} */
function drawPixels(context, axis, row, data, box, tables) {
  const [lines, count] = data[0].shape
  // If there are fewer screen lines than image lines, the browser blends them.
  context.imageSmoothingEnabled = lines > box.height * (window.devicePixelRatio || 1)
  const drawn = picture(row, data[0], tableOf(tables, row.palette))
  new Track(axis, row, count).blit(context, drawn, box)
  drawEdge(context, axis, box)
  drawSideTicks(context, axis, row, box)
  if (row.colours) drawColours(context, axis, row, box, tables)
}

/**
 * Draw a row's colour scale under its label: both ends, and the measure.
 *
 * @param {Context} context
 * @param {TimeAxis} axis
 * @param {PixelRow & Required<Pick<PixelRow, "colours">>} row
 * @param {Box} box
 * @param {Tables} tables
 */
function drawColours(context, axis, row, box, tables) {
  const [low, high, title] = row.colours
  const table = tableOf(tables, row.palette)
  const x = 21 + 12 * (row.indent || 0)
  const room = axis.left - x - 50
  const y = box.top + (row.detail ? 38 : 24)
  if (box.height < 40 || room < 40) return
  const wide = Math.min(70, room - 10)
  for (let i = 0; i < wide; i += 1) {
    const rgba = table[Math.floor((i * 254) / wide)]
    context.fillStyle = `rgb(${rgba & 255},${(rgba >> 8) & 255},${(rgba >> 16) & 255})`
    context.fillRect(x + i, y, 1.5, 6)
  }
  context.strokeStyle = theme.line
  context.strokeRect(x - 0.5, y - 0.5, wide + 1, 7)
  context.fillStyle = theme.faint
  context.textAlign = "left"
  context.fillText(fitted(context, `${low} to ${high}`, room), x, y + 15)
  if (box.height >= 62) context.fillText(fitted(context, title, room), x, y + 28)
  if (box.height >= 76 && row.note) {
    context.fillText(fitted(context, row.note, room), x, y + 41)
  }
}

/**
 * Mark filters with triangles next to their lines: top ones hollow, common ones filled. A picked
 * filter also gets a frame around its line.
 *
 * @param {Context} context
 * @param {TimeAxis} axis
 * @param {Box} box
 * @param {FilterMark[]} marks
 * @param {number} lines
 */
export function drawFilterMarks(context, axis, box, marks, lines) {
  for (const [line, kind] of [...marks].sort((a, b) => ORDER[a[1]] - ORDER[b[1]])) {
    const y = box.top + ((line + 0.5) * box.height) / lines
    context.fillStyle = context.strokeStyle = kind === "picked" ? theme.accent : theme.pick
    context.lineWidth = 1.2
    tracePointer(context, axis.left - 2, y)
    if (kind === "top") context.stroke()
    else context.fill()
    if (kind === "picked") {
      const height = Math.max(2, box.height / lines)
      context.strokeRect(axis.left + 0.5, y - height / 2, axis.span - 1, height)
    }
  }
}

/**
 * Draw the distribution at every n-th place as a profile to the right of its iteration. The square
 * root makes the tails visible next to the peak.
 *
 * @type {Drawer}
 */
function drawRidges(context, axis, row, data, box) {
  drawGround(context, axis, box)
  const [bins, count] = data[0].shape
  const values = data[0].array
  const track = new Track(axis, row, count)
  const widest = row.widest || 1
  clipTo(context, axis, box)
  const colour = seriesColour(row)
  for (const place of track.apart(RIDGES_APART)) {
    if (!Number.isFinite(values[place])) continue
    const base = track.edge(place) + 1
    context.beginPath()
    context.moveTo(base, box.top)
    for (let bin = 0; bin < bins; bin += 1) {
      const share = Math.max(0, values[bin * count + place]) / widest
      const x = base + RIDGE_REACH * Math.sqrt(share)
      context.lineTo(x, box.top + (bin * box.height) / bins)
      context.lineTo(x, box.top + ((bin + 1) * box.height) / bins)
    }
    context.lineTo(base, box.top + box.height)
    context.fillStyle = theme.paper
    context.globalAlpha = 0.55
    context.fill()
    context.globalAlpha = 1
    context.fillStyle = pale(colour, 0.3)
    context.fill()
    context.strokeStyle = colour
    context.lineWidth = 1
    context.stroke()
  }
  context.restore()
  drawEdge(context, axis, box)
  drawSideTicks(context, axis, row, box)
}

/** Drawers by the kind of row. @type {Record<string, Drawer>} */
export const PIXEL_DRAWERS = { pixels: drawPixels, ridges: drawRidges }

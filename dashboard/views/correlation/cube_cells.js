// Cells of the cube's faces: find the cell at a position, and describe it in words.

/** @import { Scale } from "./cube_axis.js" */
/** @import { Cells, FacePicture } from "./cube_faces.js" */
/** @import { AxisName, FaceName, ItemWindow } from "./cube_geometry.js" */
import { number } from "../../widgets/ticks.js"
import { NOTHING } from "./cube_faces.js"
import { FACE_AXES } from "./cube_geometry.js"

/** The noun of an item of each axis. @type {Record<AxisName, string>} */
export const AXES = { class: "class", layer: "layer", time: "iteration" }
/** The noun of an unfolded part. @type {Record<AxisName, string>} */
const PARTS = { class: "image", layer: "filter", time: "" }

/**
 * All items of an axis: their labels, which of them are parts, and the one that is unfolded.
 *
 * @typedef {{ labels: string[], parts: number[], open?: string }} Items
 */

/**
 * A cell along one axis, and the items that share it.
 *
 * @typedef {ItemWindow & { cell: number }} Span
 */

/**
 * A cell of a face. `place` is its place among the picture's codes.
 *
 * @typedef {{
 *   name: FaceName, axes: [AxisName, AxisName], ranges: [Span, Span], place: number,
 *   value: number, picture: FacePicture,
 * }} Cell
 */

/**
 * The cell along one axis that holds a share of what is shown.
 *
 * @param {number} share
 * @param {Scale} scale
 * @param {Cells} axis
 * @param {number} cells
 * @returns {Span}
 */
export function spanAt(share, scale, axis, cells) {
  const item = Math.min(scale.last - 1, Math.floor(scale.item(share)))
  const cell = Math.min(cells - 1, Math.max(0, Math.floor((item - axis.first) / axis.step)))
  const first = axis.first + cell * axis.step
  return { cell, first, last: Math.min(first + axis.step, axis.last) }
}

/**
 * The cell under a place of a face.
 *
 * @param {{ name: FaceName, u: number, v: number }} place
 * @param {Record<FaceName, FacePicture>} pictures
 * @param {Record<AxisName, Scale>} scales
 * @returns {Cell}
 */
export function cellAt({ name, u, v }, pictures, scales) {
  const picture = pictures[name]
  const { face } = picture
  const axes = FACE_AXES[name]
  const across = spanAt(u, scales[axes[0]], face.u, face.width)
  const down = spanAt(v, scales[axes[1]], face.v, face.height)
  const place = down.cell * face.width + across.cell
  return { name, axes, ranges: [across, down], place, value: picture.value(place), picture }
}

/**
 * Items of an axis in words.
 *
 * @param {AxisName} axis
 * @param {ItemWindow} range
 * @param {Items} items
 */
export function named(axis, { first, last }, { labels, parts }) {
  const word = parts[first] ? PARTS[axis] : AXES[axis]
  const name = labels[first].startsWith(word) ? labels[first] : `${word} ${labels[first]}`
  return last - first > 1 ? `${name} to ${labels[last - 1]}` : name
}

/**
 * Describe a cell, line by line.
 *
 * @param {Cell} cell
 * @param {Record<AxisName, Items>} items
 */
export function cellWords({ picture, ranges, axes, value, place }, items) {
  const { face, faded } = picture
  const areSeveral = ranges.some(({ first, last }) => last - first > 1)
  const isKnown = !Number.isNaN(value)
  const most = areSeveral ? face.most : ""
  const lines = [
    axes.map((axis, i) => named(axis, ranges[i], items[axis])).join(", "),
    isKnown ? `${face.label}: ${most}${number(value)}` : face.nothing,
  ]
  for (const [name, codes] of picture.also) {
    if (codes[place] !== NOTHING) lines.push(`${name}: ${number(codes[place] / (NOTHING - 1))}`)
  }
  if (face.hatched && isKnown) lines.push(faded?.[place] ? "not significant" : "significant")
  else if (faded?.[place]) lines.push(face.faded_label || "")
  return lines
}

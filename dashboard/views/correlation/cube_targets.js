// The target at a point of the cube's canvas: a navigator, a face, an axis label, or nothing.

/** @import { AxisName, FaceName, Geometry, ItemWindow } from "./cube_geometry.js" */
/** @import { PlacedFace, Point } from "./cube_geometry.js" */
import { faceUnder } from "./cube_geometry.js"

/** A navigator's place: left, top, width and height. */
/** @typedef {[left: number, top: number, wide: number, tall: number]} Bar */

/**
 * @typedef {{ kind: "bar", axis: AxisName }
 *   | { kind: "face", name: FaceName, u: number, v: number }
 *   | { kind: "label", axis: AxisName, share: number, item: number, onCaret: boolean }
 *   | { kind: "nothing" }
 * } Target
 */

/** The drawn navigators, faces, and windows of the axes. */
/**
 * @typedef {{
 *   bars: Partial<Record<AxisName, Bar>>, faces: PlacedFace[], geometry: Geometry,
 *   windows: Record<AxisName, ItemWindow>,
 * }} Scene
 */

// Extent of the labels: left edge, and height below the front face, in pixels.
const LABELS_FROM = 16
const LABELS_BELOW = 60
const CARET = 18

/**
 * @param {Point} place
 * @param {Scene} scene
 * @returns {Target}
 */
export function targetAt(place, { bars, faces, geometry, windows }) {
  const { x, y } = place
  const entries = /** @type {[AxisName, Bar][]} */ (Object.entries(bars))
  for (const [axis, [left, top, wide, tall]] of entries) {
    const isAcross = x >= left - 4 && x < left + wide + 4
    if (isAcross && y >= top - 6 && y < top + tall + 6) return { kind: "bar", axis }
  }
  const face = faceUnder(faces, place)
  if (face) return { kind: "face", ...face }
  const { x: left, y: top, w, h } = geometry
  /** @param {AxisName} axis @param {number} share @param {boolean} onCaret @returns {Target} */
  const label = (axis, share, onCaret) => {
    const { first, last } = windows[axis]
    const item = Math.min(last - 1, first + Math.floor(share * (last - first)))
    return { kind: "label", axis, share, item, onCaret }
  }
  if (x < left && x > LABELS_FROM && y >= top && y < top + h) {
    return label("layer", (y - top) / h, x > left - CARET)
  }
  if (y > top + h && y < top + h + LABELS_BELOW && x >= left && x < left + w) {
    return label("class", (x - left) / w, false)
  }
  return { kind: "nothing" }
}

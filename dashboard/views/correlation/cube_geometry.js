// Geometry of the cube's faces. A matrix [a, b, c, d, e, f] takes (u, v), each 0..1, to the canvas:
// classes run to the right, layers downwards, iterations away from the front.

/** @typedef {"class" | "layer" | "time"} AxisName */
/** @typedef {"front" | "top" | "side"} FaceName */
/** @typedef {[a: number, b: number, c: number, d: number, e: number, f: number]} Matrix */
/** @typedef {{ x: number, y: number }} Point */
/** @typedef {[number, number]} Pair */
/** Items `first` to `last`, without the last. */
/** @typedef {{ first: number, last: number }} ItemWindow */
/** A part of a face: from (u0, v0) to (u1, v1). */
/** @typedef {[u0: number, v0: number, u1: number, v1: number]} Region */
/** @typedef {{ name: FaceName, matrix: Matrix, region: Region }} PlacedFace */
/** @typedef {ReturnType<typeof cubeGeometry>} Geometry */

// The front face starts at the left edge of the timeline's frame.
const MARGIN = { left: 196, right: 70, top: 24, bottom: 86 }
// Cuts fade out early while the cube unfolds: only a solid cube can be cut.
const CUTS_END = 1 / 6
// The least items that a window is zoomed to.
const FEWEST_ITEMS = 4

/**
 * The axes of each face, the one to the right first.
 *
 * @type {Record<FaceName, [AxisName, AxisName]>}
 */
export const FACE_AXES = {
  front: ["class", "layer"],
  top: ["class", "time"],
  side: ["time", "layer"],
}
/** The faces in the order in which they are drawn: the front is before the others. */
export const FACES = /** @type {FaceName[]} */ (["top", "side", "front"])

/**
 * @param {number} from
 * @param {number} to
 * @param {number} share
 */
export function mix(from, to, share) {
  return from + (to - from) * share
}

/**
 * The faces in a stage.
 *
 * @param {number} width of the stage
 * @param {number} height
 * @param {number} flat 0 is the paper's oblique view; 1 folds top and side down on the plane of the
 *   front, so that the top stands over the front's classes and the side next to its layers
 */
export function cubeGeometry(width, height, flat) {
  const { left, right, top, bottom } = MARGIN
  const room = { w: Math.max(120, width - left - right), h: height - top - bottom }
  const deep = { x: Math.min(0.38 * room.w, 340), y: -0.42 * room.h }
  const laid = { x: 0.48 * room.w, y: -0.44 * room.h }
  const gap = 14 * flat
  const up = { x: mix(deep.x, 0, flat), y: mix(deep.y, laid.y, flat) }
  const along = { x: mix(deep.x, laid.x, flat), y: mix(deep.y, 0, flat) }
  const w = mix(room.w - deep.x, room.w - laid.x - gap, flat)
  const h = mix(room.h + deep.y, room.h + laid.y - gap, flat)
  const x = left
  const y = top - up.y + gap
  /** @type {Record<FaceName, Matrix>} */
  const faces = {
    front: [w, 0, 0, h, x, y],
    top: [w, 0, up.x, up.y, x, y - gap],
    side: [along.x, along.y, 0, h, x + w + gap, y],
  }
  return { w, h, x, y, up, along, gap, flat, faces }
}

/**
 * Convert a position on a face to a point of the canvas.
 *
 * @param {Matrix} matrix
 * @param {number} u
 * @param {number} v
 * @returns {Pair}
 */
export function placeOn([a, b, c, d, e, f], u, v) {
  return [a * u + c * v + e, b * u + d * v + f]
}

/**
 * Convert a point of the canvas to a position on a face.
 *
 * @param {Matrix} matrix
 * @param {number} x
 * @param {number} y
 * @returns {Pair}
 */
export function placeUnder([a, b, c, d, e, f], x, y) {
  const det = a * d - b * c
  return [(d * (x - e) - c * (y - f)) / det, (a * (y - f) - b * (x - e)) / det]
}

/**
 * @param {Matrix} matrix
 * @returns {Matrix}
 */
export function inverseOf([a, b, c, d, e, f]) {
  const det = a * d - b * c
  return [d / det, -b / det, -c / det, a / det, (c * f - d * e) / det, (b * e - a * f) / det]
}

/**
 * The three faces of the part of the cube that the cuts leave: classes up to cuts.class, layers
 * from cuts.layer, iterations from cuts.time. Without cuts they are the cube's faces.
 *
 * @param {Geometry} geometry
 * @param {Record<AxisName, number>} cuts
 * @returns {{ isCut: boolean, faces: PlacedFace[] }}
 */
export function cutFaces(geometry, cuts) {
  const strength = Math.max(0, 1 - geometry.flat / CUTS_END)
  const u = 1 - (1 - cuts.class) * strength
  const v = cuts.layer * strength
  const t = cuts.time * strength
  const { front, top, side } = geometry.faces
  const { up, along, w, h } = geometry
  const deep = { x: (up.x + along.x) / 2, y: (up.y + along.y) / 2 }
  return {
    isCut: u < 0.999 || v > 0.001 || t > 0.001,
    faces: [
      { name: "top", matrix: moved(top, 0, h * v), region: [0, t, u, 1] },
      { name: "side", matrix: moved(side, -w * (1 - u), 0), region: [t, v, 1, 1] },
      { name: "front", matrix: moved(front, deep.x * t, deep.y * t), region: [0, v, u, 1] },
    ],
  }
}

/**
 * @param {Matrix} matrix
 * @param {number} x
 * @param {number} y
 * @returns {Matrix}
 */
function moved([a, b, c, d, e, f], x, y) {
  return [a, b, c, d, e + x, f + y]
}

/**
 * The hull's faces, whole.
 *
 * @param {Geometry} geometry
 * @returns {PlacedFace[]}
 */
export function hullFaces(geometry) {
  return FACES.map((name) => ({ name, matrix: geometry.faces[name], region: [0, 0, 1, 1] }))
}

/**
 * The frontmost face under a point, and the position on it.
 *
 * @param {PlacedFace[]} faces
 * @param {Point} point
 */
export function faceUnder(faces, { x, y }) {
  for (const { name, matrix, region } of [...faces].reverse()) {
    const [u, v] = placeUnder(matrix, x, y)
    if (u >= region[0] && u < region[2] && v >= region[1] && v < region[3]) return { name, u, v }
  }
  return null
}

/**
 * A window of an axis moved, within `count` items.
 *
 * @param {ItemWindow} window
 * @param {number} by items
 * @param {number} count
 * @returns {ItemWindow}
 */
export function windowMoved({ first, last }, by, count) {
  const start = Math.min(Math.max(0, first + by), count - (last - first))
  return { first: start, last: start + last - first }
}

/**
 * A window of an axis zoomed about a share of it, within `count` items.
 *
 * @param {ItemWindow} window
 * @param {number} factor
 * @param {number} at
 * @param {number} count
 * @returns {ItemWindow}
 */
export function windowZoomed({ first, last }, factor, at, count) {
  const wanted = Math.round((last - first) * factor)
  const wide = Math.min(count, Math.max(Math.min(FEWEST_ITEMS, count), wanted))
  const anchor = first + at * (last - first)
  const start = Math.min(Math.max(0, Math.round(anchor - at * wide)), count - wide)
  return { first: start, last: start + wide }
}

// The cube's faces, its planes and the keyboard's cursor, drawn on a canvas.

/** @import { Context } from "../../widgets/drawing.js" */
/** @import { Cube } from "./cube.js" */
/** @import { AxisName, FaceName, PlacedFace } from "./cube_geometry.js" */
import { strokeThrough } from "../../widgets/drawing.js"
import { theme } from "../../widgets/theme.js"
import { FACE_AXES, placeOn } from "./cube_geometry.js"

// Opacity of the parts that the planes cut away.
const CUT_AWAY = 0.3
// The least distance between the two lines of a plane.
const PLANE_ROOM = 4

/**
 * Draw the cube: parts that planes cut away are pale, behind the rest.
 *
 * @param {Context} context
 * @param {Cube} cube
 * @param {PlacedFace[]} hull
 */
export function drawCube(context, cube, hull) {
  const { isCut, faces } = cube.cut
  if (isCut) {
    for (const face of hull) paintFace(context, cube, face, CUT_AWAY)
    for (const face of hull) outline(context, face, theme.outline, 1)
    drawPlanes(context, cube)
  }
  for (const face of faces) paintFace(context, cube, face, 1)
  for (const face of faces) outline(context, face, isCut ? theme.pick : theme.outline, 1.2)
  if (!isCut) drawPlanes(context, cube)
  cube.labels.draw(context)
  drawCursor(context, cube)
}

/**
 * @param {Context} context
 * @param {Cube} cube
 * @param {PlacedFace} face
 * @param {number} alpha
 */
function paintFace(context, cube, face, alpha) {
  cube.pictures[face.name].paint(context, face, cube.scales, FACE_AXES[face.name], alpha)
}

/**
 * @param {Context} context
 * @param {PlacedFace} face
 * @param {string} colour
 * @param {number} width
 */
function outline(context, { matrix, region: [u0, v0, u1, v1] }, colour, width) {
  context.strokeStyle = colour
  context.lineWidth = width
  const corners = [
    placeOn(matrix, u0, v0),
    placeOn(matrix, u1, v0),
    placeOn(matrix, u1, v1),
    placeOn(matrix, u0, v1),
  ]
  strokeThrough(context, corners, true)
}

/**
 * Draw the picked class, layer and iteration: lines on both sides of their cells on each hull face.
 *
 * @param {Context} context
 * @param {Cube} cube
 */
function drawPlanes(context, cube) {
  context.strokeStyle = theme.pick
  context.lineWidth = 1
  context.setLineDash(cube.cut.isCut ? [4, 3] : [])
  const entries = /** @type {[FaceName, [AxisName, AxisName]][]} */ (Object.entries(FACE_AXES))
  for (const [name, axes] of entries) {
    for (const [i, axis] of axes.entries()) drawPlane(context, cube, name, axis, i > 0)
  }
  context.setLineDash([])
}

/**
 * Draw both lines of a plane on a face. The lines keep a distance, so that they do not cover thin
 * cells.
 *
 * @param {Context} context
 * @param {Cube} cube
 * @param {FaceName} name
 * @param {AxisName} axis
 * @param {boolean} isDown whether the axis runs down the face
 */
function drawPlane(context, cube, name, axis, isDown) {
  const from = cube.planeOf(axis, 0)
  const to = cube.planeOf(axis, 1)
  if (from === null || to === null) return
  const matrix = cube.geometry.faces[name]
  const long = isDown ? Math.hypot(matrix[2], matrix[3]) : Math.hypot(matrix[0], matrix[1])
  const room = Math.max(0, PLANE_ROOM / long - (to - from)) / 2
  for (const at of [from - room, to + room]) {
    const ends = isDown ? [placeOn(matrix, 0, at), placeOn(matrix, 1, at)] : []
    if (!isDown) ends.push(placeOn(matrix, at, 0), placeOn(matrix, at, 1))
    strokeThrough(context, ends)
  }
}

/**
 * Frame the cell that the keyboard's cursor is on.
 *
 * @param {Context} context
 * @param {Cube} cube
 */
function drawCursor(context, cube) {
  const cell = cube.cursorCell()
  if (!cell) return
  context.strokeStyle = theme.accent
  context.lineWidth = 2
  strokeThrough(context, cube.corners(cell), true)
}

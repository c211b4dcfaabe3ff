// The state of the drawn cube, for tests.

/** @import { Cube } from "./cube.js" */
/** @import { FacePicture } from "./cube_faces.js" */
/** @import { AxisName } from "./cube_geometry.js" */
import { theme } from "../../widgets/theme.js"

/**
 * Describe what is drawn.
 *
 * @param {Cube} cube
 */
export function stateOf(cube) {
  const { geometry, cut, windows, loads, pictures } = cube
  const { picks } = cube.model
  /** @param {AxisName} axis */
  const shown = (axis) => windows[axis].last - windows[axis].first
  /** @param {(face: FacePicture["face"]) => unknown} of */
  const ofFaces = (of) =>
    Object.fromEntries(Object.entries(pictures).map(([name, { face }]) => [name, of(face)]))
  return {
    faces: geometry.faces,
    solid: cut.faces,
    cut: cut.isCut,
    flat: Math.round(100 * cube.flat),
    windows,
    classes: shown("class"),
    layers: shown("layer"),
    iterations: shown("time"),
    cells: ofFaces(({ width, height }) => [width, height]),
    picks: { class_: picks.class, layer: picks.layer, iteration: picks.time },
    titles: ofFaces(({ title }) => title),
    dark: theme.isDark,
    spacing: cube.timeScale.isTrue ? "true" : "ordinal",
    loads,
  }
}

// A face's numbers as a picture in the theme's colours; insignificant cells are pale and hatched.

/** @import { Context } from "../../widgets/drawing.js" */
/** @import { AxisName, Matrix, PlacedFace } from "./cube_geometry.js" */
/** @import { Runs, Scale } from "./cube_axis.js" */
import { pale, theme } from "../../widgets/theme.js"
import { evenRuns, unevenRuns } from "./cube_axis.js"
import { inverseOf, placeOn } from "./cube_geometry.js"

/** The code of a missing value. */
export const NOTHING = 65535
/** Opacity of cells that are not significant or outside the slice. */
export const FADED = 0.3
const HATCHED_AT_MOST = 40000
const MOST_PIXELS = 2048
// Pixels between two stripes.
const STRIPES_APART = 7
const PAPER = { dark: [19, 27, 36], light: [255, 255, 255] }

/**
 * The cells of a face along an axis: the items, and the number of items per cell.
 *
 * @typedef {{ first: number, last: number, step: number }} Cells
 */

/**
 * A face as the server sends it: codes of 16 bits [v, u], and how to decode and colour them.
 *
 * @typedef {{
 *   width: number, height: number, codes: ArrayBuffer, offset: number, scale: number,
 *   low: number, high: number, root: boolean, palette: string, title: string, label: string,
 *   unit: string, most: string, nothing: string, u: Cells, v: Cells, faded?: ArrayBuffer,
 *   faded_label?: string, hatched?: boolean, also?: Record<string, ArrayBuffer>,
 * }} Face
 */

/**
 * Layout of a picture along an axis: start, length and cell size as shares of the window; the
 * cells under each pixel of the picture; and a key that identifies the layout.
 *
 * @typedef {{ at: number, long: number, cell: number, key: string, runs: () => Runs }} Layout
 */

/** @param {ArrayBuffer} bytes */
function codesOf(bytes) {
  return new Uint16Array(new Uint8Array(bytes).slice().buffer)
}

export class FacePicture {
  /**
   * @param {Face} face
   * @param {Record<string, ArrayBuffer>} tables palettes: 256 light and 256 dark colours each
   */
  constructor(face, tables) {
    this.face = face
    this.tables = tables
    this.codes = codesOf(face.codes)
    this.faded = face.faded ? new Uint8Array(face.faded) : null
    this.also = Object.entries(face.also || {}).map(
      ([name, codes]) => /** @type {[string, Uint16Array]} */ ([name, codesOf(codes)]),
    )
    this.key = ""
    /** @type {OffscreenCanvas | undefined} */
    this.picture = undefined
  }

  /** @param {number} place */
  value(place) {
    const code = this.codes[place]
    return code === NOTHING ? Number.NaN : this.face.offset + this.face.scale * code
  }

  /**
   * The level of the palette that shows a value.
   *
   * @param {number} value
   */
  level(value) {
    const stretch = this.face.root ? Math.sqrt : (/** @type {number} */ number) => number
    const low = stretch(this.face.low)
    const high = stretch(this.face.high)
    const share = high > low ? (stretch(value) - low) / (high - low) : 0
    return Math.round(254 * Math.min(1, Math.max(0, share)))
  }

  table() {
    const bytes = new Uint8Array(this.tables[this.face.palette])
    const start = theme.isDark && bytes.length >= 2048 ? 1024 : 0
    return bytes.slice(start, start + 1024)
  }

  /**
   * The cell to draw in each pixel: the strongest of those under it.
   *
   * @param {Runs} across
   * @param {Runs} down
   */
  drawn(across, down) {
    const chosen = new Uint32Array(across.length * down.length)
    let pixel = 0
    for (const [top, bottom] of down) {
      for (const [left, right] of across) {
        chosen[pixel] = this.strongest(top, bottom, left, right)
        pixel += 1
      }
    }
    return chosen
  }

  /**
   * @param {number} top
   * @param {number} bottom
   * @param {number} left
   * @param {number} right
   */
  strongest(top, bottom, left, right) {
    const { width } = this.face
    let best = top * width + left
    if (top === bottom && left === right) return best
    let most = -2
    for (let row = top; row <= bottom; row += 1) {
      for (let column = left; column <= right; column += 1) {
        const place = row * width + column
        const found = this.strength(place)
        if (found > most) {
          most = found
          best = place
        }
      }
    }
    return best
  }

  /** @param {number} place */
  strength(place) {
    if (this.codes[place] === NOTHING) return -1
    const kept = this.faded?.[place] ? 0 : 1e6
    return kept + Math.abs(this.value(place))
  }

  /**
   * The picture, cached until its key changes.
   *
   * @param {Layout} across
   * @param {Layout} down
   */
  canvas(across, down) {
    const key = `${theme.isDark} ${across.key} ${down.key}`
    if (this.picture && this.key === key) return this.picture
    this.key = key
    const [columns, rows] = [across.runs(), down.runs()]
    const chosen = this.drawn(columns, rows)
    const width = columns.length
    const height = rows.length
    const table = this.table()
    const image = new ImageData(width, height)
    const paper = PAPER[theme.isDark ? "dark" : "light"]
    for (const [pixel, place] of chosen.entries()) {
      const level = this.codes[place] === NOTHING ? 255 : this.level(this.value(place))
      const strength = this.faded?.[place] ? FADED : 1
      for (let channel = 0; channel < 3; channel += 1) {
        const colour = strength * table[4 * level + channel] + (1 - strength) * paper[channel]
        image.data[4 * pixel + channel] = Math.round(colour)
      }
      image.data[4 * pixel + 3] = 255
    }
    this.picture = new OffscreenCanvas(width, height)
    this.picture.getContext("2d")?.putImageData(image, 0, 0)
    return this.picture
  }

  /** The ramp of the legend. */
  gradient() {
    const table = this.table()
    const stops = []
    for (let level = 0; level <= 254; level += 127 / 8) {
      const at = 4 * Math.round(level)
      stops.push(`rgb(${table[at]},${table[at + 1]},${table[at + 2]})`)
    }
    return `linear-gradient(to right, ${stops.join(",")})`
  }

  /**
   * Draw the part of the picture that a region of the face shows.
   *
   * @param {Context} context
   * @param {PlacedFace} face
   * @param {Record<AxisName, Scale>} scales
   * @param {[AxisName, AxisName]} axes
   * @param {number} alpha
   */
  paint(context, { matrix, region }, scales, [u, v], alpha) {
    const { face } = this
    const [wide, tall] = pixelsOf(matrix)
    const across = layoutOf(face.u, face.width, scales[u], wide)
    const down = layoutOf(face.v, face.height, scales[v], tall)
    context.save()
    context.transform(...matrix)
    context.beginPath()
    context.rect(region[0], region[1], region[2] - region[0], region[3] - region[1])
    context.clip()
    context.globalAlpha = alpha
    context.imageSmoothingEnabled = false
    const picture = this.canvas(across, down)
    context.drawImage(picture, across.at, down.at, across.long, down.long)
    if (this.faded && face.hatched) this.hatch(context, matrix, across, down)
    context.restore()
  }

  /**
   * Draw stripes over insignificant cells, with the same slant and distance on every face.
   *
   * @param {Context} context
   * @param {Matrix} matrix
   * @param {Layout} across
   * @param {Layout} down
   */
  hatch(context, matrix, across, down) {
    const { faded, face } = this
    if (!faded || this.codes.length > HATCHED_AT_MOST) return
    const [w, h] = [across.cell, down.cell]
    context.beginPath()
    for (let row = 0; row < face.height; row += 1) {
      for (let column = 0; column < face.width; column += 1) {
        if (!faded[row * face.width + column]) continue
        context.rect(across.at + column * w, down.at + row * h, w, h)
      }
    }
    context.clip()
    context.transform(...inverseOf(matrix))
    const { left, right, top, bottom } = boundsOf(matrix)
    context.beginPath()
    for (let at = left - (bottom - top); at < right; at += STRIPES_APART) {
      context.moveTo(at, bottom)
      context.lineTo(at + bottom - top, top)
    }
    context.strokeStyle = pale(theme.faint, 0.4)
    context.lineWidth = 0.8
    context.stroke()
  }
}

/**
 * Screen pixels along each axis of a face; a sheared face has fewer.
 *
 * @param {Matrix} matrix
 */
function pixelsOf([a, b, c, d]) {
  const area = Math.abs(a * d - b * c) * (window.devicePixelRatio || 1)
  return [area / Math.hypot(c, d), area / Math.hypot(a, b)]
}

/**
 * The rectangle around a face on the canvas.
 *
 * @param {Matrix} matrix
 */
function boundsOf(matrix) {
  const corners = [
    placeOn(matrix, 0, 0),
    placeOn(matrix, 1, 0),
    placeOn(matrix, 0, 1),
    placeOn(matrix, 1, 1),
  ]
  const xs = corners.map(([x]) => x)
  const ys = corners.map(([, y]) => y)
  return {
    left: Math.min(...xs),
    right: Math.max(...xs),
    top: Math.min(...ys),
    bottom: Math.max(...ys),
  }
}

/**
 * Lay a picture's cells out along an axis.
 *
 * @param {Cells} axis
 * @param {number} cells
 * @param {Scale} scale
 * @param {number} pixels of the axis on the screen
 * @returns {Layout}
 */
export function layoutOf(axis, cells, scale, pixels) {
  const at = scale.edge(axis.first)
  if (!scale.isTrue) {
    const long = (cells * axis.step) / (scale.last - scale.first)
    const step = Math.max(1, Math.ceil(cells / Math.max(1, pixels * long)))
    const drawn = Math.ceil(cells / step) * step
    const runs = () => evenRuns(cells, step)
    return { at, long: (long * drawn) / cells, cell: long / cells, key: `${step}`, runs }
  }
  const edges = Array.from({ length: cells + 1 }, (_, cell) =>
    scale.edge(Math.min(axis.last, axis.first + cell * axis.step)),
  )
  const long = edges[cells] - at
  // Rounded, so that a turning cube is not drawn again for every pixel.
  const steps = Math.max(1, Math.floor((pixels * long) / 32))
  const count = Math.min(MOST_PIXELS, 32 * steps)
  const runs = () => unevenRuns(edges, count)
  return { at, long, cell: long / cells, key: `true ${count}`, runs }
}

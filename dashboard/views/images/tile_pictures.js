// An image, and its outcomes over the run, as canvases. Images are drawn at whole multiples of
// their pixels, so that eight by eight pixels stay eight by eight squares.

import { make } from "../../widgets/dom.js"
import { contextOf } from "../../widgets/drawing.js"
import { RIGHT } from "../../widgets/outcome_levels.js"
import { channels } from "../../widgets/theme.js"

// Pixels of the longest side of an image.
const SIDES = { grid: 72, list: 32 }

/**
 * Screen pixels per image pixel: a whole number, or one divided by a whole number.
 *
 * @param {number} longest pixels of the image's longest side
 * @param {number} side pixels of the screen
 */
export function wholeScale(longest, side) {
  return longest <= side ? Math.floor(side / longest) : 1 / Math.ceil(longest / side)
}

/**
 * RGBA of one image among several.
 *
 * @param {Uint8Array} bytes [image, y, x, channel]
 * @param {[y: number, x: number, channels: number]} shape grey, RGB or RGBA
 * @param {number} place
 */
export function colours(bytes, [height, width, count], place) {
  const pixels = width * height
  const image = bytes.subarray(place * pixels * count, (place + 1) * pixels * count)
  const rgba = new Uint8ClampedArray(4 * pixels)
  for (let i = 0; i < pixels; i += 1) {
    for (let c = 0; c < 3; c += 1) rgba[4 * i + c] = image[i * count + (count < 3 ? 0 : c)]
    rgba[4 * i + 3] = count === 4 ? image[4 * i + 3] : 255
  }
  return rgba
}

/**
 * One image among several.
 *
 * @param {Uint8Array} bytes
 * @param {[y: number, x: number, channels: number]} shape
 * @param {number} place
 * @param {keyof typeof SIDES} layout
 */
export function pictureCanvas(bytes, shape, place, layout) {
  const [height, width] = shape
  const scale = wholeScale(Math.max(height, width), SIDES[layout])
  const canvas = make("canvas", { width, height })
  canvas.style.width = `${width * scale}px`
  canvas.style.height = `${height * scale}px`
  if (scale < 1) canvas.style.imageRendering = "auto"
  const image = new ImageData(colours(bytes, shape, place), width, height)
  contextOf(canvas).putImageData(image, 0, 0)
  return canvas
}

/**
 * Outcomes of an image as one line of colours from wrong to right.
 *
 * @param {Uint8Array} levels
 * @param {number} columns
 */
export function historyCanvas(levels, columns) {
  const canvas = make("canvas", { class: "dt-history", width: columns, height: 1 })
  const style = getComputedStyle(document.documentElement)
  /** @param {string} name @param {string} other */
  const read = (name, other) => channels(style.getPropertyValue(name).trim() || other)
  const wrong = read("--dt-wrong", "#c2410c")
  const right = read("--dt-right", "#dbe9f4")
  const missing = read("--dt-missing", "#e2e5e9")
  const context = contextOf(canvas)
  const image = context.createImageData(columns, 1)
  for (const [i, level] of levels.entries()) {
    const mixed = wrong.map((from, c) => Math.round(from + ((right[c] - from) * level) / RIGHT))
    image.data.set([...(level > RIGHT ? missing : mixed), 255], 4 * i)
  }
  context.putImageData(image, 0, 0)
  return canvas
}

// Saving files, and copying text to the clipboard.

import { make } from "../widgets/dom.js"
import { contextOf } from "../widgets/drawing.js"

// Milliseconds after which the browser has read the file.
const READ_AFTER = 10000

/**
 * Save a file.
 *
 * @param {Blob | null} blob
 * @param {string} name
 */
export function save(blob, name) {
  const href = URL.createObjectURL(/** @type {Blob} */ (blob))
  make("a", { href, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(href), READ_AFTER)
}

/**
 * Put a text on the clipboard.
 *
 * @param {string} text
 */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    const field = make("textarea")
    field.value = text
    document.body.append(field)
    field.select()
    document.execCommand("copy")
    field.remove()
  }
}

/**
 * Convert graphics to a PNG of twice the screen's resolution.
 *
 * @param {{ width: number, height: number, file: Blob }} graphics
 * @returns {Promise<Blob | null>}
 */
export async function rasterised({ width, height, file }) {
  const picture = new Image(width, height)
  picture.src = URL.createObjectURL(file)
  await picture.decode()
  URL.revokeObjectURL(picture.src)
  const canvas = make("canvas", { width: 2 * width, height: 2 * height })
  contextOf(canvas).drawImage(picture, 0, 0, canvas.width, canvas.height)
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"))
}

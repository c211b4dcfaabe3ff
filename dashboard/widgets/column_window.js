// Windows of columns, moved and zoomed: both their ends are shown.

/** @typedef {{ first: number, last: number }} Columns */

/**
 * A window moved, within columns 0 to `most`.
 *
 * @param {Columns} window
 * @param {number} by columns
 * @param {number} most
 * @returns {Columns}
 */
export function columnsMoved({ first, last }, by, most) {
  const step = Math.min(most - last, Math.max(-first, by))
  return { first: first + step, last: last + step }
}

/**
 * A window of `count` columns that keeps a column under the pointer, within columns 0 to `most`.
 *
 * @param {number} count
 * @param {{ held: number, share: number }} pointer the column, and its share of the axis' length
 * @param {number} most
 * @returns {Columns}
 */
export function columnsAbout(count, { held, share }, most) {
  const start = Math.max(0, Math.round(held + 0.5 - share * count))
  const first = Math.min(most + 1 - count, start)
  return { first, last: first + count - 1 }
}

/**
 * The index of the place whose pixel is nearest to x; -1 without places. Places must rise.
 *
 * @param {ArrayLike<number>} places
 * @param {number} x
 * @param {(place: number) => number} pixel
 */
export function nearest(places, x, pixel) {
  if (!places.length) return -1
  let low = 0
  let high = places.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (pixel(places[middle]) < x) low = middle + 1
    else high = middle
  }
  const before = Math.max(0, low - 1)
  const apart = (/** @type {number} */ i) => Math.abs(pixel(places[i]) - x)
  return apart(before) < apart(low) ? before : low
}

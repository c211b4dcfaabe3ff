// Sorting of table rows by a column.

/**
 * The places of rows, sorted by a column: numbers by size, text by its letters and numbers, missing
 * values last.
 *
 * @param {unknown[][]} rows cells, or objects with the `value` that sorts
 * @param {{ column: number, sign: number }} by column -1 keeps the rows' own order
 */
export function sortedPlaces(rows, { column, sign }) {
  const places = rows.map((_, place) => place)
  if (column < 0) return places
  const words = new Intl.Collator("en", { numeric: true })
  /** @param {any} a @param {any} b */
  const compare = (a, b) => {
    if (a === b) return 0
    if (a === null) return 1
    if (b === null) return -1
    return sign * (typeof a === "number" && typeof b === "number" ? a - b : words.compare(a, b))
  }
  /** @param {number} place */
  const cell = (place) => {
    const found = /** @type {any} */ (rows[place][column] ?? null)
    return found?.value ?? found
  }
  return places.sort((a, b) => compare(cell(a), cell(b)) || a - b)
}

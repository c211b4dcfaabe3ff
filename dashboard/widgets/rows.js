// Rows of charts as the server sends them, and unpacking of their numbers.

const DTYPES = { u1: Uint8Array, u2: Uint16Array, f4: Float32Array }

/**
 * Numbers of one or several lines: [column] or [line, column].
 *
 * @typedef {{ array: Uint8Array | Uint16Array | Float32Array, shape: number[] }} Numbers
 */

/**
 * A curve of a row, in a colour of the light theme.
 *
 * @typedef {{ name: string, colour: string, width?: number }} Series
 */

/**
 * A row of a chart. `Row` in rows.py and the drawers document which kinds have which properties.
 *
 * @typedef {object} Row
 * @property {string} id
 * @property {string} kind
 * @property {number} height
 * @property {{ offset: number, dtype: keyof typeof DTYPES, shape: number[] }[]} arrays
 * @property {number} stamp
 * @property {string} [label]
 * @property {string} [detail] smaller, under or after the label
 * @property {string[]} [details] the same detail, in decreasing length
 * @property {string[]} [notes]
 * @property {string} [note]
 * @property {string} [title] shown at the label
 * @property {number} [indent]
 * @property {"open" | "closed" | ""} [toggle]
 * @property {boolean} [strong]
 * @property {boolean} [faint]
 * @property {number} [label_room] pixels between the label and the chart
 * @property {number} [gap] pixels to the next row
 * @property {number} [top] pixels from the top of all rows
 * @property {number} [column0] the column of the first place
 * @property {number} [step] columns per place
 * @property {number} [low] of the vertical scale, as `high`
 * @property {number} [high]
 * @property {boolean} [log]
 * @property {boolean} [whole] only whole numbers are ticks
 * @property {boolean} [hide_scale]
 * @property {string} [palette]
 * @property {number} [threshold] anomalous images that make a mark
 * @property {Series[]} [series]
 * @property {Series[]} [legend]
 * @property {boolean} [smoothed]
 * @property {{ column: number, severity: string, text: string }[]} [marks]
 * @property {string[]} [line_labels]
 * @property {string} [value_label]
 * @property {Record<string, string>} [value_names]
 */

/** @typedef {Row & { low: number, high: number }} ScaleRow */

/** A row's position in a chart. @typedef {{ row: Row, top: number, height: number }} RowBox */

/** Colours by palette: 256 each, light and dark. */
/** @typedef {Record<string, { light: Uint32Array, dark: Uint32Array }>} Tables */

/**
 * Unpack a row's numbers.
 *
 * @param {Row} row
 * @param {ArrayBuffer} buffer
 * @returns {Numbers[]}
 */
export function unpacked(row, buffer) {
  return (row.arrays || []).map(({ offset, dtype, shape }) => {
    const size = shape.reduce((a, b) => a * b, 1)
    return { array: new DTYPES[dtype](buffer, offset, size), shape }
  })
}

/**
 * Number of places of a line.
 *
 * @param {number[]} shape
 */
export function lengthOf(shape) {
  return shape[shape.length - 1]
}

/**
 * Convert palettes to the colours of a picture.
 *
 * @param {Record<string, ArrayBuffer>} palettes 256 light and then 256 dark RGBA colours each
 * @returns {Tables}
 */
export function tablesOf(palettes) {
  const both = Object.entries(palettes).map(([name, table]) => {
    const colours = new Uint32Array(new Uint8Array(table).slice().buffer)
    return [name, { light: colours.subarray(0, 256), dark: colours.subarray(256) }]
  })
  return Object.fromEntries(both)
}

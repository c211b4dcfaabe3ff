// Content of a table's cells, by the kind of the column.

import { make } from "./dom.js"

/** @typedef {"text" | "number" | "severity" | "link" | "curve" | "severities"} Kind */

const SVG = "http://www.w3.org/2000/svg"

/**
 * Make an SVG element.
 *
 * @param {string} tag
 * @param {Record<string, string>} attributes
 */
function svg(tag, attributes) {
  const made = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  return made
}

/**
 * @param {string} severity
 * @param {string | number} text
 */
function chip(severity, text) {
  return make("span", { class: `severity ${severity}` }, String(text))
}

/**
 * Write a text or number.
 *
 * @param {any} value
 * @returns {string}
 */
export function written(value) {
  if (typeof value !== "number") return String(value ?? "")
  return value.toLocaleString("en", { maximumFractionDigits: 4 })
}

/**
 * Draw a small curve with its text; a single point is drawn as a dot.
 *
 * @param {{ points: [number, number][], text: string, title: string }} cell
 */
function curve({ points, text, title }) {
  const look = { viewBox: "0 0 1 1", preserveAspectRatio: "none" }
  const chart = svg("svg", { ...look, role: "img", "aria-label": title })
  const line = points.length > 1 ? points : [...points, ...points]
  const places = line.map((point) => point.join(",")).join(" ")
  chart.append(svg("polyline", { points: places }))
  return make("span", { title }, chart, text)
}

/** @param {{ counts: Record<string, string> }} cell by severity, in words */
function severities({ counts }) {
  const found = Object.entries(counts).map(([severity, count]) => chip(severity, count))
  return make("span", {}, ...(found.length ? found : ["none"]))
}

/** @type {Record<string, (value: any) => Node | string>} */
const CELLS = {
  severity: (name) => chip(name, name),
  link: ({ value, href }) => make("a", { href }, value),
  curve,
  severities,
}

/**
 * The content of a cell.
 *
 * @param {Kind} kind
 * @param {unknown} value null if the cell is empty
 */
export function contentOf(kind, value) {
  return value === null ? written(value) : (CELLS[kind] || written)(value)
}

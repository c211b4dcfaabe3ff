// What a cell of a table holds, by the kind of its column.

import { make } from "./dom.js"

/** @typedef {"text" | "number" | "severity" | "link" | "curve" | "severities"} Kind */

const SVG = "http://www.w3.org/2000/svg"

/**
 * An element of a drawing.
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
 * A text or number in words.
 *
 * @param {any} value
 * @returns {string}
 */
export function written(value) {
  if (typeof value !== "number") return String(value ?? "")
  return value.toLocaleString("en", { maximumFractionDigits: 4 })
}

/**
 * A small curve with its text; a line from a point alone to itself is a dot.
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
 * What a cell holds.
 *
 * @param {Kind} kind
 * @param {unknown} value null where there is nothing
 */
export function contentOf(kind, value) {
  return value === null ? written(value) : (CELLS[kind] || written)(value)
}

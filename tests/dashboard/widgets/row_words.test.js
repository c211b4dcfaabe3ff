import assert from "node:assert/strict"
import { test } from "node:test"
import { rowWords } from "../../../dashboard/widgets/row_words.js"

const ITERATIONS = [0, 10, 20, 30]
const POINTER = { x: 2, pixel: (/** @type {number} */ column) => column }

/**
 * @param {Partial<import("../../../dashboard/widgets/rows.js").Row>} values
 * @param {import("../../../dashboard/widgets/rows.js").Numbers[]} data
 * @param {{ line?: number, column?: number }} [place]
 */
function told(values, data, { line = -1, column = 2 } = {}) {
  const row = { id: "r", kind: "none", height: 20, arrays: [], stamp: 0, label: "conv1", ...values }
  return rowWords({ box: { row, top: 0, height: 20 }, line, column }, data, ITERATIONS, POINTER)
}

test("a place of a picture tells its line, its iteration and its value", () => {
  const levels = { array: new Uint8Array([0, 10, 20, 255, 40, 50, 60, 70]), shape: [2, 4] }
  const values = { array: new Float32Array([0, 1, 2, 3, 4, 5, 6.5, 7]), shape: [2, 4] }
  const row = { kind: "image", line_labels: ["first", "second"], value_label: "weight" }
  assert.deepEqual(told(row, [levels, values], { line: 1 }), [
    "second, iteration 20",
    "weight: 6.5",
  ])
  assert.deepEqual(told(row, [levels, values], { line: 0, column: 3 }), [
    "first, iteration 30",
    "not recorded",
  ])
})

test("outcomes are told in words, with the anomalous images under them", () => {
  const levels = { array: new Uint8Array([0, 127, 254, 255]), shape: [4] }
  const counts = { array: new Float32Array([0, 0, 7, 0]), shape: [4] }
  const row = { kind: "image", palette: "outcome", threshold: 3 }
  const at = (/** @type {number} */ column) => told(row, [levels, levels, counts], { column })
  assert.deepEqual(at(0).slice(1), ["wrong"])
  assert.deepEqual(at(1).slice(1), ["right at 50 % of them"])
  assert.deepEqual(at(2).slice(1), ["right", "7 anomalous"])
  assert.deepEqual(at(3).slice(1), ["not recorded"])
})

test("a curve tells the recorded value beside the smoothed one, at the nearest iteration", () => {
  const [places, raw, smooth] = [
    [0.5, 1.75, 3],
    [4, 5, 6],
    [4, 4.5, 5],
  ].map((numbers) => ({ array: new Float32Array(numbers), shape: [3] }))
  const series = [{ name: "loss", colour: "#0072B2" }]
  const curves = { kind: "curves", series }
  assert.deepEqual(told(curves, [places, raw, smooth]).slice(1), ["loss: 5"])
  assert.deepEqual(told({ ...curves, smoothed: true }, [places, raw, smooth]).slice(1), [
    "loss: 4.5 (recorded 5)",
  ])
})

test("findings of the iteration are told, and no others", () => {
  const marks = [
    { column: 2, severity: "error", text: "loss spike" },
    { column: 3, severity: "info", text: "dead filter" },
  ]
  assert.deepEqual(told({ kind: "marks", marks }, []).slice(1), ["loss spike"])
})

test("lines are told by their series' names", () => {
  const lines = [[1, 2, 3, 4]].map((numbers) => ({
    array: new Float32Array(numbers),
    shape: [4],
  }))
  const series = [{ name: "images", colour: "#0072B2" }]
  assert.deepEqual(told({ kind: "lines", series }, lines).slice(1), ["images: 3"])
})

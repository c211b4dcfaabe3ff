import assert from "node:assert/strict"
import { test } from "node:test"
import { boxAt, lineAt } from "../../../dashboard/widgets/time_chart.js"

/** @param {string} id @param {number} top @param {number} height @param {number} [gap] */
const box = (id, top, height, gap) => ({
  row: { id, kind: "image", height, arrays: [], stamp: 0, gap },
  top,
  height,
})
const BOXES = [box("a", 4, 20), box("b", 28, 30, 12), box("c", 70, 10)]

test("a height belongs to the row that it lies in, or to the gap under it", () => {
  const at = (/** @type {number} */ y) => boxAt(BOXES, y)?.row.id
  assert.equal(at(4), "a")
  assert.equal(at(23), "a")
  assert.equal(at(25), "a")
  assert.equal(at(28), "b")
  assert.equal(at(58 + 11), "b")
  assert.equal(at(75), "c")
  assert.equal(at(200), undefined)
  assert.equal(at(0), undefined)
})

test("a line is found by its share of the row's height, and the last one ends the row", () => {
  assert.equal(lineAt(BOXES[0], 5, 4), 0)
  assert.equal(lineAt(BOXES[0], 5, 8.1), 1)
  assert.equal(lineAt(BOXES[0], 5, 24), 4)
  assert.equal(lineAt(BOXES[0], 5, 26), 4)
  assert.equal(lineAt(BOXES[0], 0, 10), -1)
})

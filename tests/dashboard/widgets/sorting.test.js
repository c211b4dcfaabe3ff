import assert from "node:assert/strict"
import { test } from "node:test"
import { sortedPlaces } from "../../../dashboard/widgets/sorting.js"

const ROWS = [
  ["conv10", 5, { value: 2, text: "b" }],
  ["conv2", null, null],
  ["fc", 12, { value: 1, text: "a" }],
  ["conv1", 5],
]

test("without a column rows keep their order", () => {
  assert.deepEqual(sortedPlaces(ROWS, { column: -1, sign: 1 }), [0, 1, 2, 3])
})

test("words are sorted by the numbers in them", () => {
  assert.deepEqual(sortedPlaces(ROWS, { column: 0, sign: 1 }), [3, 1, 0, 2])
  assert.deepEqual(sortedPlaces(ROWS, { column: 0, sign: -1 }), [2, 0, 1, 3])
})

test("numbers are sorted by size, equal ones by their place, what is missing last", () => {
  assert.deepEqual(sortedPlaces(ROWS, { column: 1, sign: 1 }), [0, 3, 2, 1])
  assert.deepEqual(sortedPlaces(ROWS, { column: 1, sign: -1 }), [2, 0, 3, 1])
})

test("a cell of several parts is sorted by its value", () => {
  assert.deepEqual(sortedPlaces(ROWS, { column: 2, sign: 1 }), [2, 0, 1, 3])
})

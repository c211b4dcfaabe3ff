import assert from "node:assert/strict"
import { test } from "node:test"
import { runs } from "../../../dashboard/widgets/column_runs.js"

const { NaN: none } = Number

test("runs are broken where any of the series has no number", () => {
  const a = [1, 2, none, 4, 5, none, 7]
  const b = [1, 2, 3, 4, none, none, 7]
  assert.deepEqual(runs({ from: 0, to: 6 }, [a]), [[0, 1], [3, 4], [6]])
  assert.deepEqual(runs({ from: 0, to: 6 }, [a, b]), [[0, 1], [3], [6]])
})

test("runs hold the places that are shown alone", () => {
  assert.deepEqual(runs({ from: 1, to: 2 }, [[1, 2, 3, 4]]), [[1, 2]])
  assert.deepEqual(runs({ from: 0, to: 1 }, [[none, none]]), [])
})

import assert from "node:assert/strict"
import { test } from "node:test"
import { columnAt, isWhole } from "../../../../dashboard/views/weights/raster_pointer.js"

const COLUMNS = { from: [0, 10, 15, 30], to: [10, 15, 30, 31] }

test("a place of the axis is in the column that holds it", () => {
  assert.deepEqual(
    [0, 9.9, 10, 14, 29, 30, 31].map((place) => columnAt(COLUMNS, place)),
    [0, 0, 1, 1, 2, 3, 3],
  )
})

test("outside of the axis there is no column", () => {
  assert.equal(columnAt(COLUMNS, -1), -1)
  assert.equal(columnAt(COLUMNS, 31.5), -1)
  assert.equal(columnAt({ from: [], to: [] }, 3), -1)
})

test("a range is whole when it shows its bounds, whichever way it runs", () => {
  assert.ok(isWhole({ bounds: [0, 100], start: 0, end: 100 }))
  assert.ok(isWhole({ bounds: [0, 100], start: 100, end: 0 }))
  assert.ok(!isWhole({ bounds: [0, 100], start: 5, end: 100 }))
})

import assert from "node:assert/strict"
import { test } from "node:test"
import { columnsAbout, columnsMoved, nearest } from "../../../dashboard/widgets/column_window.js"

test("a window moves as far as the run goes, and keeps its width", () => {
  assert.deepEqual(columnsMoved({ first: 5, last: 9 }, 3, 20), { first: 8, last: 12 })
  assert.deepEqual(columnsMoved({ first: 5, last: 9 }, -30, 20), { first: 0, last: 4 })
  assert.deepEqual(columnsMoved({ first: 5, last: 9 }, 30, 20), { first: 16, last: 20 })
})

test("a zoom keeps the column under the pointer at its place", () => {
  for (const share of [0.1, 0.5, 0.9]) {
    const { first, last } = columnsAbout(11, { held: 50, share }, 100)
    assert.equal(last - first, 10)
    const stands = (50 + 0.5 - first) / 11
    assert.ok(Math.abs(stands - share) <= 1 / 11)
  }
})

test("a zoom stays within the run", () => {
  assert.deepEqual(columnsAbout(101, { held: 3, share: 0.9 }, 100), { first: 0, last: 100 })
  assert.deepEqual(columnsAbout(10, { held: 100, share: 0 }, 100), { first: 91, last: 100 })
  assert.deepEqual(columnsAbout(10, { held: 0, share: 1 }, 100), { first: 0, last: 9 })
})

test("the nearest place is that of a plain search", () => {
  const places = [0, 0.5, 3, 3.25, 9, 20]
  const pixel = (/** @type {number} */ place) => 10 * place
  for (let x = -20; x <= 220; x += 3.7) {
    const apart = places.map((place) => Math.abs(pixel(place) - x))
    assert.equal(apart[nearest(places, x, pixel)], Math.min(...apart))
  }
  assert.equal(nearest([], 5, pixel), -1)
})

import assert from "node:assert/strict"
import { test } from "node:test"
import { placeOf, placeWords, Track } from "../../../dashboard/widgets/column_track.js"
import { TimeAxis } from "../../../dashboard/widgets/time_axis.js"

const ITERATIONS = Array.from({ length: 50 }, (_, i) => 10 * i)
const PLACE = { left: 0, right: 0, width: 500 }

/** @param {number} first @param {number} last */
const axisOf = (first, last) => new TimeAxis({ iterations: ITERATIONS, first, last }, PLACE, false)

test("a track holds the places of the columns that are shown", () => {
  const { from, to } = new Track(axisOf(9, 21), { column0: 4, step: 3 }, 15)
  // Column 9 is in the place of columns 7 to 9, column 21 in that of 19 to 21.
  assert.deepEqual([from, to], [1, 5])
})

test("a track ends with its numbers", () => {
  const { from, to } = new Track(axisOf(0, 49), { column0: 0, step: 10 }, 3)
  assert.deepEqual([from, to], [0, 2])
})

test("places stand where their columns do, within the axis", () => {
  const axis = axisOf(10, 19)
  const track = new Track(axis, { column0: 8, step: 4 }, 10)
  assert.equal(track.edge(1), axis.edge(12))
  assert.equal(track.edge(0), axis.left)
  assert.equal(track.edge(9), axis.end)
  assert.equal(track.centre(1), (axis.edge(12) + axis.edge(16)) / 2)
})

test("places apart keep the distance, the first of them with", () => {
  const track = new Track(axisOf(0, 49), {}, 50)
  const places = [...track.apart(35)]
  assert.equal(places[0], 0)
  for (const [i, place] of places.slice(1).entries()) {
    assert.ok(track.centre(place) - track.centre(places[i]) >= 35)
    assert.ok(track.centre(place - 1) - track.centre(places[i]) < 35)
  }
})

test("the place of a column is told by its iterations", () => {
  assert.equal(placeOf({ column0: 4, step: 3 }, 9), 1)
  assert.equal(placeWords({}, 9, ITERATIONS), "iteration 90")
  assert.equal(placeWords({ column0: 4, step: 3 }, 9, ITERATIONS), "iterations 70 to 90")
  // The last place may be cut short.
  assert.equal(placeWords({ column0: 0, step: 8 }, 49, ITERATIONS), "iterations 480 to 490")
})

import assert from "node:assert/strict"
import { test } from "node:test"
import { TimeAxis } from "../../../dashboard/widgets/time_axis.js"

const ITERATIONS = [0, 10, 20, 40, 80, 160, 320, 321, 400]
const PLACE = { left: 100, right: 20, width: 720 }
const AXES = [false, true].flatMap((isTrue) =>
  [
    { first: 0, last: 8 },
    { first: 2, last: 5 },
    { first: 7, last: 7 },
  ].map((columns) => new TimeAxis({ iterations: ITERATIONS, ...columns }, PLACE, isTrue)),
)

test("an axis begins and ends where its first and last columns do", () => {
  for (const axis of AXES) {
    assert.ok(Math.abs(axis.edge(axis.first) - 100) < 1e-9)
    assert.ok(Math.abs(axis.edge(axis.last + 1) - 700) < 1e-9)
    assert.equal(axis.end, 700)
  }
})

test("a pixel within a column is that column's", () => {
  for (const axis of AXES) {
    for (let column = axis.first; column <= axis.last; column += 1) {
      const [from, to] = [axis.edge(column), axis.edge(column + 1)]
      assert.ok(to > from)
      for (const share of [0.01, 0.5, 0.99]) {
        assert.equal(axis.column(from + share * (to - from)), column)
      }
      assert.equal(axis.column(axis.centre(column)), column)
    }
  }
})

test("pixels outside of the axis are its end columns'", () => {
  for (const axis of AXES) {
    assert.equal(axis.column(0), axis.first)
    assert.equal(axis.column(5000), axis.last)
    assert.ok(!axis.holds(99) && axis.holds(100) && axis.holds(700) && !axis.holds(701))
  }
})

test("ordinal columns are evenly wide, true ones as wide as their time", () => {
  const [ordinal, , , time] = AXES
  const width = (/** @type {TimeAxis} */ axis, /** @type {number} */ column) =>
    axis.edge(column + 1) - axis.edge(column)
  assert.ok(Math.abs(width(ordinal, 1) - width(ordinal, 5)) < 1e-9)
  assert.ok(Math.abs(width(time, 4) / width(time, 1) - 60 / 10) < 1e-9)
})

test("a place between columns lies between their iterations", () => {
  const time = AXES[3]
  assert.ok(Math.abs(time.centre(3.5) - time.pixel(60)) < 1e-9)
})

test("labels rise, keep apart, and name iterations", () => {
  for (const axis of AXES) {
    const labels = axis.labels()
    for (const [i, { x }] of labels.entries()) {
      assert.ok(axis.holds(x))
      if (i) assert.ok(x - labels[i - 1].x >= 60)
    }
    if (!axis.isTrue) assert.ok(labels.every(({ value }) => ITERATIONS.includes(value)))
  }
})

test("a run of one iteration has an axis, and no true spacing", () => {
  const axis = new TimeAxis({ iterations: [7], first: 0, last: 0 }, PLACE, true)
  assert.ok(!axis.isTrue)
  assert.deepEqual(axis.labels(), [{ x: 400, value: 7 }])
})

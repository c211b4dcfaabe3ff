import assert from "node:assert/strict"
import { test } from "node:test"
import { mixed, rampOf } from "../../../dashboard/shell/html_words.js"
import { escaped, product } from "../../../dashboard/shell/svg_context.js"

test("a colour ramp is read from what CSS says of a ground", () => {
  assert.deepEqual(rampOf("linear-gradient(to right, rgb(0, 10, 20), rgba(30, 40, 50, 0.5))"), [
    [0, 10, 20],
    [30, 40, 50],
  ])
  assert.deepEqual(rampOf("linear-gradient(to right, #0072b2, #ffffff)")?.[0], [0, 114, 178])
  assert.equal(rampOf("none"), null)
})

test("a ramp's colours are mixed between its stops", () => {
  const stops = [
    [0, 0, 0],
    [100, 100, 100],
    [100, 200, 0],
  ]
  assert.deepEqual(mixed(stops, 0), [0, 0, 0])
  assert.deepEqual(mixed(stops, 0.25), [50, 50, 50])
  assert.deepEqual(mixed(stops, 0.75), [100, 150, 50])
  assert.deepEqual(mixed(stops, 1), [100, 200, 0])
})

test("a moved and turned context takes points as a canvas does", () => {
  // Moved by (10, 20), then scaled by 2: what is drawn at (3, 4) lies at (16, 28).
  const [a, b, c, d, e, f] = product([1, 0, 0, 1, 10, 20], [2, 0, 0, 2, 0, 0])
  assert.deepEqual([a * 3 + c * 4 + e, b * 3 + d * 4 + f], [16, 28])
})

test("words of a picture cannot end its markup", () => {
  assert.equal(escaped('a < b & "c"'), "a &lt; b &amp; &quot;c&quot;")
})

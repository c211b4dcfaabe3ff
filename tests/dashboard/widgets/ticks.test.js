import assert from "node:assert/strict"
import { test } from "node:test"
import {
  endTicks,
  logTicks,
  number,
  roundTicks,
  scaleTicks,
  ticksOf,
  tickText,
} from "../../../dashboard/widgets/ticks.js"

/** @param {Partial<import("../../../dashboard/widgets/rows.js").Row>} values */
const row = (values) => ({ id: "r", kind: "lines", height: 40, arrays: [], stamp: 0, ...values })

test("a number has four digits, and a power of ten where it is very small or large", () => {
  assert.equal(number(1234.567), "1,235")
  assert.equal(number(0.000123456), "1.23e-4")
  assert.equal(number(2e6), "2.00e+6")
  assert.equal(number(0), "0")
  assert.equal(number(null), "none")
  assert.equal(number(Number.NaN), "none")
})

test("ticks of a linear scale are round, rise and lie within it", () => {
  for (const [low, high] of [
    [0, 1],
    [-3.7, 12],
    [1e-7, 3e-7],
    [1000, 1003],
  ]) {
    for (const ticks of [scaleTicks(low, high, false), roundTicks(low, high, 4)]) {
      assert.ok(ticks.length >= 1 && ticks.length <= 9, `${low} to ${high}: ${ticks}`)
      const steps = ticks.slice(1).map((tick, i) => tick - ticks[i])
      assert.ok(steps.every((step) => Math.abs(step / steps[0] - 1) < 1e-6))
      assert.ok(ticks.every((tick) => tick >= low - 1e-9 && tick <= high * (1 + 1e-9)))
    }
  }
})

test("ticks of a logarithmic scale are powers of ten", () => {
  assert.deepEqual(scaleTicks(0.02, 300, true), [0.1, 10])
  assert.deepEqual(scaleTicks(0.5, 200, true), [1, 10, 100])
})

test("a scale within one power of ten has ticks at 1, 2 and 5 times it", () => {
  assert.deepEqual(logTicks({ low: 0.15, high: 0.6 }), [0.2, 0.5])
})

test("a scale of one value has that one tick", () => {
  assert.deepEqual(scaleTicks(3, 3, false), [3])
  assert.deepEqual(ticksOf(row({ low: 3, high: 3 }), 60), [[3, "3"]])
})

test("the ends of a low row are round values between its own", () => {
  assert.deepEqual(endTicks({ low: 0.00512, high: 1.2345 }), [0.0052, 1.2])
  // Nothing round lies between these two.
  assert.deepEqual(endTicks({ low: 1.011, high: 1.012 }), [1.011, 1.012])
})

test("half an image is no tick", () => {
  const ticks = ticksOf(row({ low: 0, high: 1, whole: true }), 60)
  assert.deepEqual(
    ticks.map(([value]) => value),
    [0, 1],
  )
})

test("a row without a scale has no ticks", () => {
  assert.deepEqual(ticksOf(row({}), 60), [])
  assert.deepEqual(ticksOf(row({ low: 0, high: 1, hide_scale: true }), 60), [])
})

test("a tick has three digits at most", () => {
  assert.equal(tickText(0.00012345), "1.23e-4")
  assert.equal(tickText(12345), "12,300")
})

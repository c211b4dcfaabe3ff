import assert from "node:assert/strict"
import { test } from "node:test"
import {
  heightOf,
  multipleTicks,
  shareOf,
  transform,
} from "../../../dashboard/widgets/multiple_scale.js"

/** @type {import("../../../dashboard/widgets/multiple_scale.js").MultipleScale[]} */
const SCALES = [
  { scale: "linear", low: -2, high: 6 },
  { scale: "log", low: 1e-4, high: 10 },
  { scale: "symlog", low: -100, high: 1000, threshold: 0.5 },
]

test("a scale goes from its low end to its high one, and never back", () => {
  for (const scale of SCALES) {
    const share = shareOf(scale)
    assert.equal(share(scale.low), 0)
    assert.equal(share(scale.high), 1)
    let before = 0
    for (let i = 0; i <= 100; i += 1) {
      const at = share(scale.low + ((scale.high - scale.low) * i) / 100)
      assert.ok(at >= before && at <= 1)
      before = at
    }
  }
})

test("what is beyond a scale's ends stands at them", () => {
  const y = heightOf(SCALES[0], { top: 10, height: 108 })
  assert.deepEqual([y(-50), y(-2), y(6), y(50)], [114, 114, 14, 14])
})

test("a scale on both sides of zero is even about it", () => {
  const t = transform(SCALES[2])
  assert.equal(t(0), 0)
  assert.ok(Math.abs(t(30) + t(-30)) < 1e-12)
})

test("ticks begin with the one nearest to zero and lie within the scale", () => {
  for (const scale of SCALES) {
    for (const height of [40, 90, 300]) {
      const ticks = multipleTicks(scale, height)
      assert.ok(ticks.length >= 1)
      const sizes = ticks.map(Math.abs)
      assert.deepEqual(
        sizes,
        [...sizes].sort((a, b) => a - b),
      )
      assert.ok(ticks.every((tick) => tick >= scale.low - 1e-9 && tick <= scale.high + 1e-9))
    }
  }
  assert.ok(multipleTicks(SCALES[2], 300).includes(500))
})

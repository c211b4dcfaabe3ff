import assert from "node:assert/strict"
import { test } from "node:test"
import { LIGHT_SERIES, pale, theme, themed } from "../../../dashboard/widgets/theme.js"

test("a colour is thinned", () => {
  assert.equal(pale("#0072B2", 0.3), "rgba(0,114,178,0.3)")
})

test("a series has the theme's colour, another colour stays as it is", () => {
  const dark = LIGHT_SERIES.map((_, place) => `#00000${place}`)
  const kept = theme.series
  theme.series = dark
  assert.equal(themed(LIGHT_SERIES[2]), "#000002")
  assert.equal(themed("#123456"), "#123456")
  theme.series = kept
})

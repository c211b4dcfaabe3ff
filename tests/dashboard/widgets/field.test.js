import assert from "node:assert/strict"
import { test } from "node:test"
import { wholeNumber } from "../../../dashboard/widgets/field.js"

test("a typed number is rounded and kept within its bounds", () => {
  assert.equal(wholeNumber("7.6", 1, 50), 8)
  assert.equal(wholeNumber("0", 1, 50), 1)
  assert.equal(wholeNumber("99", 1, 50), 50)
  assert.equal(wholeNumber("-99", null, null), -99)
})

test("what is no number changes nothing", () => {
  assert.equal(wholeNumber("", 1, 50), null)
  assert.equal(wholeNumber("-", 1, 50), null)
})

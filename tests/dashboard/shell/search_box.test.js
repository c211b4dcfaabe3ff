import assert from "node:assert/strict"
import { test } from "node:test"
import { ranked } from "../../../dashboard/shell/search_box.js"

/** @type {import("../../../dashboard/shell/search_box.js").SearchPlace[]} */
const PLACES = [
  ["layer", "layer1.conv1", "a"],
  ["layer", "conv1", "b"],
  ["class", "reconvert", "c"],
  ["layer", "conv10", "d"],
  ["view", "Layers", "e"],
]

test("without words all places are listed", () => {
  assert.deepEqual(ranked(PLACES, ""), PLACES)
})

test("what begins with the words comes first, then words that do, then the rest", () => {
  assert.deepEqual(
    ranked(PLACES, "conv").map(([, label]) => label),
    ["conv1", "conv10", "layer1.conv1", "reconvert"],
  )
})

test("capital letters do not matter, and what does not hold the words is left out", () => {
  assert.deepEqual(
    ranked(PLACES, "layer").map(([, label]) => label),
    ["Layers", "layer1.conv1"],
  )
  assert.deepEqual(ranked(PLACES, "nothing"), [])
})

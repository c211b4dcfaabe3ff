import assert from "node:assert/strict"
import { test } from "node:test"
import {
  cubeGeometry,
  hullFaces,
  placeOn,
} from "../../../../dashboard/views/correlation/cube_geometry.js"
import { targetAt } from "../../../../dashboard/views/correlation/cube_targets.js"

const geometry = cubeGeometry(1100, 620, 0)
const faces = hullFaces(geometry)
const windows = {
  class: { first: 0, last: 10 },
  layer: { first: 5, last: 25 },
  time: { first: 0, last: 50 },
}
const scene = { bars: {}, faces, geometry, windows }
const { x, y, w, h } = geometry

test("a place on a face is the face's", () => {
  const [left, top] = placeOn(geometry.faces.side, 0.5, 0.5)
  const target = targetAt({ x: left, y: top }, scene)
  assert.ok(target.kind === "face" && target.name === "side")
})

test("to the left of the front stand its layers, and their arrows next to it", () => {
  const middle = { x: x - 60, y: y + h / 2 + 1 }
  assert.deepEqual(targetAt(middle, scene), {
    ...{ kind: "label", axis: "layer", item: 15, onCaret: false },
    share: (h / 2 + 1) / h,
  })
  const target = targetAt({ ...middle, x: x - 10 }, scene)
  assert.ok(target.kind === "label" && target.onCaret)
})

test("below the front stand its classes", () => {
  const target = targetAt({ x: x + w - 1, y: y + h + 20 }, scene)
  assert.ok(target.kind === "label" && target.axis === "class" && target.item === 9)
})

test("a navigator lies over everything else", () => {
  /** @type {import("../../../../dashboard/views/correlation/cube_targets.js").Scene} */
  const withBar = { ...scene, bars: { class: [x, y + h + 20, w, 5] } }
  assert.deepEqual(targetAt({ x: x + 5, y: y + h + 18 }, withBar), { kind: "bar", axis: "class" })
})

test("elsewhere there is nothing", () => {
  assert.deepEqual(targetAt({ x: 3, y: 3 }, scene), { kind: "nothing" })
})

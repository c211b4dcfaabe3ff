import assert from "node:assert/strict"
import { test } from "node:test"
import {
  EvenScale,
  evenRuns,
  TimeScale,
  unevenRuns,
} from "../../../../dashboard/views/correlation/cube_axis.js"

const ITERATIONS = [0, 10, 20, 40, 80, 160, 320]
const SCALES = [
  new EvenScale({ first: 2, last: 7 }),
  new TimeScale({ first: 2, last: 7 }, ITERATIONS, false),
  new TimeScale({ first: 2, last: 7 }, ITERATIONS, true),
]

test("a scale begins with its first item and ends after its last", () => {
  for (const scale of SCALES) {
    assert.ok(Math.abs(scale.edge(2)) < 1e-12)
    assert.ok(Math.abs(scale.edge(7) - 1) < 1e-12)
  }
})

test("the middle of an item is within it", () => {
  for (const scale of SCALES) {
    for (let item = 2; item < 7; item += 1) {
      assert.equal(Math.floor(scale.item(scale.centre(item))), item)
    }
  }
})

test("a true scale is as wide as its time", () => {
  const scale = SCALES[2]
  assert.ok(scale.isTrue)
  assert.ok(Math.abs((scale.edge(6) - scale.edge(5)) / (scale.edge(5) - scale.edge(4)) - 2) < 1e-9)
})

test("labels of iterations have room", () => {
  const scale = new TimeScale({ first: 0, last: 7 }, ITERATIONS, true)
  const labels = scale.labels(4)
  assert.ok(labels.length >= 2 && labels.length <= 5)
  for (const [i, { at }] of labels.slice(1).entries()) assert.ok(at - labels[i].at >= 1 / 4 - 1e-9)
})

test("cells that share pixels are all held, once each", () => {
  assert.deepEqual(evenRuns(7, 3), [
    [0, 2],
    [3, 5],
    [6, 6],
  ])
})

test("no cell is lost, however narrow it is", () => {
  const edges = [0, 0.2, 0.21, 0.22, 0.5, 0.500001, 0.9, 1]
  for (const pixels of [3, 8, 40, 400]) {
    const runs = unevenRuns(edges, pixels)
    assert.equal(runs.length, pixels)
    const held = new Set(
      runs.flatMap(([first, last]) =>
        Array.from({ length: last - first + 1 }, (_, i) => first + i),
      ),
    )
    assert.equal(held.size, edges.length - 1, `${pixels} pixels hold ${[...held]}`)
  }
})

import assert from "node:assert/strict"
import { test } from "node:test"
import { listWords } from "../../../dashboard/widgets/list_words.js"

/**
 * @param {Partial<import("../../../dashboard/widgets/row_list.js").ListRow>} values
 * @param {number[]} numbers
 * @param {{ line?: number, column?: number }} [place]
 */
function told(values, numbers, { line = -1, column = 1 } = {}) {
  const row = {
    ...{ id: "3", kind: "heat", height: 20, arrays: [], stamp: 0, top: 0, label: "class 3" },
    ...{ line_labels: ["image 4"], scale_top: 1, own_class: 3, size: 40 },
    ...values,
  }
  const main = { array: new Float32Array(numbers), shape: [numbers.length] }
  const counts = { array: new Float32Array([0, 5]), shape: [2] }
  return listWords({ row, line, column }, [main, counts], [0, 100, 200, 300])
}

test("a class tells its share of wrong images, and how many are anomalous", () => {
  assert.deepEqual(told({}, [0, 0.25]), [
    "class 3, iteration 100",
    "25 % wrong: 10 of 40 images",
    "5 anomalous",
  ])
})

test("of several iterations the worst is told", () => {
  assert.deepEqual(told({ step: 2 }, [0.5, 0], { column: 1 }), [
    "class 3, iterations 0 to 100",
    "up to 50 % wrong: 20 of 40 images",
  ])
})

test("an image tells its outcome, or the predicted class", () => {
  const [title, outcome] = told({ kind: "outcome" }, [0, 254], { line: 0 })
  assert.deepEqual([title, outcome], ["image 4, iteration 100", "right"])
  const names = { 7: "class 7" }
  const label = { kind: "label", value_names: names }
  assert.equal(told(label, [0, 7], { line: 0 })[1], "predicted class 7")
  assert.equal(
    told({ ...label, step: 2 }, [7, 0], { line: 0 })[1],
    "predicted class 7, the last time it was wrong",
  )
})

test("what was not recorded is told so", () => {
  assert.equal(told({}, [0, Number.NaN])[1], "not recorded")
  assert.equal(told({ kind: "outcome" }, [0, 255])[1], "not recorded")
  assert.equal(told({ kind: "label" }, [0, 65535])[1], "not recorded")
})

// Types of the arguments with which Panel calls a component's JavaScript.

/**
 * A component's parameters: read, set, and watched.
 *
 * @template {object} Values
 * @typedef {Values & {
 *   event: object,
 *   on: (names: string | string[], act: () => void) => void,
 * }} Model
 */

/**
 * The argument of `render`: the parameters, and the element to draw in.
 *
 * @template {object} Values
 * @typedef {{ model: Model<Values>, el: HTMLElement }} Place
 */

export {}

// What Panel hands to a component's JavaScript.

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
 * What `render` is called with: the parameters, and the element to draw in.
 *
 * @template {object} Values
 * @typedef {{ model: Model<Values>, el: HTMLElement }} Place
 */

export {}

// Values that the browser stores between visits. If it forbids that, nothing is stored.

/**
 * @param {string} key
 * @param {string} value
 */
export function remember(key, value) {
  try {
    localStorage.setItem(key, value)
  } catch {
    // A browser may forbid it.
  }
}

/** @param {string} key */
export function remembered(key) {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

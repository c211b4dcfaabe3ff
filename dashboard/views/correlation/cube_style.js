// The style of the controls and legend around the cube.

export const CUBE_STYLE = `
:host, :host > div { height: auto !important; }
.dt-cube-bar, .dt-cube-legend { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 10px;
  font: 12px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  color: var(--dt-ink, #1f2933); padding: 2px 0; min-height: 30px; }
.dt-cube-bar label { display: inline-flex; align-items: center; gap: 8px;
  color: var(--dt-faint, #52606d); }
.dt-cube-bar input { width: 118px; accent-color: var(--dt-accent, #0b4f7d); margin: 0; }
.dt-cube-bar button { font: inherit; color: var(--dt-accent, #0b4f7d);
  background: var(--dt-soft, #e8f1f8);
  border: 1px solid var(--dt-softline, #c6dcec); border-radius: 12px; padding: 1px 9px;
  cursor: pointer; }
.dt-cube-bar button.dt-plain { background: transparent; border-color: var(--dt-line, #d9dee4); }
.dt-cube-bar button:hover { border-color: var(--dt-accent, #0b4f7d); }
.dt-cube-bar button:focus-visible, .dt-cube-bar input:focus-visible, canvas:focus-visible {
  outline: 2px solid var(--dt-accent, #0b4f7d); outline-offset: 1px; }
.dt-cube-slices { display: inline-flex; flex-wrap: wrap; gap: 6px; align-items: center; }
.dt-cube-hint { color: var(--dt-faint, #52606d); }
.dt-cube-legend { gap: 2px 22px; padding-bottom: 4px; }
.dt-cube-scale { display: inline-flex; align-items: center; gap: 6px; }
.dt-cube-scale svg { width: 17px; height: 17px; flex: none; }
.dt-cube-scale i { display: inline-block; width: 84px; height: 9px;
  border: 1px solid var(--dt-line, #d9dee4); flex: none; }
.dt-cube-scale i.dt-swatch { width: 14px; height: 12px; }
.dt-cube-scale b { font-weight: 400; color: var(--dt-faint, #52606d);
  font-variant-numeric: tabular-nums; white-space: nowrap; }
.dt-spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
`

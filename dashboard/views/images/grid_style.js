// The style of images as tiles.

export const GRID_STYLE = `
.dt-tiles { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 10px; }
.dt-tiles.list { display: block; }
.dt-tiles li { margin: 0; padding: 0; }
.dt-tiles button { font: inherit; color: var(--dt-ink, #1f2933); background: var(--dt-paper, #fff);
  border: 1px solid var(--dt-line, #d9dee4); border-radius: 5px; cursor: pointer;
  text-align: left; }
.dt-tiles.grid li { display: flex; }
.dt-tiles.grid button { width: 124px; padding: 8px; display: flex; flex-direction: column; }
.dt-tiles.list button { width: 100%; padding: 4px 6px; display: grid; gap: 0 9px;
  align-items: center;
  grid-template-columns: 34px 1fr; border-color: transparent; }
.dt-tiles button:hover { border-color: var(--dt-accent, #0b4f7d); }
.dt-tiles button:focus-visible { outline: 2px solid var(--dt-accent, #0b4f7d);
  outline-offset: 1px; }
.dt-tiles button[aria-pressed=true] { border-color: var(--dt-pick, #b42318);
  box-shadow: inset 0 0 0 1px var(--dt-pick, #b42318); }
.dt-picture { display: flex; align-items: center; justify-content: center; background: #000;
  border-radius: 3px; overflow: hidden; }
.grid .dt-picture { flex: none; align-self: stretch; height: 80px; margin-bottom: 6px; }
.list .dt-picture { height: 34px; width: 34px; grid-row: 1 / span 2; }
.dt-picture canvas { image-rendering: pixelated; display: block; }
.dt-none { background: var(--dt-grid, #eef1f4); color: var(--dt-faint, #52606d); font-size: 11px; }
.dt-title { display: block; font-size: 12px; white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis; }
.dt-caption { display: flex; align-items: center; gap: 5px; font-size: 11px; white-space: nowrap;
  color: var(--dt-faint, #52606d); overflow: hidden; font-variant-numeric: tabular-nums; }
.grid .dt-caption { white-space: normal; overflow-wrap: anywhere; margin-bottom: 5px; }
.grid .dt-title { display: -webkit-box; -webkit-line-clamp: 3; -webkit-box-orient: vertical;
  white-space: normal; overflow-wrap: anywhere; }
.dt-dot { flex: none; width: 8px; height: 8px; border-radius: 50%; box-sizing: border-box; }
.dt-dot.right { border: 2px solid var(--dt-good, #1a7f4b); }
.dt-dot.wrong { background: var(--dt-wrong, #c2410c); }
.dt-history { display: block; width: 100%; height: 7px; margin-top: auto;
  image-rendering: pixelated; }
.list .dt-history { grid-column: 2; height: 5px; margin-top: 2px; }
`

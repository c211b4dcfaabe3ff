// The style of the page's header, and of its dialogs.

export const HEADER_STYLE = `
.dt-header { display: flex; align-items: center; gap: 6px; height: 42px; padding: 0 12px 0 20px;
  background: #12212e; color: #c9d3dc;
  font: 13px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  white-space: nowrap; box-shadow: inset 0 -1px 0 #2b3d4d; }
.dt-brand { color: #fff; font-weight: 700; font-size: 15px; letter-spacing: .2px;
  text-decoration: none; margin-right: 18px; }
.dt-facts { display: flex; gap: 20px; min-width: 0; flex: 1 1 auto; overflow: hidden; }
.dt-facts > * { overflow: hidden; text-overflow: ellipsis; }
.dt-facts h1 { color: #fff; flex: none; font: inherit; font-weight: 700; margin: 0; }
.dt-live { margin-left: 16px; display: inline-flex; align-items: center; gap: 6px;
  font-size: 12px; }
.dt-live::before { content: ""; width: 8px; height: 8px; border-radius: 50%; background: #6f8496; }
.dt-live-following::before { background: #4fc78a; }
.dt-live-new::before { background: #f2b93b; animation: dt-pulse 1s ease-in-out 6; }
.dt-live-new { color: #f6d58c; }
.dt-live-lost::before, .dt-live-away::before { background: #ff7b6b; }
.dt-live-lost, .dt-live-away { color: #ffb4a9; }
@keyframes dt-pulse { 50% { transform: scale(1.7); opacity: .5 } }
@media (prefers-reduced-motion: reduce) { .dt-live::before { animation: none !important } }
.dt-header button { background: transparent; color: #e4ebf1; border: 1px solid transparent;
  border-radius: 5px; min-width: 32px; height: 28px; padding: 0 8px; font: inherit;
  cursor: pointer;
  display: inline-flex; align-items: center; justify-content: center; gap: 6px; }
.dt-header button:hover { background: #233747; border-color: #41576a; }
.dt-header :focus-visible { outline: 2px solid #8fd0f7; outline-offset: 1px; }
kbd { font: 11px/1 ui-monospace, "DejaVu Sans Mono", monospace; border: 1px solid currentColor;
  border-radius: 3px; padding: 1px 5px; opacity: .9; white-space: nowrap; }
.dt-dialog { border: 1px solid var(--dt-line); border-radius: 10px; background: var(--dt-paper);
  color: var(--dt-ink); padding: 18px 22px; width: min(560px, 90vw); box-sizing: border-box;
  box-shadow: 0 18px 60px var(--dt-shadow); margin-top: 9vh;
  max-height: 82vh; overflow: auto; font: 13px/1.5 system-ui, "DejaVu Sans", sans-serif; }
.dt-dialog::backdrop { background: rgba(8,14,20,.45); }
.dt-dialog h2 { font-size: 15px; margin: 0 0 8px; }
.dt-dialog h3 { font-size: 12px; color: var(--dt-faint); margin: 12px 0 6px; }
.dt-dialog dl { display: grid; grid-template-columns: 172px 1fr; gap: 5px 14px; margin: 0; }
.dt-dialog dd { margin: 0; }
.dt-close { position: absolute; right: 12px; top: 10px; border: 0; background: transparent;
  color: var(--dt-faint); font-size: 20px; cursor: pointer; }
.dt-dialog input { width: 100%; box-sizing: border-box;
  font: 15px/1.4 system-ui, "DejaVu Sans", sans-serif; padding: 8px 12px; border-radius: 7px;
  border: 1px solid var(--dt-field); background: var(--dt-ground); color: var(--dt-ink); }
.dt-dialog input:focus { outline: 2px solid var(--dt-accent); }
.dt-dialog ul { list-style: none; margin: 10px 0 0; padding: 0; }
.dt-dialog li { padding: 6px 10px; border-radius: 5px; cursor: pointer; overflow: hidden;
  text-overflow: ellipsis; }
.dt-dialog li[aria-selected=true], .dt-dialog li:hover { background: var(--dt-soft);
  color: var(--dt-accent); }
.dt-kind { display: inline-block; width: 74px; color: var(--dt-faint); font-size: 12px; }
.dt-none { color: var(--dt-faint); margin: 8px 10px 0; } .dt-none:empty { display: none; }
`

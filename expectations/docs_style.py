"""The look of the quality report. Belongs here: CSS only, without any remote or local file."""

STYLE = """
:root { color-scheme: light dark; --ink: #14213d; --soft: #4a5672; --paper: #f6f7fa;
  --card: #ffffff; --line: #d5dae5; --good: #17663a; --warn: #8a5200; --bad: #a3161f;
  --good-bg: #e3f3e9; --warn-bg: #fdf0d8; --bad-bg: #fbe4e5; --brand: #1d4f91; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf5; --soft: #aab4ca; --paper: #10151f;
  --card: #1a2130; --line: #333d52; --good: #7fd6a1; --warn: #f3c06b; --bad: #ff9a9f;
  --good-bg: #163324; --warn-bg: #38290e; --bad-bg: #40191c; --brand: #8ab6f2; } }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: var(--paper);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; }
header, main, footer { max-width: 76rem; margin: 0 auto; padding: 0 1.5rem; }
header { padding-top: 1.5rem; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--card); padding: .5rem 1rem; z-index: 3; }
a:focus-visible, summary:focus-visible, .scroll:focus-visible {
  outline: 3px solid var(--brand); outline-offset: 2px; }
.product { margin: 0; color: var(--brand); font-weight: 700; letter-spacing: .04em; }
h1 { margin: .1rem 0 .8rem; font-size: 1.9rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 2.4rem 0 .8rem; font-size: 1.35rem; }
h3 { margin: 1.6rem 0 .5rem; font-size: 1.05rem; }
code { font: .9em ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace;
  overflow-wrap: anywhere; }
.notice { margin: 0 0 1.2rem; padding: .6rem 1rem; border-radius: .4rem;
  border: 1px solid var(--line); background: var(--card); }
.notice.synthetic { background: var(--warn-bg); color: var(--warn); border-color: currentColor;
  font-weight: 700; }
.verdict { margin: 0 0 1rem; padding: .8rem 1rem; border-left: .4rem solid; border-radius: .3rem;
  font-weight: 600; }
.verdict.clear { color: var(--good); background: var(--good-bg); }
.verdict.warned { color: var(--warn); background: var(--warn-bg); }
.verdict.held { color: var(--bad); background: var(--bad-bg); }
.facts { display: flex; flex-wrap: wrap; gap: .4rem 2.2rem; margin: 0; }
.facts dt { color: var(--soft); font-size: .85rem; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.tiles { list-style: none; display: grid; gap: .8rem; padding: 0; margin: 1.6rem 0 0;
  grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); }
.tile { padding: .9rem 1rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .5rem; color: var(--soft); }
.tile .number { display: block; font-size: 1.9rem; font-weight: 700; line-height: 1.15;
  color: var(--ink); font-variant-numeric: tabular-nums; }
.tile.good .number { color: var(--good); } .tile.warn .number { color: var(--warn); }
.tile.bad .number { color: var(--bad); }
.problems { list-style: none; margin: 0; padding: 0; display: grid; gap: .8rem; }
.problem { padding: .9rem 1.1rem; background: var(--card); border: 1px solid var(--line);
  border-left: .4rem solid; border-radius: .4rem; overflow-wrap: anywhere; }
.problem.critical { border-left-color: var(--bad); }
.problem.warning { border-left-color: var(--warn); }
.problem h3 { margin: 0; } .problem p { margin: .25rem 0 0; } .where { color: var(--soft); }
details { margin: .5rem 0; background: var(--card); border: 1px solid var(--line);
  border-radius: .4rem; }
summary { cursor: pointer; padding: .6rem 1rem; }
summary span { margin-left: .6rem; font-size: .9rem; }
summary .none { color: var(--good); } summary .some { color: var(--bad); font-weight: 700; }
.scroll { overflow-x: auto; background: var(--card); border-radius: .4rem; }
section > .scroll { border: 1px solid var(--line); }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
caption { text-align: left; padding: .6rem 1rem; color: var(--soft); }
th, td { text-align: left; vertical-align: top; padding: .45rem 1rem;
  border-top: 1px solid var(--line); }
td { overflow-wrap: anywhere; min-width: 5.5rem; }
th { white-space: nowrap; font-weight: 600; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.state { display: inline-block; padding: .05rem .5rem; border-radius: 1rem; font-weight: 600;
  white-space: nowrap; }
.state.passed { color: var(--good); background: var(--good-bg); }
.state.passed::before { content: "\\2713\\00a0"; }
.state.warning { color: var(--warn); background: var(--warn-bg); }
.state.warning::before { content: "!\\00a0"; }
.state.failed { color: var(--bad); background: var(--bad-bg); }
.state.failed::before { content: "\\2715\\00a0"; }
footer { padding-bottom: 3rem; margin-top: 2.5rem; color: var(--soft); }
.watermark { position: fixed; inset: 0; display: grid; place-items: center; z-index: 2;
  pointer-events: none; font-size: min(9vw, 8rem); font-weight: 800; letter-spacing: .05em;
  white-space: nowrap; transform: rotate(-24deg); color: var(--ink); opacity: .05; }
@media print { details:not([open]) > *:not(summary) { display: block; } .skip { display: none; } }
"""

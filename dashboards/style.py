"""The look: CSS only, no remote and no local file, and the colours that charts share.

Belongs here: colours, type, spacing. Does not belong here: content.
"""

from __future__ import annotations

from urllib.parse import quote

INK = "#14213d"
SOFT = "#4a5672"
LINE = "#d5dae5"
BRAND = "#1d4f91"
QUIET = "#b9c1cf"
WARNING = "#8a3b00"
WITHHELD = "#77757f"
ABSENT = "#ffffff"
EMPTY = "#dde3ea"
# Okabe and Ito's palette, without its yellow, which is too faint on white.
CATEGORIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9")
SEQUENCE = ("#d3e2f1", "#a9c6e3", "#7fa9d2", "#4781b9", "#1d5a98", "#0b3564")
# Low is blue, high is brown: also for eyes that do not tell red from green.
DIVERGING = ("#31689f", "#9dbdda", "#ece8dc", "#f2c083", "#d5791f", "#8a3d05")

# One tile of the watermark; it lies over the whole window and lets clicks through.
_WATERMARK = "data:image/svg+xml," + quote(
    "<svg xmlns='http://www.w3.org/2000/svg' width='560' height='330'>"
    "<text x='280' y='170' text-anchor='middle' font-family='sans-serif' font-size='40' "
    "font-weight='700' fill='#8a3b00' transform='rotate(-24 280 165)'>SYNTHETIC DEMO</text></svg>"
)

CSS = """
<style>
.block-container { max-width: 84rem; padding-top: 3.2rem; padding-bottom: 4rem; }
h1 { letter-spacing: -.01em; padding-bottom: .3rem !important; }
h2 { padding-top: 1.6rem !important; }
.ck-lead { color: #4a5672; font-size: 1.05rem; line-height: 1.5; max-width: 62rem; margin: 0; }
.ck-quote { border-left: .25rem solid #1d4f91; padding: .15rem 0 .15rem 1rem; margin: .2rem 0 .4rem;
  color: #14213d; max-width: 62rem; font-style: italic; }
.ck-quote cite { display: block; font-style: normal; color: #4a5672; font-size: .86rem;
  margin-top: .2rem; }
.ck-demo { border: 2px solid #8a3b00; color: #6b2d00; background: repeating-linear-gradient(135deg,
  #fff4dc 0 14px, #ffe9bd 14px 28px); padding: .7rem 1.1rem; border-radius: 4px; }
.ck-demo strong { display: block; font-size: 1.35rem; letter-spacing: .03em; line-height: 1.25; }
.ck-demo span { background: #fff4dc; padding: 0 .2rem; }
.ck-notice { border: 1px solid #d5dae5; border-left: .3rem solid #1d4f91; background: #f2f4f8;
  padding: .6rem 1rem; border-radius: 4px; }
.ck-notice summary { cursor: pointer; font-weight: 600; }
.ck-notice[open] summary { margin-bottom: .4rem; }
.ck-water { position: fixed; inset: 0; pointer-events: none; z-index: 5; opacity: .085;
  background-image: url("WATERMARK"); }
.ck-facts { display: flex; flex-wrap: wrap; gap: .5rem 2.4rem; margin: 0 !important;
  padding: .2rem 0 !important; }
.ck-facts dt { color: #4a5672; font-size: .82rem; }
.ck-facts dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
.ck-tiles { list-style: none; display: grid; gap: .8rem; padding: 0 !important;
  margin: .3rem 0 !important;
  grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); }
.ck-tiles li { margin: 0 !important; padding: .8rem 1rem; border: 1px solid #d5dae5;
  border-top: .2rem solid #1d4f91; border-radius: 4px; background: #fff; display: flex;
  flex-direction: column; }
.ck-name { color: #4a5672; font-size: .85rem; }
.ck-figure { font-size: 1.7rem; font-weight: 700; line-height: 1.25;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.ck-remark { color: #4a5672; font-size: .82rem; }
.ck-scroll { overflow-x: auto; border: 1px solid #d5dae5; border-radius: 4px; }
.ck-tall { max-height: 47rem; overflow-y: auto; }
.ck-table { border-collapse: collapse; width: 100%; font-size: .9rem; margin: 0; }
.ck-table th, .ck-table td { text-align: left; vertical-align: middle; padding: .3rem .7rem;
  border: 0; border-bottom: 1px solid #e6e9f0; }
.ck-table thead th { position: sticky; top: 0; background: #f2f4f8; color: #4a5672; z-index: 1;
  font-weight: 600; font-size: .82rem; border-bottom: 1px solid #d5dae5; }
.ck-table tbody tr:last-child > * { border-bottom: 0; }
.ck-table .ck-num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.ck-ranking .ck-place { font-weight: 600; white-space: nowrap; }
.ck-ranking .ck-barhead { width: 40%; }
.ck-ranking .ck-value { font-weight: 600; }
.ck-ranking .ck-rank, .ck-parent { color: #4a5672; font-weight: 400; }
.ck-parent { font-size: .84rem; }
.ck-absent td { color: #4a5672; background: #fafbfc; }
.ck-absent .ck-place { font-weight: 400; }
.ck-why { font-size: .84rem; }
.ck-bar { display: block; height: .72rem; background: #1d4f91; border-radius: 1px; min-width: 1px; }
.ck-bar.ck-negative { background: #c7701c; }
.ck-bar.ck-small { background: #b9c1cf; }
.ck-mark { display: inline-block; min-width: 1.45rem; padding: 0 .3rem; margin-right: .4rem;
  border-radius: 3px; border: 1px solid; text-align: center; font-weight: 700; font-size: .78rem;
  line-height: 1.35; }
.ck-mark-good { color: #33415f; border-color: #c3cbda; background: #fff; }
.ck-mark-plain { color: #8791a5; border-color: transparent; font-weight: 400; }
.ck-mark-gone { color: #4a5672; border-color: #c3cbda; background: #eef0f4; }
.ck-mark-held { color: #fff; border-color: #5d5b66; background: #5d5b66; }
.ck-mark-care { color: #6b2d00; border-color: #d9a35c; background: #fff4dc; }
.ck-legend { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr));
  gap: .5rem 1.6rem; margin: 0; font-size: .86rem; }
.ck-legend dt { font-weight: 600; } .ck-legend dd { margin: .1rem 0 0; color: #4a5672; }
.ck-column { grid-template-columns: 1fr; }
.ck-unused { opacity: .62; }
.ck-matrix td { text-align: center; font-variant-numeric: tabular-nums;
  border-left: 1px solid #e6e9f0; }
.ck-matrix thead th { vertical-align: bottom; text-align: center; min-width: 6.2rem; }
.ck-matrix thead th:first-child { text-align: left; }
.ck-matrix tbody th { font-weight: 600; white-space: nowrap; position: sticky; left: 0;
  background: #fff; }
.ck-matrix .ck-mark { margin: 0; }
.ck-full { background: #b5cde6; } .ck-recent { background: #dbe7f3; }
.ck-old { background: #f4efe2; } .ck-none { background: #fff; }
.ck-beside th[scope="row"] { font-weight: 600; min-width: 15rem; position: sticky; left: 0;
  background: #fff; z-index: 1; }
.ck-beside .ck-parent { display: block; }
.ck-beside td { text-align: right; min-width: 7rem; font-variant-numeric: tabular-nums; }
.ck-beside thead th { text-align: right; } .ck-beside thead th:first-child { text-align: left; }
.ck-beside .ck-mark { margin: 0 0 0 .3rem; }
.ck-group th { background: #eaf0f8; color: #14213d; font-size: .9rem; }
.ck-when { display: block; color: #4a5672; font-size: .78rem; }
.ck-place-line { display: block; position: relative; height: .3rem; margin-top: .15rem;
  background: #e6e9f0; border-radius: 2px; }
.ck-place-line i { position: absolute; top: -.12rem; width: .3rem; height: .54rem;
  margin-left: -.15rem; background: #1d4f91; border-radius: 1px; }
.ck-key { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; font-size: .85rem; color: #4a5672;
  margin: .4rem 0 0; }
.ck-key i { display: inline-block; width: .95rem; height: .95rem; border-radius: 2px;
  border: 1px solid #c3cbda; margin-right: .4rem; vertical-align: -.12rem; }
.ck-strip { border-top: 1px solid #d5dae5; border-bottom: 1px solid #d5dae5; margin-top: .5rem; }
[data-testid="stTextArea"] textarea { font-family: ui-monospace, Menlo, Consolas, monospace;
  font-size: .9rem; }
.ck-foot { color: #4a5672; font-size: .86rem; line-height: 1.5; }
.ck-foot code, .ck-facts code { font-size: .85em; }
@media (max-width: 640px) {
  .block-container { padding-left: 1rem; padding-right: 1rem; }
  .ck-ranking .ck-barhead { width: 26%; } .ck-ranking .ck-place { white-space: normal; }
  .ck-table th, .ck-table td { padding: .3rem .4rem; }
  .ck-demo strong { font-size: 1.1rem; }
  .ck-tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .ck-tiles li { padding: .6rem .7rem; } .ck-figure { font-size: 1.3rem; }
}
@media print { .ck-notice summary { cursor: pointer; font-weight: 600; }
.ck-notice[open] summary { margin-bottom: .4rem; }
.ck-water { opacity: .14; } [data-testid="stSidebar"] { display: none; } }
</style>
""".replace("WATERMARK", _WATERMARK)

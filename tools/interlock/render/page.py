"""A page that needs nothing else, light or dark as its reader likes it, with tables that sort."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

TONES = {"green": "good", "red": "bad", "yellow": "mild"}
"""The class of text that is printed in a colour."""

_STYLE = """
:root { color-scheme: light dark; --line: light-dark(#d5d9de, #3a3f46); --soft: light-dark(#f4f6f8, #1c2026);
  --bad: light-dark(#b3261e, #ff8a80); --good: light-dark(#1b6e3c, #7ddc9f); --mild: light-dark(#8a5a00, #ffcc66); }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 96rem; padding: 0 1.5rem; }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.6rem 0 .3rem; } p { margin: .3rem 0; max-width: 60rem; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; margin: .5rem 0; }
.scroll img, .scroll object { display: block; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem .7rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { background: var(--soft); cursor: pointer; white-space: nowrap; position: sticky; top: 0; }
th::after { content: " \\2195"; opacity: .35; } tbody tr:last-child td { border-bottom: 0; }
tbody tr:hover td, section:target > h3 { background: var(--soft); }
td.number { text-align: right; }
td.sign { text-align: center; } td.sign a { display: block; text-decoration: none; font-weight: 700; }
.good { color: var(--good); } .bad { color: var(--bad); } .mild { color: var(--mild); }
.dim, .dim a { opacity: .65; } a { color: inherit; } small { opacity: .7; } summary { cursor: pointer; }
pre { background: var(--soft); padding: .7rem 1rem; border-radius: 8px; overflow-x: auto; font-size: 13px; }
footer { margin: 3rem 0 1rem; opacity: .6; }
"""

_SCRIPT = """
for (const th of document.querySelectorAll("th")) th.onclick = () => {
  const body = th.closest("table").tBodies[0], i = th.cellIndex;
  const up = th.dataset.up = th.dataset.up === "1" ? "0" : "1";
  const key = row => row.cells[i].dataset.k === undefined ? row.cells[i].textContent : Number(row.cells[i].dataset.k);
  const order = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
  [...body.rows].sort((a, b) => (up === "1" ? 1 : -1) * order(key(a), key(b))).forEach(row => body.append(row));
};
"""


def page(title: str, parts: Iterable[str], footer: str = "", style: str = "") -> str:
    """A whole document from pieces of HTML; `style` is added to the style that all pages have."""
    begin = (
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f"<title>{escape(title)}</title><style>{_STYLE}{style}</style></head><body>",
    )
    end = (f"<footer>{escape(footer)}</footer>" if footer else "", f"<script>{_SCRIPT}</script></body></html>", "")
    return "\n".join((*begin, *parts, *end))


def table(head: Sequence[str], rows: Iterable[str]) -> str:
    """A table that sorts by the column whose heading is clicked: by `data-k` where cells have it, else by text."""
    heads = "".join(f"<th>{escape(word)}</th>" for word in head)
    body = "\n".join(rows)
    return f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>\n{body}\n</tbody></table></div>'

"""How the fitter's card looks: a style sheet whose colours follow the theme of the notebook."""

from trfkit.plots import PALETTES
from trfkit.trace import TABLE_STYLE

# JupyterLab's own variables; where there are none (a report on a web page) the light palette.
_FOLLOW = {
    "text": f"var(--jp-ui-font-color1, {PALETTES['light'].text})",
    "muted": f"var(--jp-ui-font-color2, {PALETTES['light'].muted})",
    "edge": f"var(--jp-border-color2, {PALETTES['light'].grid})",
    "ground": "transparent",
    "page": f"var(--jp-layout-color0, {PALETTES['light'].ground})",
    "accent": PALETTES["light"].model,
    "on_accent": "#ffffff",
}


def _fixed(name):
    palette = PALETTES[name]
    return {
        "text": palette.text,
        "muted": palette.muted,
        "edge": palette.grid,
        "ground": palette.ground,
        "page": palette.ground,
        "accent": palette.model,
        "on_accent": palette.ground,
    }


THEMES = {"auto": _FOLLOW, "light": _fixed("light"), "dark": _fixed("dark")}

# A picture drawn for a light ground, shown on a dark page: inverted, and its hues turned back.
_DARK_PAGES = "[data-jp-theme-light='false'], .vscode-dark"
_INVERT = "filter: invert(.93) hue-rotate(180deg)"

# The table has room for its head and twelve rows of 18 px, and keeps it, so that what follows stays in place; laid out
# from below, it opens scrolled to its end. In a narrow card it does without the columns that say least.
_CARD = """
.trfkit-card {font-family: var(--jp-ui-font-family, system-ui, sans-serif); font-size: 13px; line-height: 1.4;
  font-variant-numeric: tabular-nums; color: %(text)s; background: %(ground)s; padding: 6px; overflow: hidden;
  container-type: inline-size}
.trfkit-card .widget-html, .trfkit-card .widget-html-content, .trfkit-card .widget-label,
.trfkit-card .widget-readout {color: inherit; font-size: inherit; line-height: inherit}
.trfkit-card .widget-hbox {min-height: 34px; overflow: visible}
.trfkit-card .trfkit-action {width: auto; height: 30px; margin: 0 8px 0 0; padding: 0 16px; border-radius: 6px;
  box-shadow: none; border: 1px solid %(edge)s; color: %(text)s; background: transparent; font-size: inherit;
  line-height: 28px}
.trfkit-card .trfkit-primary {background: %(accent)s; border-color: %(accent)s; color: %(on_accent)s; font-weight: 600}
.trfkit-card .trfkit-action:disabled {opacity: .5}
.trfkit-card .trfkit-action:focus-visible {outline: 2px solid %(accent)s; outline-offset: 2px}
.trfkit-card .widget-hslider .noUi-connect {background: %(accent)s}
.trfkit-card img {display: block; max-width: 100%%; height: auto}
.trfkit-status {min-height: 2.8em}
.trfkit-muted {color: %(muted)s}
.trfkit-rows {height: 238px; overflow: auto; display: flex; flex-direction: column-reverse}
.trfkit-rows .trfkit-trace {margin-bottom: auto}
.trfkit-rows th {position: sticky; top: 0; background: %(page)s; color: %(muted)s}
@container (max-width: 760px) {.trfkit-trace .trfkit-spare {display: none}}
.trfkit-unseen {position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%%)}
"""


def card_style(theme):
    """The style sheet of the card for a theme of `THEMES`, as a <style> element."""
    rules = _CARD % THEMES[theme] + TABLE_STYLE
    if theme == "auto":
        rules += f":is({_DARK_PAGES}) .trfkit-card img {{{_INVERT}}}"
    # While the card lives, the picture that it leaves behind in the output below it would be the same one twice.
    rules += ".jp-OutputArea-child:has(.trfkit-card) + .jp-OutputArea-child:has(img) {display: none}"
    return f"<style>{rules}</style>"

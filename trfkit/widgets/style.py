"""How the fitter looks: style sheets whose colours are CSS variables, which follow the theme of the notebook."""

from trfkit.plots import PALETTES
from trfkit.trace import TABLE_STYLE

# JupyterLab's own variables; where there are none (Voila, a report on a web page) the light palette.
_FOLLOW = {
    "text": f"var(--jp-ui-font-color1, {PALETTES['light'].text})",
    "muted": f"var(--jp-ui-font-color2, {PALETTES['light'].muted})",
    "edge": f"var(--jp-border-color2, {PALETTES['light'].grid})",
    "field": "var(--jp-border-color1, #8c959f)",
    "ground": "transparent",
    "page": f"var(--jp-layout-color0, {PALETTES['light'].ground})",
    "accent": PALETTES["light"].model,
    "on-accent": "#ffffff",
    "danger": PALETTES["light"].rejected,
    "scheme": "light",
}


def _fixed(name):
    palette = PALETTES[name]
    return {
        "text": palette.text,
        "muted": palette.muted,
        "edge": palette.grid,
        "field": palette.muted,
        "ground": palette.ground,
        "page": palette.ground,
        "accent": palette.model,
        "on-accent": palette.ground,
        "danger": palette.rejected,
        "scheme": name,
    }


THEMES = {"auto": _FOLLOW, "light": _fixed("light"), "dark": _fixed("dark")}
DARK_PAGES = "[data-jp-theme-light='false'], .vscode-dark"


def variables(selector, theme):
    """The rules that give an element --trfkit-text, --trfkit-muted and the other colours of a theme.

    `theme` is one of `THEMES`; "auto" follows the page.
    """
    rules = _assignments(selector, THEMES[theme])
    if theme == "auto":
        dark = {name: THEMES["dark"][name] for name in ("accent", "on-accent", "danger", "scheme")}
        rules += _assignments(f":is({DARK_PAGES}) {selector}", dark)
    return rules


def _assignments(selector, colors):
    return f"{selector} {{{'; '.join(f'--trfkit-{name}: {color}' for name, color in colors.items())}}}\n"


# What the parts of the card share. A tab's own rules stand in its module and are added to these.
_CARD = """
.trfkit-card {font-family: var(--jp-ui-font-family, system-ui, sans-serif); font-size: 13px; line-height: 1.4;
  font-variant-numeric: tabular-nums; color: var(--trfkit-text); background: var(--trfkit-ground); padding: 6px;
  overflow: hidden; container-type: inline-size; color-scheme: var(--trfkit-scheme)}
.trfkit-card :is(.widget-html, .widget-html-content, .widget-label, .widget-readout) {color: inherit;
  font-size: inherit; line-height: inherit}
.trfkit-card .widget-html {height: auto; margin: 0}
.trfkit-card :is(.widget-hbox, .widget-vbox) {overflow: visible}
.trfkit-card .trfkit-action {width: auto; height: 30px; margin: 0 6px 0 0; padding: 0 12px; border-radius: 6px;
  box-shadow: none; border: 1px solid var(--trfkit-field); color: var(--trfkit-text); background: transparent;
  font-size: inherit; line-height: 28px}
.trfkit-card .trfkit-primary {background: var(--trfkit-accent); border-color: var(--trfkit-accent);
  color: var(--trfkit-on-accent); font-weight: 600}
.trfkit-card .trfkit-action:disabled {opacity: .5}
.trfkit-card :is(button, select) {font-family: inherit}
.trfkit-card :is(button, input, select, textarea):focus-visible {outline: 2px solid var(--trfkit-accent);
  outline-offset: 1px}
.trfkit-card :is(.widget-text, .widget-textarea, .widget-dropdown) :is(input, textarea, select) {font-size: inherit;
  border-radius: 4px; border-color: var(--trfkit-field)}
.trfkit-card select {color: var(--trfkit-text); background: no-repeat var(--trfkit-page);
  background-image: linear-gradient(45deg, transparent 50%, currentColor 50%),
  linear-gradient(135deg, currentColor 50%, transparent 50%); background-size: 5px 5px;
  background-position: right 13px center, right 8px center}
.trfkit-card img {display: block; max-width: 100%; height: auto}
.trfkit-card table {border-collapse: collapse; font-size: inherit; color: inherit}
.trfkit-card code, .trfkit-card pre {font-family: var(--jp-code-font-family, monospace); font-size: 12px;
  color: inherit; background: none}
.trfkit-status {min-height: 2.8em}
.trfkit-muted {color: var(--trfkit-muted)}
.trfkit-alert {padding: 2px 0; color: var(--trfkit-text)}
.trfkit-alert::before {content: "✕ "; color: var(--trfkit-danger); font-weight: bold}
.trfkit-alert + pre {margin: 0; white-space: pre-wrap}
.trfkit-rows {max-height: 238px; overflow: auto; display: flex; flex-direction: column-reverse}
.trfkit-rows:focus-visible {outline: 2px solid var(--trfkit-accent)}
.trfkit-rows .trfkit-trace {margin-bottom: auto}
.trfkit-rows th {position: sticky; top: 0; background: var(--trfkit-page); color: var(--trfkit-muted)}
@container (max-width: 760px) {.trfkit-trace .trfkit-spare {display: none}}
"""

# While the card lives, the picture and the report that it leaves behind in the outputs below would be the same twice.
_TWICE = ".jp-OutputArea-child:has(.trfkit-card) ~ .jp-OutputArea-child:has(img, .trfkit-left-behind) {display: none}"


def card_style(theme, *of_parts):
    """The style sheet of the card for a theme of `THEMES`, with the rules of its parts, as a <style> element."""
    rules = "\n".join([variables(".trfkit-card", theme), _CARD, *of_parts, TABLE_STYLE, _TWICE])
    return f"<style>{rules}</style>"

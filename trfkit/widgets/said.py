"""What the fitter says in HTML: errors beside what caused them, and pictures with their words."""

import base64
import html
import textwrap

from trfkit.models.expression import ExpressionError


def alert(error):
    """The sentence of an error, and for a formula a picture of where it goes wrong; "" for None."""
    if error is None:
        return ""
    text = str(error) or type(error).__name__
    if not isinstance(error, ExpressionError):
        return f'<div class="trfkit-alert" role="alert">{html.escape(text)}</div>'
    sentence, _, picture = text.partition("\n")
    return (
        f'<div class="trfkit-alert" role="alert">{html.escape(sentence)} (column {error.column + 1})</div>'
        f'<pre aria-hidden="true">{html.escape(textwrap.dedent(picture))}</pre>'
    )


def image(picture):
    """A `trfkit.plots.Picture` as an <img> with its words; ipywidgets' own Image has none."""
    bundle, about = picture._repr_mimebundle_()
    width, words = about["image/png"]["width"], html.escape(picture.alt_text, quote=True)
    png = base64.b64encode(bundle["image/png"]).decode()
    return f'<img width="{width}" alt="{words}" src="data:image/png;base64,{png}">'

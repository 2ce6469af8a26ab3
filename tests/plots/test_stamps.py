"""Texts that are set once and copied: the same pixels as matplotlib's own."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties

from trfkit.plots.stamps import StampingRenderer

FONT = FontProperties(size=9)


def drawn(renderer_class, text, angle=0, ismath=False, at=(30, 60), color="#0b62c4"):
    renderer = renderer_class(160, 120, 100)
    pixels = np.asarray(renderer.buffer_rgba())
    pixels[:] = 255
    gc = renderer.new_gc()
    gc.set_foreground(color)
    renderer.draw_text(gc, *at, text, FONT, angle, ismath)
    return pixels.copy()


@pytest.mark.parametrize(
    ("text", "angle", "ismath"),
    [
        ("−0.25", 0, False),
        ("ρ actual / predicted, Δ", 0, False),
        ("counts", 90, False),
        (r"$\lambda^2$ (nm)", 90, True),
    ],
)
def test_stamp_is_the_text(text, angle, ismath):
    own, stamped = (drawn(each, text, angle, ismath).astype(int) for each in (RendererAgg, StampingRenderer))
    assert (own < 255).any()
    assert np.abs(own - stamped).max() <= 1


def test_stamp_stands_at_the_nearest_whole_pixel():
    np.testing.assert_array_equal(
        drawn(StampingRenderer, "12", at=(30.4, 59.6)), drawn(StampingRenderer, "12", at=(30, 60))
    )


def test_text_is_set_once_for_each_look(monkeypatch):
    texts = []
    own = RendererAgg.draw_text
    monkeypatch.setattr(RendererAgg, "draw_text", lambda *args, **more: texts.append(args[4]) or own(*args, **more))
    renderer = StampingRenderer(160, 120, 100)
    gc = renderer.new_gc()
    for i in range(5):
        renderer.draw_text(gc, 10 + i, 50, "0.5", FONT, 0)
    assert texts == ["0.5"]
    gc.set_foreground("#cf222e")
    renderer.draw_text(gc, 10, 50, "0.5", FONT, 0)
    renderer.draw_text(gc, 10, 50, "0.5", FontProperties(size=12), 0)
    assert texts == ["0.5"] * 3


def test_text_without_ink_draws_nothing():
    assert (drawn(StampingRenderer, " ") == 255).all()

"""The library as a menu."""

import itertools

import pytest

from trfkit.models import LIBRARY
from trfkit.models.catalogue import about, menu
from trfkit.models.typed_model import read_model

ENTRIES = list(itertools.chain(*menu().values()))


def test_menu_has_every_model_of_the_library_in_its_order():
    names = [entry.partition("(")[0] for entry in ENTRIES]
    assert list(dict.fromkeys(names)) == [factory.__name__ for factory in LIBRARY if factory.__name__ != "Gaussian2D"]


def test_groups_are_those_of_the_library():
    assert list(menu()) == ["polynomials", "peaks", "decays", "growth", "steps", "oscillations", "physics"]
    assert menu()["peaks"][:2] == ("Gaussian", "Lorentzian")


def test_menu_for_images_has_what_takes_two_coordinates():
    assert menu(2) == {"polynomials": ("Constant",), "images": ("Gaussian2D",)}


@pytest.mark.parametrize("entry", [*ENTRIES, "Gaussian2D"])
def test_entry_makes_a_model_and_says_its_parameters(entry):
    model = read_model(entry)
    first = model.parameter_names[0]
    assert model.prefix == ""
    assert f": {first}" in about(entry)

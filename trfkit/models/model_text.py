"""The text of a model, as a person would type it: what `typed_model.read_model` reads.

A user's own function is its name, which is read where the function is at hand.
"""

from .assembly import leaves
from .composite import Number, TypedFormula
from .expression import tree
from .expression.parser import parse_tree
from .model import Model
from .origin import library_call


def model_text(model: Model) -> str:
    """The model as text: "Gaussian(a) + Polynomial(2)*(b*x + c)"."""
    if model.kind == "sum":
        return " + ".join(map(model_text, model.components))
    if model.kind == "product":
        return "*".join(_factor(component) for component in model.components)
    if isinstance(model.function, Number):
        return f"{'-' if model.function.value < 0 else ''}{tree.number_text(abs(model.function.value))}"
    if isinstance(model.function, TypedFormula):
        return model.function.text(model.prefix)
    name, keywords = library_call(model) or (model.name, {})
    arguments = [str(value) if key == "degree" else f"{key}={value}" for key, value in keywords.items()]
    arguments += [model.prefix if "=" not in "".join(arguments) else f"prefix={model.prefix}"] if model.prefix else []
    return f"{name}({', '.join(arguments)})" if arguments else name


def _factor(model: Model) -> str:
    text = model_text(model)
    loose = isinstance(model.function, TypedFormula) and tree.binding(parse_tree(text)) < tree.PRODUCT
    return f"({text})" if loose or model.kind == "sum" else text


def own_functions(model: Model) -> dict[str, Model]:
    """{name: leaf} of the leaves that a text alone does not tell."""
    told = (Number, TypedFormula)
    return {leaf.name: leaf for leaf in leaves(model) if not isinstance(leaf.function, told) and not library_call(leaf)}

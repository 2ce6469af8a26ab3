"""Models to fit. So far: `expression`, formulas typed as text, parsed safely and evaluated by JAX."""

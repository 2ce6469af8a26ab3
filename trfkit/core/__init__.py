"""The solver: jax and numpy only, and nothing that knows of notebooks, tables or figures.

Floors, each importing only from those before it::

    quadratics, bounds, losses, operators     small mathematics
    subproblem, conjugate_gradient            the step inside the region, by SVD and by CG
    jit_functions                             TrustRegionJITFunctions: every primitive, jitted, swappable
    rows, problem                             what is fitted
    evaluate                                  one pass over the data -> cost and condensed triangle
    trf                                       ask, tell: the algorithm
    drivers                                   stepped, fused, live: who turns the crank
"""

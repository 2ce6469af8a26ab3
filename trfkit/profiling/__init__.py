"""Where the time of a fit goes: the stepped driver's steps, part by part, the device waited for after each.

The ordinary drivers know nothing of it: a profile drives the steps itself.

clock        parts and stretches of a fit, and what each took
compilations what JAX traces and compiles meanwhile; reasons: why
steps        the fit, driven part by part
work         what a pass over the data computes, and what the machine can at best
fit_profile  FitProfile; table: as text and HTML
profile      trfkit.profile
"""

from .fit_profile import FitProfile
from .profile import profile, profile_again

__all__ = ["FitProfile", "profile", "profile_again"]

"""The constraints between components, one module per topic; importing this package registers all of them.

They are checked in the order of these imports, and the first one that fails is reported.
"""

from gpusetup.resolve.constraints import defects, driver, frameworks, jax, python, release, toolkit, wheels

__all__ = ["defects", "driver", "frameworks", "jax", "python", "release", "toolkit", "wheels"]

"""What must hold between the components, one module per topic; importing it registers all of them.

The order is that in which they are judged: the first that fails is the one that is told.
"""

from gpusetup.resolve.constraints import defects, driver, frameworks, python, release, toolkit, wheels

__all__ = ["defects", "driver", "frameworks", "python", "release", "toolkit", "wheels"]

"""What all tests share: hypothesis profiles without deadlines, since machines are noisy.

Where a change is accepted or refused (`CI`), the examples are the same every time; everywhere else
they are new ones, and what they find is written down as a test of its own.
"""

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # each of the suite's processes has one core

from hypothesis import HealthCheck, settings

settings.register_profile(
    "leadgate", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("accept", settings.get_profile("leadgate"), derandomize=True)
settings.load_profile("accept" if os.environ.get("CI") else "leadgate")

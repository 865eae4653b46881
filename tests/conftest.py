"""What all tests share: hypothesis profiles without deadlines, since machines are noisy."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "leadgate", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("leadgate")

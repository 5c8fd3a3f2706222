from hypothesis import HealthCheck, settings

# The machine is shared: a slow example is no failure.
settings.register_profile("domain", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("domain")

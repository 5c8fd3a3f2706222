"""Real servers for every test that asks for them; see `devstack.fixtures`."""

pytest_plugins = ["devstack.fixtures"]

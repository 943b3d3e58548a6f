"""Identity providers that nobody here wrote, as processes of their own: the PyPI mock provider and npm's `oidc-provider`."""

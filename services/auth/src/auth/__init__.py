"""auth: owns the OAuth connections to Halo; nobody else can decrypt a refresh token (architecture.md 1)."""

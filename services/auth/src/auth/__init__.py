"""auth owns the OAuth connections; nobody else can decrypt a token (architecture section "Processes")."""

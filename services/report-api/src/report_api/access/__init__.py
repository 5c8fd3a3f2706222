"""Who may do what: API keys, sessions of the portal, and the guards before every call and page."""

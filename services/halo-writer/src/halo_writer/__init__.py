"""halo-writer: applies licence actions to Halo, each exactly once, within the shared budget."""

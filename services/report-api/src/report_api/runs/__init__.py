"""Runs and previews: started, watched, shown, cancelled, repeated."""

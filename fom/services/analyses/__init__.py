"""Analyses of the whole network: each is cut into independent parts, computed anywhere, and put together in order."""

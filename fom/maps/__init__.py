"""Layers, vector tiles, the style table and the briefing map: domain values in, bytes out."""

"""The road network: an immutable, versioned, memory-mapped artefact built once from map data."""

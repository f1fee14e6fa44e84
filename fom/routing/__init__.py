"""Search over (network, costs): best route, alternates, blocking cuts. It gets costs, not reasons."""

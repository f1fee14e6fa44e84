"""Measurements beside peers, on the same network and the same work in one run; `python -m bench` prints them all."""

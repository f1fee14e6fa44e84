"""Alembic migrations: one per change, read by hand, up and down on both engines. Run by `fom/store/schema.py`."""

"""Freedom-of-movement tracker: which roads a mission may use, why, and what else there is."""

__version__ = "0.1.0"

"""Formats in and out, one module each: bytes in, plain values out, and the other way round. No database, no request."""

"""Formats in and out, each one module: values in, bytes out, or bytes in, values out."""

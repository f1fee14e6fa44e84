"""Imports: files of reports, staged, looked at, published in one transaction and taken back as one."""

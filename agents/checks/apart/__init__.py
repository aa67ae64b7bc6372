"""Judges code from a second process, so that the code cannot influence the verdict; both are
sandboxed.
"""

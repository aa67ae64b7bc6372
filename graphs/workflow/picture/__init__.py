"""Draws workflows: as Mermaid text, or into a picture file."""

"""How a workflow is drawn: Mermaid text and a picture file."""

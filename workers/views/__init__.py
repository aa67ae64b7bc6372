"""How results look: tables, reports and pictures in a terminal."""

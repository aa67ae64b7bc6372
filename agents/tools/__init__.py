"""Tools: what a model may ask for, who may ask, and a record of every time it did."""

"""The expression language of workflows: parsing, type inference, evaluation."""

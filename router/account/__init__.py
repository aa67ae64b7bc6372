"""The account: attempts and their cost, budgets, and the verifiable ledger."""

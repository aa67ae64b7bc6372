"""Requests with one reading, computed: dates, numbers, lists, tables; nothing is generated."""

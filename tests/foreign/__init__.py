"""Workbooks of others: how people write gradient descent down, and what they get wrong."""

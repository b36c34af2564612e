"""Somebody else's workbook: what it trains, and whether its derivatives and steps are right."""

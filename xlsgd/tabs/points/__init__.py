"""The data tab: x and y as plain numbers."""

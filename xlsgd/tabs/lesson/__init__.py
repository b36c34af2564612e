"""The first tab: the words of a lesson."""

"""What is asked of a tab: are its cells, its saved values and its formulas right?"""

"""The data tab: raw columns as plain numbers and words, then the features made of them."""

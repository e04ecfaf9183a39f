"""Text: what customers say, as topics; arrays in, arrays out, so that a processor or a GPU can do the heavy stages."""

"""The parts of an ideal customer profile: trees of values, places, and how close a fact comes."""

"""Words and rules of freedom of movement, pure: numpy arrays and plain values in, values out."""

"""What the kernels are measured against: the same numbers by what others would use, and by the fastest known."""

"""What new series of a club begin with (`S12`)."""

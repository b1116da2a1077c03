"""What a change of series or instances would do, worked out by doing it and rolling it back (`docs/decisions/0049`)."""

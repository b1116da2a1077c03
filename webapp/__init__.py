"""The HTML door: the Mini App for members, the dashboard for organisers."""

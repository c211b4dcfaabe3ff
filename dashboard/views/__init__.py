"""Views: each takes the run and the selection, and gives a panel. None knows another."""

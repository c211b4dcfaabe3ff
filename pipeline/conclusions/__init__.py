"""What follows once everything is measured."""

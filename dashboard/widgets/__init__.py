"""Components that know no view. Each Python class has a JavaScript twin of the same name."""

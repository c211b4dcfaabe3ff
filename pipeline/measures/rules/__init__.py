"""Health rules, one file a rule or a family: what each looks for, and when it speaks."""
